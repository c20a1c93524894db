//! Arguments of `signal`.

use std::path::PathBuf;

use clap::Args;
use url::Url;

use super::groups::RecordedBuildArgs;
use crate::release::FiringOn;

/// Arguments of `signal`.
#[derive(Debug, Args)]
#[command(
    disable_version_flag = true,
    after_help = "Example:\n  loadforge-ci signal --component shop --environment production --version 1.4.2"
)]
pub struct SignalArgs {
    /// The component that was released, as in the release's plan
    #[arg(long, value_name = "NAME", help_heading = "The release")]
    pub component: String,
    /// The environment it was released to
    #[arg(long, value_name = "NAME", help_heading = "The release")]
    pub environment: String,
    /// Its version
    #[arg(long, value_name = "VERSION", help_heading = "The release")]
    pub version: Option<String>,
    /// The name of the check in the release job that waits for this signal
    #[arg(long, value_name = "NAME", default_value = "load_test", help_heading = "The release")]
    pub signal_name: String,
    /// The CircleCI project, where the check looks at it
    #[arg(long, value_name = "ID", help_heading = "The release")]
    pub project_id: Option<String>,
    /// The namespace, where the check looks at it
    #[arg(long, value_name = "NAME", help_heading = "The release")]
    pub namespace: Option<String>,
    /// What fires besides a gate that failed: an inconclusive verdict, or a run that did not complete as well
    #[arg(long, value_enum, default_value_t = FiringOn::Failed, value_name = "WHAT", help_heading = "The signal")]
    pub firing_on: FiringOn,
    /// Fail this command when the signal is not delivered
    #[arg(long, help_heading = "The signal")]
    pub signal_required: bool,
    /// Send the signal again although this attempt has sent it, or may have
    #[arg(long, help_heading = "The signal")]
    pub resend: bool,
    /// The variable that holds the secret of the release webhook
    #[arg(long, value_name = "NAME", default_value = "CIRCLECI_RELEASE_SECRET", help_heading = "CircleCI")]
    pub signal_secret_env: String,
    /// The organization [default: CIRCLE_ORGANIZATION_ID]
    #[arg(long, value_name = "ID", help_heading = "CircleCI")]
    pub organization_id: Option<String>,
    /// CircleCI's address
    #[arg(long, value_name = "URL", default_value = "https://circleci.com", help_heading = "CircleCI")]
    pub circleci_url: Url,
    /// The results folder
    #[arg(long, value_name = "DIR", default_value = "loadforge-results", help_heading = "Folders")]
    pub results: PathBuf,
    /// The build.
    #[command(flatten)]
    pub build: RecordedBuildArgs,
}
