//! The command line that starts the same run again.

use std::time::Duration;

use super::{Engine, RunRecord, StartApi, TestSource};
use crate::text::{compact_duration, shell_word};

impl RunRecord {
    /// `loadforge-ci run …` with every flag that the run was asked for; `None` for a run that another program started.
    /// Values of variables are not in it: they come from the environment again.
    #[must_use]
    pub fn command(&self) -> Option<String> {
        let recipe = self.recipe.as_ref()?;
        let mut words = vec!["loadforge-ci".to_owned(), "run".to_owned()];
        let mut flag = |name: &str, value: &str| words.extend([format!("--{name}"), shell_word(value)]);
        if self.identity.engine == Engine::Local {
            flag("engine", "local");
        }
        match &recipe.test {
            TestSource::Id(id) => flag("test-id", &id.to_string()),
            TestSource::Name(name) => flag("test", name),
            // Only the configuration names several scripts.
            TestSource::Script(_) if !recipe.project.more_locustfiles.is_empty() => {}
            TestSource::Script(path) => flag("locustfile", path),
        }
        let project = &recipe.project;
        let lists = [
            ("include", &project.include),
            ("exclude", &project.exclude),
            ("tag", &project.locust.tags),
            ("exclude-tag", &project.locust.exclude_tags),
            ("user-class", &project.locust.user_classes),
            ("locust-arg", &project.locust.arguments),
        ];
        for (name, value) in [("folder", &project.folder), ("requirements", &project.requirements)] {
            value.iter().for_each(|value| flag(name, value));
        }
        for (name, values) in lists {
            values.iter().for_each(|value| flag(name, value));
        }
        if let Some(users) = recipe.users {
            flag("users", &users.to_string());
        }
        if let Some(rate) = recipe.spawn_rate {
            flag("spawn-rate", &rate.to_string());
        }
        let duration = Duration::try_from_secs_f64(recipe.duration_s).unwrap_or_default();
        flag("duration", &compact_duration(duration));
        for (region, servers) in &recipe.regions {
            flag("region", &format!("{region}={servers}"));
        }
        if let Some(host) = &recipe.target_host {
            flag("target-host", host.trim_end_matches('/'));
        }
        // The target host is handed over by its own flag.
        for name in recipe.env.iter().filter(|name| *name != "TARGET_HOST" || recipe.target_host.is_none()) {
            flag("env", name);
        }
        if recipe.start_api == StartApi::V1 {
            flag("start-api", "v1");
        }
        if let Some(name) = &self.identity.build.test_name {
            flag("name", name);
        }
        if let Some(profile) = &self.identity.build.profile {
            flag("profile", profile);
        }
        Some(words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Fingerprint, RunIdentity};

    fn command(engine: Engine, recipe: serde_json::Value) -> Option<String> {
        let mut record = RunRecord::new(RunIdentity::new(engine, "http://x"), "t", Fingerprint::default());
        record.recipe = serde_json::from_value(recipe).ok();
        record.identity.build.test_name = Some("buy".into());
        record.identity.build.profile = Some("quick".into());
        record.command()
    }

    #[test]
    fn a_run_is_started_again_by_the_flags_it_was_asked_for() {
        let script = serde_json::json!({
            "test": {"script": "perf/check out.py"}, "users": 50, "spawn_rate": 2.5, "duration_s": 90.0, "timeout_s": 9.0,
            "target_host": "https://staging.example.com/", "env": ["TARGET_HOST", "TEST_USER"],
            "project": {"folder": "perf", "locust": {"tags": ["smoke"]}}
        });
        assert_eq!(
            command(Engine::Local, script).unwrap(),
            "loadforge-ci run --engine local --locustfile 'perf/check out.py' --folder perf --tag smoke --users 50 \
             --spawn-rate 2.5 --duration 1m30s --target-host https://staging.example.com --env TEST_USER --name buy --profile quick"
        );
        let saved = serde_json::json!({
            "test": {"id": 4217}, "duration_s": 300.0, "timeout_s": 9.0, "regions": {"nyc3": 2}, "start_api": "v1"
        });
        assert_eq!(
            command(Engine::Loadforge, saved).unwrap(),
            "loadforge-ci run --test-id 4217 --duration 5m --region nyc3=2 --start-api v1 --name buy --profile quick"
        );
        assert_eq!(command(Engine::Local, serde_json::Value::Null), None);
    }
}
