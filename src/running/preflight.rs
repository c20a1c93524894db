//! A look at the host under test before any load is sent.

use url::Url;

use crate::error::CommandError;
use crate::loadforge::RunPlan;
use crate::log;
use crate::reach::{Unreachable, reach};
use crate::results::{Engine, TestSource};

/// Whether the host is looked at before the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preflight {
    /// It is.
    Check,
    /// It is not (`--no-preflight`).
    Skip,
}

/// Connects to the host under test. With the local engine a host that cannot be reached is an error; LoadForge may reach
/// what this machine cannot, so that it is a warning there. A script that handles certificates itself is warned only, too.
pub(super) async fn check(plan: &RunPlan, host: &Url) -> Result<(), CommandError> {
    let Err(fault) = reach(host).await else { return Ok(()) };
    if plan.engine == Engine::Local && !is_for_the_script(plan, &fault) {
        return Err(fault.into());
    }
    let from = if plan.engine == Engine::Local { "" } else { " (LoadForge may reach what this machine cannot)" };
    log::warn(&format!("the host under test{from}"), &fault);
    Ok(())
}

/// Whether the script may do without a valid certificate.
fn is_for_the_script(plan: &RunPlan, fault: &Unreachable) -> bool {
    let TestSource::Script(file) = &plan.test else { return false };
    fault.cause.is_certificate() && file.text.contains("verify")
}
