//! The command line: one flattened group per concern; parsers return domain types.

mod config_args;
mod environment;
mod groups;
mod local;
mod refusal;
mod signal;
mod sync;
mod values;

pub use config_args::ConfigArgs;
pub use environment::{PREFIX, parse, unknown_variables};
pub use groups::{
    BaselineArgs, BuildArgs, CheckedArgs, CommentArgs, CsvRunArgs, FolderArgs, GateArgs, GitHubArgs, OutputArgs,
    ProjectArgs, RecordedBuildArgs, ServiceArgs, ShapeArgs, StopArgs, TestArgs,
};
pub use local::{
    BundleArgs, CompletionsArgs, DemoArgs, EmulateArgs, InitArgs, LintArgs, LintFormat, SchemaArgs, SchemaOf,
};
pub use refusal::print;
pub use signal::SignalArgs;
pub use sync::SyncArgs;
pub use values::{EnvEntry, NamedPullRequest, Optional, Region};

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::Duration;

/// Run a LoadForge load test from CI, judge it against goals and its own history, and report the result.
#[derive(Debug, Parser)]
#[command(name = "loadforge-ci", version = crate::VERSION, propagate_version = true, disable_help_subcommand = true, after_help = AFTER)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Output.
    #[command(flatten)]
    pub output: OutputArgs,
}

const AFTER: &str = "Any flag can come from LOADFORGE_CI_<FLAG>, for example LOADFORGE_CI_TEST_ID=4217; a list has one \
entry a line.\nSecrets never come from a flag: LOADFORGE_API_TOKEN, and GITHUB_TOKEN or the variable named by \
--github-token-env.\n\nExit codes: 0 passed, 1 a gate failed, 2 usage or configuration, 3 inconclusive, 4 the run did not \
complete,\n5 timed out, 6 refused by a guard, 75 service unavailable (try again), 77 not allowed, 130/143 stopped by a signal.";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a run (or adopt the recorded one), follow it and collect its results
    Run(RunArgs),
    /// Follow and collect a run that was started earlier
    Wait(WaitArgs),
    /// Judge a results folder, or any Locust CSV, and write all reports
    Gate(GateCommandArgs),
    /// Publish one pull request comment from one or several results folders
    Comment(CommentCommandArgs),
    /// Compare two runs: results folders, or good runs of the history
    Compare(CompareArgs),
    /// Stop the recorded run
    Cancel(CancelArgs),
    /// Post the verdict to CircleCI's release validation
    Signal(SignalArgs),
    /// The history of good runs
    #[command(subcommand)]
    Baseline(BaselineCommand),
    /// Check a Locust script for common mistakes
    Lint(LintArgs),
    /// Keep the tests of this repository on LoadForge: create and update them, or report drift
    Sync(SyncArgs),
    /// Print the one script that LoadForge gets, with the modules of the project in it
    Bundle(BundleArgs),
    /// Serve the LoadForge-compatible API on loopback
    Emulate(EmulateArgs),
    /// Run everything on this machine in about a minute: shop, server, Locust, gates, report
    Demo(DemoArgs),
    /// Write a starter loadforge.yml, a Locust script and a CircleCI config
    Init(InitArgs),
    /// Check token, test, host, Python, Locust and GitHub access, and print how to fix each
    Doctor(Box<DoctorArgs>),
    /// Print a JSON schema
    Schema(SchemaArgs),
    /// Print shell completions
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  loadforge-ci run --test-id 4217 --duration 5m --target-host https://staging.example.com"
)]
pub struct RunArgs {
    /// What to run.
    #[command(flatten)]
    pub test: TestArgs,
    /// What comes along.
    #[command(flatten)]
    pub project: ProjectArgs,
    /// Its shape.
    #[command(flatten)]
    pub shape: ShapeArgs,
    /// The configuration.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The service.
    #[command(flatten)]
    pub service: ServiceArgs,
    /// When to end the run.
    #[command(flatten)]
    pub stop: StopArgs,
    /// The folders.
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Return once the run has started; `wait` collects it later
    #[arg(long, help_heading = "What to run")]
    pub detach: bool,
    /// Start the load without a look whether the host under test can be reached; with the local engine a host that cannot
    /// be reached ends the command otherwise
    #[arg(long, help_heading = "What to run")]
    pub no_preflight: bool,
    /// The time in which a release waits for the signal of this test; a test that takes as long is refused before the start
    #[arg(long, value_name = "DURATION", help_heading = "What to run")]
    pub window: Option<Duration>,
    /// Processes of the local engine [default: what the CPU quota allows]
    #[arg(long, value_name = "N", help_heading = "Shape of the run")]
    pub processes: Option<u32>,
    /// Length of a "minute" of the local engine, s (for tests)
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, hide = true)]
    pub seconds_per_minute: f64,
    /// The build.
    #[command(flatten)]
    pub build: BuildArgs,
    /// What will be judged.
    #[command(flatten)]
    pub checked: CheckedArgs,
}

