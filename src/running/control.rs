//! The known-good deployment that a control run hits: which it is, and whether the test can be sent there.

use secrecy::ExposeSecret;
use url::Url;

use super::guard::own_hosts;
use super::secrets::register_address;
use crate::config::{Config, NotAllowed, check_host};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::loadforge::{PlanError, RunPlan};
use crate::redact::shown_address;
use crate::results::TestSource;

/// The known-good deployment, flag over file, checked against the guard before anything starts.
///
/// # Errors
/// When it is no URL of a host that can exist, or the guard does not allow it.
pub(crate) fn control_host(flag: Option<&Url>, config: &Config) -> Result<Option<Url>, CommandError> {
    let written = config.control.target_host.as_deref().filter(|text| !text.trim().is_empty());
    let host = match (flag, written) {
        (Some(url), _) => url.clone(),
        (None, Some(text)) => text.trim().parse().inspect(register_address).map_err(|cause| {
            CommandError::usage(format!("control.target_host `{}` is not a URL: {cause}", shown_address(text)))
                .with_hint("write scheme and host, such as https://known-good.example.com")
        })?,
        (None, None) => return Ok(None),
    };
    check_host(&host).map_err(|fault| CommandError::usage(format!("--control-host: {fault}")))?;
    config.guard.check(&host).map_err(|NotAllowed { host, allowed }| {
        let message =
            format!("the control host {host} is not allowed: guard.allowed_hosts lists {}", allowed.join(", "));
        CommandError::new(Exit::Refused, message).with_hint(
            "set --control-host (control.target_host) to an allowed host, or add this one to guard.allowed_hosts",
        )
    })?;
    Ok(Some(host))
}

/// Checks that the test of a plan can be sent to the known-good deployment, and that nothing of it would go to the host
/// under test all the same: a control that hits the build it controls would find no difference.
///
/// # Errors
/// When it cannot; the error says what to change.
pub(crate) fn check_control(control: &Url, plan: &RunPlan) -> Result<(), CommandError> {
    let TestSource::Script(script) = &plan.test else {
        return Err(CommandError::usage(
            "a control run cannot send a saved LoadForge test elsewhere: its host is part of the test",
        )
        .with_hint(
            "a saved test needs a second test with the known-good host; keep the script in the repository (--locustfile) \
             to use one script for both, or leave --control-host (control.target_host) out",
        ));
    };
    let again = RunPlan { target_host: Some(control.clone()), ..plan.clone() };
    again.check().map_err(|fault| match fault {
        PlanError::Wrong { flag: "--target-host", problem } => CommandError::usage(format!("--control-host {problem}")),
        other => other.into(),
    })?;
    let Some(target) = &plan.target_host else {
        return Err(CommandError::usage(format!(
            "a control run needs the host under test, and {} names its host itself",
            script.path
        ))
        .with_hint("set --target-host, and read the host from TARGET_HOST in the script"));
    };
    if same_place(control, target) {
        let message = format!("--control-host is the host under test, {}", shown_host(target));
        return Err(CommandError::usage(message)
            .with_hint("name another deployment of the same service, for example of the previous release"));
    }
    if own_hosts(&script.text).len() > 1 {
        let message =
            format!("a control run cannot send {} elsewhere: its user classes name several hosts", script.path);
        return Err(CommandError::usage(message).with_hint("read the host from TARGET_HOST in the script"));
    }
    let named = place_of(target, control);
    let in_text = |text: &str| text.lines().zip(1..).find(|(line, _)| sends_to(line, &named)).map(|(_, number)| number);
    let of_project = script.local.iter().flat_map(|project| project.files.iter().map(|file| (file, &project.folder)));
    let modules = of_project.filter(|(file, _)| file.ends_with(".py")).filter_map(|(file, folder)| {
        let number = in_text(&std::fs::read_to_string(folder.join(file)).ok()?)?;
        Some((file.as_str(), number))
    });
    let in_script = in_text(&script.text).map(|number| (script.path.as_str(), number));
    if let Some((file, number)) = in_script.into_iter().chain(modules).next() {
        let message = format!("a control run would hit the host under test: {file}:{number} names {named}");
        return Err(CommandError::usage(message).with_hint("read the host from TARGET_HOST or self.host in the script"));
    }
    let variable =
        plan.env.iter().find(|(name, value)| name != "TARGET_HOST" && value.expose_secret().contains(&named));
    if let Some((name, _)) = variable {
        let message = format!("a control run would hit the host under test: the variable {name} names {named}");
        return Err(CommandError::usage(message).with_hint("read the host from TARGET_HOST in the script"));
    }
    Ok(())
}

