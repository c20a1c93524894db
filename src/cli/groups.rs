//! Groups of flags that mean the same in every command.

#![expect(rustdoc::bare_urls, reason = "these comments are the text of --help too")]

use std::path::PathBuf;

use clap::Args;
use tracing::Level;
use url::Url;

use super::values::{self, EnvEntry, NamedPullRequest, Optional, Region};
use crate::circleci::{self, CircleCi, Repository};
use crate::config::Duration;
use crate::github::{Mode, Only};
use crate::log::{ColorChoice, LogFormat, LogOptions};
use crate::results::{Engine, StartApi};
use crate::verdict::{AttemptsPolicy, OnInconclusive, TargetPolicy};

/// Output.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// More verbose; repeat to log every HTTP request
    #[arg(long, short, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Log only warnings and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// When to use colors
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub color: ColorChoice,
    /// Format of the progress log on stderr
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

impl OutputArgs {
    /// How progress is logged.
    #[must_use]
    pub fn log(&self) -> LogOptions {
        let level = match (self.quiet, self.verbose) {
            (true, _) => Level::WARN,
            (false, 0) => Level::INFO,
            (false, 1) => Level::DEBUG,
            (false, _) => Level::TRACE,
        };
        LogOptions { level, format: self.log_format, color: self.color }
    }
}

/// The build that asks, where neither CircleCI nor git names it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Build")]
pub struct BuildArgs {
    /// Commit under test [default: CIRCLE_SHA1, or git's HEAD outside CircleCI]
    #[arg(long, value_name = "SHA", value_parser = values::commit)]
    pub commit: Option<String>,
    /// Branch under test [default: CIRCLE_BRANCH, or git's branch outside CircleCI]
    #[arg(long, value_name = "BRANCH")]
    pub branch: Option<String>,
}

impl BuildArgs {
    /// The environment, with the values that the user named instead.
    #[must_use]
    pub fn applied_to(&self, mut ci: CircleCi) -> CircleCi {
        ci.commit = self.commit.clone().or(ci.commit);
        if self.branch.is_some() {
            ci.branch.clone_from(&self.branch);
            ci.tag = None;
        }
        ci
    }
}

/// The build that uses existing results.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Build")]
pub struct RecordedBuildArgs {
    /// The build that asks.
    #[command(flatten)]
    pub build: BuildArgs,
    /// Use results of another commit or job on purpose
    #[arg(long)]
    pub allow_other_commit: bool,
}

/// What to run.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "What to run")]
pub struct TestArgs {
    /// Where the load comes from
    #[arg(long, value_parser = values::engine, default_value = "loadforge", value_name = "loadforge|local")]
    pub engine: Engine,
    /// A saved LoadForge test by its id
    #[arg(long, value_name = "N", group = "source")]
    pub test_id: Option<u64>,
    /// A saved LoadForge test by its name
    #[arg(long, value_name = "NAME", group = "source")]
    pub test: Option<String>,
    /// A Locust script of this repository; several that run together are separated by commas
    #[arg(long, short_alias = 'f', value_name = "FILE", group = "source")]
    pub locustfile: Option<PathBuf>,
}

/// The script's project: what comes along with it, and what Locust is told.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "The script's project")]
pub struct ProjectArgs {
    /// Folder that Locust runs in a copy of; it holds the script [default: the script's own]
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Files to copy although .gitignore or a leading dot leaves them out, in the syntax of .gitignore; repeatable
    #[arg(long, value_name = "PATTERN")]
    pub include: Vec<String>,
    /// Files not to copy, in the syntax of .gitignore; repeatable
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Packages the script needs (local engine): a requirements file, or a pyproject.toml with extras such as
    /// `pyproject.toml[perf]`
    #[arg(long, value_name = "FILE")]
    pub requirements: Option<String>,
    /// Run only tasks with this tag (local engine); repeatable
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,
    /// Run no task with this tag (local engine); repeatable
    #[arg(long, value_name = "TAG")]
    pub exclude_tag: Vec<String>,
    /// User class to run (local engine); repeatable [default: all]
    #[arg(long, value_name = "CLASS")]
    pub user_class: Vec<String>,
    /// Run what LoadForge would get (local engine): the one script with its modules bundled, and no other file
    #[arg(long)]
    pub bundled: bool,
    /// Argument that the script defines itself (local engine), such as --locust-arg=--tenant=acme; repeatable
    #[arg(long, value_name = "ARGUMENT", allow_hyphen_values = true)]
    pub locust_arg: Vec<String>,
}

