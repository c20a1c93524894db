//! The guard: which hosts a run may hit.

use url::Url;

use crate::config::{Config, check_host};
use crate::error::CommandError;
use crate::exit::Exit;

/// Checks the target against the guard and says where the load will go.
pub(crate) fn check_target(config: &Config, target: Option<&Url>) -> Result<(), CommandError> {
    let Some(target) = target else {
        if config.guard.allowed_hosts.is_empty() {
            tracing::warn!("sending load to the saved test's own host, which the service does not name");
            return Ok(());
        }
        return Err(CommandError::new(
            Exit::Refused,
            "guard.allowed_hosts is set, and the host of the saved test cannot be read, so nothing is started",
        )
        .with_hint("give the test a host that the token may list, run the script with --locustfile and --target-host, or remove guard.allowed_hosts"));
    };
    check_host(target).map_err(|fault| CommandError::usage(format!("nothing is started: {fault}")))?;
    let host = target.host_str().unwrap_or_default();
    if config.guard.check(target)? {
        tracing::warn!(
            "{host} looks like production, and there is no guard.allowed_hosts to say whether it may be hit"
        );
    }
    tracing::info!("sending load to {host}");
    Ok(())
}