/// Scheme, host and port of an address, for people.
pub(crate) fn shown_host(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn same_place(one: &Url, other: &Url) -> bool {
    one.host_str() == other.host_str() && one.port_or_known_default() == other.port_or_known_default()
}

/// The words by which a script names the host under test; with its port where the control has the same host name.
fn place_of(target: &Url, control: &Url) -> String {
    let host = target.host_str().unwrap_or_default();
    match target.port_or_known_default() {
        Some(port) if control.host_str() == Some(host) => format!("{host}:{port}"),
        _ => host.to_owned(),
    }
}

/// Whether a line of a script may send requests to this host whatever the target host is. Comments do not, nor does a
/// user class's own `host`, which the target host replaces, nor what is read from TARGET_HOST.
fn sends_to(line: &str, host: &str) -> bool {
    let code = line.trim_start();
    let is_replaced = code.starts_with('#')
        || code.contains("TARGET_HOST")
        || code.strip_prefix("host").is_some_and(|rest| rest.trim_start().starts_with(['=', ':']));
    !is_replaced && code.to_ascii_lowercase().contains(host)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::{ControlSection, Guard};
    use crate::loadforge::ScriptFile;
    use crate::results::{Build, Engine, LocalLoad, StartApi};

    fn config(control: &str, allowed: &[&str]) -> Config {
        let allowed_hosts = allowed.iter().map(|host| (*host).to_owned()).collect();
        let control = ControlSection { target_host: Some(control.to_owned()) };
        Config { control, guard: Guard { allowed_hosts }, ..Config::default() }
    }

    #[test]
    fn the_guard_holds_for_the_control_and_the_flag_goes_before_the_file() {
        let list = ["*.staging.example.com"];
        let url = |text: &str| text.parse::<Url>().unwrap();
        let good = config("https://good.staging.example.com", &list);
        assert_eq!(control_host(None, &good).unwrap(), Some(url("https://good.staging.example.com")));
        let refused = control_host(Some(&url("https://www.example.com")), &good).unwrap_err();
        assert_eq!(refused.exit, Exit::Refused);
        assert!(refused.message.starts_with("the control host www.example.com is not allowed: "), "{refused}");
        assert_eq!(control_host(None, &config("good.staging", &[])).unwrap_err().exit, Exit::Usage);
        assert_eq!(control_host(None, &Config::default()).unwrap(), None);
        assert_eq!(control_host(None, &config(" ", &[])).unwrap(), None);
    }

    fn plan(test: TestSource<ScriptFile>, env: &[(&str, &str)]) -> RunPlan {
        RunPlan {
            test,
            users: Some(5),
            spawn_rate: None,
            stages: Vec::new(),
            duration: std::time::Duration::from_secs(120),
            regions: BTreeMap::new(),
            target_host: Some("https://shop.example.com".parse().unwrap()),
            env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect(),
            timeout: std::time::Duration::from_secs(600),
            start_api: StartApi::V2,
            detach: false,
            engine: Engine::Loadforge,
            local: LocalLoad::default(),
            build: Build::default(),
        }
    }

    fn scripted(text: &str, env: &[(&str, &str)]) -> RunPlan {
        plan(TestSource::Script(ScriptFile::new("a.py", text)), env)
    }

    fn refused(control: &str, plan: &RunPlan) -> String {
        check_control(&control.parse().unwrap(), plan).map_or_else(|fault| fault.to_string(), |()| String::new())
    }

    #[test]
    fn a_control_that_would_hit_the_build_itself_is_refused() {
        const GOOD: &str = "https://good.example.com";
        let fine = "class A(HttpUser):\n    host = 'https://shop.example.com'\n    # not shop.example.com\n\
                    x = os.environ.get('TARGET_HOST', 'https://shop.example.com')\n";
        assert_eq!(refused(GOOD, &scripted(fine, &[("TARGET_HOST", "https://shop.example.com")])), "");
        for (control, plan, words) in [
            ("https://shop.example.com", scripted("", &[]), "is the host under test, https://shop.example.com"),
            (GOOD, scripted("self.client.get('https://SHOP.example.com/x')", &[]), "a.py:1 names shop.example.com"),
            (GOOD, scripted("", &[("BASE", "https://shop.example.com/x")]), "the variable BASE names shop.example.com"),
            (GOOD, scripted("host = 'https://a'\nhost = 'https://b'", &[]), "user classes name several hosts"),
            ("https://good.example.com/x", scripted("", &[]), "--control-host takes scheme, host and port only"),
            (GOOD, plan(TestSource::Id(4), &[]), "a saved test needs a second test"),
            (GOOD, RunPlan { target_host: None, engine: Engine::Local, ..scripted("", &[]) }, "names its host itself"),
        ] {
            let told = refused(control, &plan);
            assert!(told.contains(words), "{words}: {told}");
        }
    }

    #[test]
    fn two_deployments_of_one_machine_are_told_apart_by_their_ports() {
        let on = |port: u16| format!("http://127.0.0.1:{port}");
        let at = |script: &str| RunPlan { target_host: Some(on(8080).parse().unwrap()), ..scripted(script, &[]) };
        assert_eq!(refused(&on(9090), &at("x = 'http://127.0.0.1/metrics'")), "");
        assert!(refused(&on(9090), &at("x = 'http://127.0.0.1:8080/'")).contains("a.py:1 names 127.0.0.1:8080"));
    }
}