/// The shape of a run.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Shape of the run")]
pub struct ShapeArgs {
    /// Peak number of users
    #[arg(long, short_alias = 'u', value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub users: Option<u32>,
    /// Users to start per second
    #[arg(long, short_alias = 'r', value_name = "RATE", value_parser = values::rate)]
    pub spawn_rate: Option<f64>,
    /// Length of the run; LoadForge takes whole minutes, 2m to 720m [default: 5m]
    #[arg(long, short_alias = 't', alias = "run-time", value_name = "DURATION")]
    pub duration: Option<Duration>,
    /// Load generators of a region, such as nyc3=1; repeatable
    #[arg(long, value_name = "REGION=N")]
    pub region: Vec<Region>,
    /// Target of the load: scheme, host and port, such as https://staging.example.com
    #[arg(long, short_alias = 'H', alias = "host", value_name = "URL")]
    pub target_host: Option<Url>,
    /// Environment variable to pass to the script; `NAME` alone copies its current value; repeatable
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub env: Vec<EnvEntry>,
    /// Overall time limit [default: duration + 15 minutes]
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<Duration>,
    /// Taken for the sake of command lines written for Locust: there is no other way to run
    #[arg(long, hide = true)]
    pub headless: bool,
}

/// Where results and history live.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Folders")]
pub struct FolderArgs {
    /// The results folder
    #[arg(long, value_name = "DIR", default_value = "loadforge-results")]
    pub results: PathBuf,
    /// The history of good runs
    #[arg(long, value_name = "DIR", default_value = "loadforge-history")]
    pub history: PathBuf,
}

/// How to reach LoadForge.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "LoadForge (token in LOADFORGE_API_TOKEN)")]
pub struct ServiceArgs {
    /// The API; also from LOADFORGE_API_URL [default: https://app.loadforge.com/api/v2]
    #[arg(long, value_name = "URL")]
    pub api_url: Option<Url>,
    /// The start call: v2, or v1 of the original guide, which alone carries env for a saved test
    #[arg(long, value_enum, default_value_t = StartApi::V2, value_name = "v2|v1")]
    pub start_api: StartApi,
}

/// The gates and how to judge them.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Gates")]
pub struct GateArgs {
    /// A goal such as 'p95 < 500ms', added to those of the file; repeatable
    #[arg(long, value_name = "GATE")]
    pub gate: Vec<String>,
    /// Judge this Locust stats CSV instead of the results folder
    #[arg(long, value_name = "CSV")]
    pub from: Option<PathBuf>,
    /// The history CSV that belongs to --from
    #[arg(long, value_name = "CSV", requires = "from")]
    pub history_csv: Option<PathBuf>,
    /// The failures CSV that belongs to --from
    #[arg(long, value_name = "CSV", requires = "from")]
    pub failures_csv: Option<PathBuf>,
    /// What a gate that could not be judged means [default: fail]
    #[arg(long, value_enum, value_name = "fail|warn")]
    pub on_inconclusive: Option<OnInconclusive>,
    /// What the saved test's own targets mean [default: fail]
    #[arg(long, value_enum, value_name = "fail|warn|ignore")]
    pub loadforge_targets: Option<TargetPolicy>,
    /// How several attempts at one commit are judged: by the median of all, or by the last alone [default: together]
    #[arg(long, value_enum, value_name = "together|last")]
    pub attempts: Option<AttemptsPolicy>,
    /// When a `vs baseline` gate fails, run the test again (at most twice) and fail only what those runs confirm
    #[arg(long)]
    pub confirm: bool,
    /// A known-good deployment, such as https://known-good.example.com: where everything is slower and the environment
    /// may explain it, the same test runs against it once, and decides
    #[arg(long, value_name = "URL")]
    pub control_host: Option<Url>,
    /// Environment variable to pass to the script in these further runs, as with `run`; repeatable
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub env: Vec<EnvEntry>,
    /// A minijinja template in place of the built-in summary
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// Leave out links to artifacts: the results folder is not stored as one
    #[arg(long)]
    pub no_artifact_links: bool,
}

