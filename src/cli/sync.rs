//! Arguments of `sync`.

use clap::Args;

use super::config_args::ConfigArgs;
use super::groups::ServiceArgs;

/// Arguments of `sync`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  loadforge-ci sync --check")]
pub struct SyncArgs {
    /// Change nothing; print how LoadForge differs and exit with 1 if it does
    #[arg(long, conflicts_with_all = ["adopt", "prune"])]
    pub check: bool,
    /// Take over what LoadForge has: write its scripts into the repository, and print the settings to take over
    #[arg(long, conflicts_with = "prune")]
    pub adopt: bool,
    /// Also delete what sync put on LoadForge and the file no longer has; without it that is only listed
    #[arg(long, conflicts_with = "name")]
    pub prune: bool,
    /// The configuration.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The service.
    #[command(flatten)]
    pub service: ServiceArgs,
}