/// Arguments of `wait`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  loadforge-ci wait --run-id 90210 --timeout 30m")]
pub struct WaitArgs {
    /// The run to wait for [default: the run recorded in the results folder]
    #[arg(long, value_name = "N")]
    pub run_id: Option<u64>,
    /// Overall time limit [default: duration + 15 minutes]
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<Duration>,
    /// Environment variable that was passed to the script, to hide its value here too; `NAME` alone copies it;
    /// repeatable
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub env: Vec<EnvEntry>,
    /// The configuration.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The service.
    #[command(flatten)]
    pub service: ServiceArgs,
    /// When to end the run.
    #[command(flatten)]
    pub stop: StopArgs,
    /// The folders.
    #[command(flatten)]
    pub folder: FolderArgs,
    /// The build.
    #[command(flatten)]
    pub build: RecordedBuildArgs,
    /// What will be judged.
    #[command(flatten)]
    pub checked: CheckedArgs,
}

/// Arguments of `gate`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  loadforge-ci gate --gate 'p95 < 500ms' --gate 'error_rate < 1%'\n  \
                        loadforge-ci gate --from locust_stats.csv --gate 'p95 of \"POST /login\" < 800ms'\n  \
                        loadforge-ci gate --from locust_stats.csv --test checkout --users 200 --duration 10m")]
pub struct GateCommandArgs {
    /// The gates and how to judge them.
    #[command(flatten)]
    pub gate: GateArgs,
    /// The run behind --from.
    #[command(flatten)]
    pub csv_run: CsvRunArgs,
    /// The configuration.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The folders.
    #[command(flatten)]
    pub folder: FolderArgs,
    /// The history.
    #[command(flatten)]
    pub baseline: BaselineArgs,
    /// Publish a pull request comment
    #[arg(long, help_heading = "Comment")]
    pub comment: bool,
    /// The comment.
    #[command(flatten)]
    pub comment_args: CommentArgs,
    /// GitHub.
    #[command(flatten)]
    pub github: GitHubArgs,
    /// The service, for the further runs of --confirm and --control-host.
    #[command(flatten)]
    pub service: ServiceArgs,
    /// The build.
    #[command(flatten)]
    pub build: RecordedBuildArgs,
}

/// Arguments of `comment`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  loadforge-ci comment --results checkout-results --results search-results")]
pub struct CommentCommandArgs {
    /// Results folders that `gate` judged; repeatable
    #[arg(long, value_name = "DIR", default_value = "loadforge-results")]
    pub results: Vec<PathBuf>,
    /// The comment.
    #[command(flatten)]
    pub comment_args: CommentArgs,
    /// GitHub.
    #[command(flatten)]
    pub github: GitHubArgs,
    /// The build.
    #[command(flatten)]
    pub build: RecordedBuildArgs,
}

/// Arguments of `cancel`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  loadforge-ci cancel --results loadforge-results")]
pub struct CancelArgs {
    /// The run to stop [default: the run recorded in the results folder]
    #[arg(long, value_name = "N")]
    pub run_id: Option<u64>,
    /// Stop the runs that older commits of this branch left behind in this job, with this profile
    #[arg(long, conflicts_with = "run_id")]
    pub superseded: bool,
    /// The job whose runs --superseded stops [default: CIRCLE_JOB]
    #[arg(long, value_name = "NAME", requires = "superseded")]
    pub job: Option<String>,
    /// The configuration.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The service.
    #[command(flatten)]
    pub service: ServiceArgs,
    /// The folders.
    #[command(flatten)]
    pub folder: FolderArgs,
    /// The build.
    #[command(flatten)]
    pub build: RecordedBuildArgs,
}