/// What `--from` measured, so that it can be compared with its like and become one of the history.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "The run behind --from")]
pub struct CsvRunArgs {
    /// Name of the test that --from is a run of: with it, --from is compared with the history of this test, and
    /// `baseline add` takes it
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub test: Option<String>,
    /// Peak number of users of that run
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub users: Option<u32>,
    /// Length of that run
    #[arg(long, alias = "run-time", value_name = "DURATION")]
    pub duration: Option<Duration>,
    /// Target of that run: scheme, host and port, such as https://staging.example.com
    #[arg(long, alias = "host", value_name = "URL")]
    pub target_host: Option<Url>,
}

/// When to end a run before its time.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Early stop")]
pub struct StopArgs {
    /// End the run when this holds, such as 'error_rate > 50% for 30s'; added to the file's rules; repeatable
    #[arg(long, value_name = "RULE")]
    pub stop: Vec<String>,
    /// Never end the run early, not even when every request fails; rules of the file count for nothing
    #[arg(long, conflicts_with = "stop")]
    pub no_stop: bool,
}

/// What `gate` will judge by.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Checked before the start")]
pub struct CheckedArgs {
    /// A goal that `gate` will be given, checked here; repeatable
    #[arg(long, value_name = "GATE")]
    pub gate: Vec<String>,
    /// The template that `gate` will be given, checked here
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// The known-good deployment that `gate` will be given, checked here
    #[arg(long, value_name = "URL")]
    pub control_host: Option<Url>,
}

/// The history to compare with.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Baseline")]
pub struct BaselineArgs {
    /// The branch whose good runs count [default: main]
    #[arg(long, value_name = "BRANCH")]
    pub baseline_branch: Option<String>,
    /// How many of the last good runs count [default: 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub baseline_runs: Option<u32>,
    /// How old a run may be [default: 90d]
    #[arg(long, value_name = "DURATION")]
    pub baseline_max_age: Option<Duration>,
}

/// The pull request comment.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Comment")]
pub struct CommentArgs {
    /// What happens to an earlier comment of ours
    #[arg(long, value_enum, default_value_t = Mode::Update, value_name = "MODE")]
    pub comment_mode: Mode,
    /// When to comment
    #[arg(long, value_enum, default_value_t = Only::Always, value_name = "WHEN")]
    pub comment_only: Only,
    /// The section of the comment this test owns [default: the test's name]
    #[arg(long, value_name = "KEY")]
    pub comment_key: Option<String>,
    /// Also set a commit status with the verdict
    #[arg(long)]
    pub status: bool,
}

/// How to reach GitHub, and what on it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "GitHub")]
pub struct GitHubArgs {
    /// The API, for GitHub Enterprise Server [default: https://api.github.com]
    #[arg(long, value_name = "URL")]
    pub github_api_url: Option<Url>,
    /// The variable that holds the token [default: a GitHub App when its variables are set, else GITHUB_TOKEN]
    #[arg(long, value_name = "NAME")]
    pub github_token_env: Option<String>,
    /// Repository of the comment and the status [default: the one that the pull request, CircleCI or git names]
    #[arg(long, value_name = "OWNER/NAME", value_parser = values::repository)]
    pub repository: Option<Optional<Repository>>,
    /// Pull request of the comment, by number or URL [default: the one that CircleCI names, or that has the commit]
    #[arg(long, value_name = "N", value_parser = values::pull_request)]
    pub pull_request: Option<Optional<NamedPullRequest>>,
}

impl GitHubArgs {
    /// The environment, with the values that the user named instead.
    #[must_use]
    pub fn environment(&self) -> CircleCi {
        let pull_request = self.pull_request.clone().and_then(|given| given.0);
        let of_url = pull_request.as_ref().and_then(|named| named.repository.clone());
        let repository = self.repository.clone().and_then(|given| given.0).or(of_url);
        circleci::environment().with_named(repository, pull_request.map(|named| named.number))
    }
}
