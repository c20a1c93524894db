//! The guard: which hosts a run may hit.

use std::collections::BTreeSet;

use url::Url;

use crate::config::{Config, check_host};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::loadforge::RunPlan;
use crate::results::{Engine, TestSource};

/// Checks the hosts that a script for the local engine names itself: it keeps them where there is no target host, and
/// where its user classes name several. LoadForge sends all load to the host of the test.
///
/// # Errors
/// When there is a list of allowed hosts, and one of these is not on it or cannot be known.
pub(crate) fn check_own_hosts(config: &Config, plan: &RunPlan) -> Result<(), CommandError> {
    let TestSource::Script(script) = &plan.test else { return Ok(()) };
    if plan.engine != Engine::Local || config.guard.allowed_hosts.is_empty() {
        return Ok(());
    }
    if plan.target_host.is_none() {
        let message = format!("guard.allowed_hosts cannot be checked: {} names its host itself", script.path);
        return Err(CommandError::new(Exit::Refused, message)
            .with_hint("set --target-host, the variable LOADFORGE_CI_TARGET_HOST, or the key test.target_host"));
    }
    let hosts = own_hosts(&script.text);
    if hosts.len() > 1 {
        hosts.iter().try_for_each(|host| config.guard.check(host).map(drop))?;
    }
    Ok(())
}

/// The hosts that the script's user classes name as literals, each once.
pub(super) fn own_hosts(script: &str) -> BTreeSet<Url> {
    let named = script.lines().filter_map(|line| {
        let value = line.trim_start().strip_prefix("host")?.trim_start().strip_prefix('=')?.trim();
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        value[1..].split(quote).next()?.parse().ok()
    });
    named.collect()
}

/// Checks the target against the guard and logs the host that will get the load.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_that_classes_name_are_found() {
        let script = "class A(HttpUser):\n    host = 'https://a.example.com'\nclass B(HttpUser):\n    host=\"http://b:80/x\"\n\
                      host = os.environ['X']\nhostname = 'https://c'\n";
        let hosts: Vec<_> = own_hosts(script).into_iter().filter_map(|url| url.host_str().map(str::to_owned)).collect();
        assert_eq!(hosts, ["b", "a.example.com"]);
    }
}
