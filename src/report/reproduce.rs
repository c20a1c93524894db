//! The command that runs the same test again on the reader's machine.

use std::time::Duration;

use crate::results::{Engine, RunRecord, TestSource};
use crate::text::compact_duration;

/// How to run the test of a run again, and what the reader has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reproduce {
    /// The command, ready to be pasted into a POSIX shell.
    pub command: String,
    /// What it needs or does not do, in a sentence; empty where there is nothing to say.
    pub note: String,
}

/// The command for a run that recorded how it was asked for; `None` for one that did not.
#[must_use]
pub fn reproduce(run: &RunRecord) -> Option<Reproduce> {
    let recipe = run.recipe.as_ref()?;
    let mut words = vec!["loadforge-ci".to_owned(), "run".to_owned()];
    let mut flag = |name: &str, value: String| words.extend([format!("--{name}"), shell_word(&value)]);
    let mut note = Vec::new();
    match &recipe.test {
        TestSource::Script(path) => {
            flag("engine", "local".into());
            flag("locustfile", path.clone());
        }
        TestSource::Id(id) => {
            flag("test-id", id.to_string());
            note.push("The script is kept on LoadForge, so the test runs there and takes test minutes.".to_owned());
        }
        TestSource::Name(name) => {
            flag("test", name.clone());
            note.push("The script is kept on LoadForge, so the test runs there and takes test minutes.".to_owned());
        }
    }
    if let Some(users) = recipe.users {
        flag("users", users.to_string());
    }
    if let Some(rate) = recipe.spawn_rate {
        flag("spawn-rate", rate.to_string());
    }
    if let Ok(duration) = Duration::try_from_secs_f64(recipe.duration_s) {
        flag("duration", compact_duration(duration));
    }
    if !matches!(recipe.test, TestSource::Script(_)) {
        for (region, count) in &recipe.regions {
            flag("region", format!("{region}={count}"));
        }
    }
    if let Some(host) = &recipe.target_host {
        flag("target-host", host.clone());
    }
    for name in &recipe.env {
        flag("env", name.clone());
    }
    if !recipe.env.is_empty() {
        note.push(format!("Set {} first; reports hold no values.", recipe.env.join(", ")));
    }
    if run.identity.engine == Engine::Loadforge && matches!(recipe.test, TestSource::Script(_)) {
        note.push("This runs on your machine; one machine may not reach the load of the cloud run.".to_owned());
    }
    Some(Reproduce { command: words.join(" "), note: note.join(" ") })
}

/// A word of a POSIX shell's command line.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Fingerprint, RunIdentity};

    fn run(engine: Engine, recipe: serde_json::Value) -> RunRecord {
        let identity = RunIdentity::new(engine, "https://api");
        RunRecord {
            recipe: Some(serde_json::from_value(recipe).unwrap()),
            ..RunRecord::new(identity, "t", Fingerprint::default())
        }
    }

    #[test]
    fn a_script_runs_on_this_machine_with_the_same_load() {
        let again = reproduce(&run(
            Engine::Local,
            serde_json::json!({ "test": { "script": "perf/it's.py" }, "users": 40, "spawn_rate": 2.5, "duration_s": 90.0,
                "target_host": "http://127.0.0.1:8080", "env": ["TOKEN"], "timeout_s": 600.0 }),
        ));
        let again = again.unwrap();
        assert_eq!(
            again.command,
            "loadforge-ci run --engine local --locustfile 'perf/it'\\''s.py' --users 40 --spawn-rate 2.5 --duration 1m30s \
             --target-host http://127.0.0.1:8080 --env TOKEN"
        );
        assert_eq!(again.note, "Set TOKEN first; reports hold no values.");
    }

    #[test]
    fn a_saved_test_runs_at_the_service() {
        let recipe = serde_json::json!({ "test": { "id": 4217 }, "duration_s": 300.0, "timeout_s": 600.0,
            "regions": { "nyc3": 2 } });
        let again = reproduce(&run(Engine::Loadforge, recipe)).unwrap();
        assert_eq!(again.command, "loadforge-ci run --test-id 4217 --duration 5m --region nyc3=2");
        assert!(again.note.contains("test minutes"));
        assert_eq!(reproduce(&RunRecord::new(RunIdentity::new(Engine::Local, "x"), "t", Fingerprint::default())), None);
    }
}
