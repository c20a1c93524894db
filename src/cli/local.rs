//! The arguments of commands that need no service and no results folder.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::config_args::ConfigArgs;
use crate::config::Duration;

/// Arguments of `lint`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  loadforge-ci lint perf/checkout.py")]
pub struct LintArgs {
    /// Locust scripts
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = LintFormat::Text)]
    pub format: LintFormat,
}

/// Formats of `lint`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LintFormat {
    /// One line per finding, and what to write instead.
    Text,
    /// A JSON array.
    Json,
}

/// Arguments of `bundle`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  loadforge-ci bundle --locustfile perf/locustfile.py > bundled.py")]
pub struct BundleArgs {
    /// A Locust script of this repository; several that run together are separated by commas
    #[arg(long, short_alias = 'f', value_name = "FILE")]
    pub locustfile: Option<PathBuf>,
    /// Folder that holds the project [default: the script's own]
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// The configuration.
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// Arguments of `emulate`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  loadforge-ci emulate --listen 127.0.0.1:8800 --seconds-per-minute 5")]
pub struct EmulateArgs {
    /// Where to listen; port 0 takes a free one and prints it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Length of a "minute" of a run, s
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    pub seconds_per_minute: f64,
    /// Time between queued and running, s
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    pub provisioning: f64,
    /// Accept only the token in this environment variable; needed beyond loopback [default: any token]
    #[arg(long, value_name = "NAME")]
    pub token_env: Option<String>,
    /// Replay the CSV files of this folder instead of running Locust
    #[arg(long, value_name = "DIR")]
    pub replay: Option<PathBuf>,
    /// Keep tests, hosts and results in this file over a restart
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Locust processes [default: what the CPU quota allows]
    #[arg(long, value_name = "N")]
    pub processes: Option<u32>,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  loadforge-ci demo --broken")]
pub struct DemoArgs {
    /// Turn on a fault of the shop, so that a gate fails
    #[arg(long)]
    pub broken: bool,
    /// The results folder
    #[arg(long, value_name = "DIR", default_value = "loadforge-results")]
    pub results: PathBuf,
    /// Length of the load test
    #[arg(long, value_name = "DURATION", default_value = "15s")]
    pub duration: Duration,
    /// Serve the sample shop alone at this address until Ctrl-C, as a target to try a script on
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["results", "duration"])]
    pub serve: Option<SocketAddr>,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  loadforge-ci init --dir .")]
pub struct InitArgs {
    /// The repository's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Overwrite existing files
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  loadforge-ci schema config > loadforge.schema.json")]
pub struct SchemaArgs {
    /// Which file's schema
    #[arg(value_enum)]
    pub of: SchemaOf,
}

/// The files that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// loadforge.yml
    Config,
    /// results.json
    Results,
    /// verdict.json
    Verdict,
    /// answer.json
    Answer,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  loadforge-ci completions bash > /etc/bash_completion.d/loadforge-ci")]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
