//! The guard: which hosts a run may hit.

use url::Url;

use crate::config::Config;
use crate::error::CommandError;

/// Checks the target against the guard and says where the load will go.
pub(crate) fn check_target(config: &Config, target: Option<&Url>) -> Result<(), CommandError> {
    let Some(target) = target else {
        if !config.guard.allowed_hosts.is_empty() {
            tracing::warn!("guard.allowed_hosts cannot be checked: no --target-host; the saved test's host is hit");
        }
        return Ok(());
    };
    let host = target.host_str().unwrap_or_default();
    if config.guard.check(target)? {
        tracing::warn!(
            "{host} looks like production, and there is no guard.allowed_hosts to say whether it may be hit"
        );
    }
    tracing::info!("the load goes to {host}");
    Ok(())
}