/// Subcommands of `baseline`.
#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// Add a judged, good run to the history
    #[command(
        after_help = "Example:\n  loadforge-ci baseline add --results loadforge-results --history loadforge-history"
    )]
    Add(AddArgs),
    /// Print the history as a table with sparklines
    #[command(after_help = "Example:\n  loadforge-ci baseline show --history loadforge-history")]
    Show(BaselineCommandArgs),
    /// Show which known-good builds these gates would have failed
    #[command(after_help = "Example:\n  loadforge-ci baseline backtest --gate 'p95 <= +10% vs baseline'")]
    Backtest(BacktestArgs),
    /// Print how a learned limit came about, step by step
    #[command(after_help = "Example:\n  loadforge-ci baseline explain 'p95 of \"POST /login\"'")]
    Explain(ExplainArgs),
    /// Print gates with headroom from the history, ready to paste
    #[command(after_help = "Example:\n  loadforge-ci baseline suggest --headroom 25%")]
    Suggest(SuggestArgs),
}

/// Arguments of `baseline add`.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// The rest.
    #[command(flatten)]
    pub common: BaselineCommandArgs,
    /// The build.
    #[command(flatten)]
    pub build: RecordedBuildArgs,
}

/// Arguments of `baseline show`.
#[derive(Debug, Args)]
pub struct BaselineCommandArgs {
    /// The configuration.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The folders.
    #[command(flatten)]
    pub folder: FolderArgs,
    /// The history.
    #[command(flatten)]
    pub baseline: BaselineArgs,
}

/// Arguments of `baseline backtest`.
#[derive(Debug, Args)]
pub struct BacktestArgs {
    /// Gates to replay, added to those of the file; repeatable
    #[arg(long, value_name = "GATE")]
    pub gate: Vec<String>,
    /// The rest.
    #[command(flatten)]
    pub common: BaselineCommandArgs,
}

/// Arguments of `baseline explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The row: measure and endpoint, such as `p95 of "POST /login"`, or a gate
    #[arg(value_name = "ROW")]
    pub row: String,
    /// Gates of the run, added to those of the file; repeatable
    #[arg(long, value_name = "GATE")]
    pub gate: Vec<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    pub format: ExplainFormat,
    /// The rest.
    #[command(flatten)]
    pub common: BaselineCommandArgs,
}

/// Formats of `baseline explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormat {
    /// Numbered steps in words.
    Text,
    /// A JSON object with the numbers of each step.
    Json,
}

/// Arguments of `baseline suggest`.
#[derive(Debug, Args)]
pub struct SuggestArgs {
    /// How far above the history's worst good value a limit is set
    #[arg(long, value_name = "PERCENT", default_value = "20%", value_parser = values::percent)]
    pub headroom: f64,
    /// The rest.
    #[command(flatten)]
    pub common: BaselineCommandArgs,
}

/// Arguments of `compare`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  loadforge-ci compare loadforge-results.previous loadforge-results --page compare.html\n  \
                  loadforge-ci compare 4be1d2a loadforge-results"
)]
pub struct CompareArgs {
    /// The run to compare with: a results folder, or the commit or run number of a good run of the history
    pub a: String,
    /// The run to look at: the same
    pub b: String,
    /// The history of good runs, which also tells noise from change
    #[arg(long, value_name = "DIR", default_value = "loadforge-history")]
    pub history: PathBuf,
    /// Write the comparison as Markdown too
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Write the comparison as a page too
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  loadforge-ci doctor --config loadforge.yml")]
pub struct DoctorArgs {
    /// What would run.
    #[command(flatten)]
    pub run: RunArgs,
    /// GitHub.
    #[command(flatten)]
    pub github: GitHubArgs,
}
