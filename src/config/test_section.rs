//! `test:` of `loadforge.yml`: what to run and in which shape.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::gate_list::gate_list;
use super::{Duration, TargetsSection};
use crate::gate::GateLine;

/// What to run and in which shape.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TestSection {
    /// A saved LoadForge test by its id.
    pub id: Option<u64>,
    /// A saved LoadForge test by its name.
    pub name: Option<String>,
    /// A Locust script kept in the repository, relative to this file.
    pub locustfile: Option<String>,
    /// Several Locust scripts that run together, in place of `locustfile`.
    pub locustfiles: Vec<String>,
    /// The folder that Locust runs in a copy of, relative to this file. Default: the script's own.
    pub folder: Option<String>,
    /// What is copied although `.gitignore` or a name that begins with a dot leaves it out; lines of `.gitignore`'s syntax.
    pub include: Vec<String>,
    /// What is not copied; lines of `.gitignore`'s syntax.
    pub exclude: Vec<String>,
    /// Packages the script needs (local engine): a requirements file relative to this file, or a `pyproject.toml` with its
    /// extras: `pyproject.toml[perf]`.
    pub requirements: Option<String>,
    /// Run only tasks with one of these tags (local engine).
    pub tags: Vec<String>,
    /// Run no task with one of these tags (local engine).
    pub exclude_tags: Vec<String>,
    /// The user classes to run (local engine). Default: all.
    pub user_classes: Vec<String>,
    /// Arguments that the script defines itself, as on Locust's command line (local engine).
    pub locust_args: Vec<String>,
    /// Peak number of users.
    #[schemars(range(min = 1))]
    pub users: Option<u32>,
    /// Users to start per second.
    #[schemars(range(min = 0))]
    pub spawn_rate: Option<f64>,
    /// Length of the run. LoadForge takes whole minutes, 2 to 720.
    pub duration: Option<Duration>,
    /// Stages with a number of users each, in place of `users` and `duration`: `[{users: 50, for: 2m}, {users: 200, for: 5m}]`.
    /// A load shape of the script's own wins.
    pub stages: Vec<StageEntry>,
    /// Load generators per region, such as `nyc3: 1`.
    pub regions: BTreeMap<String, u32>,
    /// Target of the load: scheme, host and port.
    pub target_host: Option<String>,
    /// Environment variables to pass to the script: `NAME` (copies its current value) or `NAME=VALUE`.
    pub env: Vec<String>,
    /// The overall time limit. Default: duration + 15 minutes.
    pub timeout: Option<Duration>,
    /// Whether the script is meant to end the run by itself, before its time is over (local engine). Default: false, and
    /// such a run is inconclusive.
    pub ends_itself: Option<bool>,
    /// The name under which `sync` keeps this test on LoadForge. Default: its name under `tests`.
    pub saved_as: Option<String>,
    /// What LoadForge itself demands of each run, which `sync` saves with the test.
    pub targets: TargetsSection,
    /// Gates of this test, beside those of the whole file.
    #[schemars(with = "Vec<GateLine>")]
    #[serde(deserialize_with = "gate_list")]
    pub gates: Vec<Spanned<GateLine>>,
    /// Owners of this test's endpoints, over those of the whole file.
    pub owners: BTreeMap<String, String>,
}

/// One stage as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageEntry {
    /// The users that run.
    pub users: u32,
    /// How long, the change from the users before included.
    #[serde(rename = "for")]
    pub length: Duration,
}

impl TestSection {
    /// How many of id, name, locustfile and locustfiles are given.
    pub(super) fn sources(&self) -> usize {
        let given = [self.id.is_some(), self.name.is_some(), self.locustfile.is_some(), !self.locustfiles.is_empty()];
        given.into_iter().filter(|given| *given).count()
    }

    pub(super) fn merge(&mut self, over: Self) {
        // One source replaces the other: a profile may run a script where the file names a saved test.
        if over.sources() > 0 {
            self.id = over.id;
            self.name = over.name;
            self.locustfile = over.locustfile;
            self.locustfiles = over.locustfiles;
        }
        self.folder = over.folder.or(self.folder.take());
        self.requirements = over.requirements.or(self.requirements.take());
        for (list, over) in [
            (&mut self.include, over.include),
            (&mut self.exclude, over.exclude),
            (&mut self.tags, over.tags),
            (&mut self.exclude_tags, over.exclude_tags),
            (&mut self.user_classes, over.user_classes),
            (&mut self.locust_args, over.locust_args),
            (&mut self.env, over.env),
        ] {
            if !over.is_empty() {
                *list = over;
            }
        }
        // Users and length come from one place: stages replace them, and they replace stages.
        if !over.stages.is_empty() {
            (self.users, self.duration) = (None, None);
            self.stages = over.stages;
        } else if over.users.is_some() || over.duration.is_some() {
            self.stages = Vec::new();
        }
        self.users = over.users.or(self.users);
        self.spawn_rate = over.spawn_rate.or(self.spawn_rate);
        self.duration = over.duration.or(self.duration);
        if !over.regions.is_empty() {
            self.regions = over.regions;
        }
        self.target_host = over.target_host.or(self.target_host.take());
        self.timeout = over.timeout.or(self.timeout);
        self.ends_itself = over.ends_itself.or(self.ends_itself);
        self.saved_as = over.saved_as.or(self.saved_as.take());
        self.targets.merge(over.targets);
        if !over.gates.is_empty() {
            self.gates = over.gates;
        }
        self.owners.extend(over.owners);
    }

    /// What is wrong with the stages: the message and what to do.
    pub(super) fn fault_of_stages(&self) -> Option<(&'static str, &'static str)> {
        if self.stages.is_empty() {
            None
        } else if self.users.is_some() || self.duration.is_some() {
            Some(("stages decide users and length, and `users` or `duration` is given too", "keep one of the two"))
        } else if self.stages.iter().all(|stage| stage.users == 0) {
            Some(("no stage has users", "write the users of each stage: `{users: 50, for: 2m}`"))
        } else if self.stages.iter().any(|stage| stage.length.as_secs() < 1.0) {
            Some(("a stage lasts less than a second", "write how long each stage lasts: `{users: 50, for: 2m}`"))
        } else {
            None
        }
    }

    /// Whether this is a key of the section.
    pub(super) fn has_key(key: &str) -> bool {
        let schema = schemars::schema_for!(Self);
        schema.get("properties").and_then(|properties| properties.get(key)).is_some()
    }

    /// The texts in which `${NAME}` is expanded.
    pub(super) fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let single = [
            &mut self.name,
            &mut self.saved_as,
            &mut self.locustfile,
            &mut self.target_host,
            &mut self.folder,
            &mut self.requirements,
        ];
        let lists = [
            &mut self.locustfiles,
            &mut self.include,
            &mut self.exclude,
            &mut self.tags,
            &mut self.exclude_tags,
            &mut self.user_classes,
            &mut self.locust_args,
            &mut self.env,
        ];
        single.into_iter().flatten().chain(lists.into_iter().flatten())
    }

    /// Finds every path from where the file is.
    pub(super) fn place(&mut self, folder: &Path) {
        let paths = [&mut self.locustfile, &mut self.folder, &mut self.requirements];
        for path in paths.into_iter().flatten().chain(&mut self.locustfiles) {
            *path = folder.join(&path).to_string_lossy().into_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::config::{Variables, load};
    use crate::results::ConfigChoice;

    #[test]
    fn a_script_is_named_from_where_the_file_is() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("loadforge.yml");
        fs::write(&file, "test: { locustfile: perf/checkout.py }").unwrap();
        let config = load(Some(&file), ConfigChoice::default(), [], Variables::All).unwrap();
        assert_eq!(config.test.locustfile, Some(dir.path().join("perf/checkout.py").display().to_string()));
    }

    #[test]
    fn stages_replace_users_and_length_and_are_replaced_by_them() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("loadforge.yml");
        let read = |text: &str, profile: Option<&str>| {
            fs::write(&file, text).unwrap();
            load(Some(&file), ConfigChoice { name: None, profile }, None, Variables::All)
                .map_err(|fault| fault.to_string())
        };
        let text = "test: { spawn_rate: 3, stages: [{users: 5, for: 1m}, {users: 9, for: 90s}] }\n\
                    profiles: { quick: { test: { users: 2 } } }\n";
        let whole = read(text, None).unwrap().test;
        let stages: Vec<_> = whole.stages.iter().map(|stage| (stage.users, stage.length.as_secs())).collect();
        assert_eq!((stages, whole.users), (vec![(5, 60.0), (9, 90.0)], None));
        let quick = read(text, Some("quick")).unwrap().test;
        assert_eq!((quick.stages.len(), quick.users), (0, Some(2)));
        for (text, words) in [
            ("test: { users: 5, stages: [{users: 5, for: 1m}] }", "stages decide users and length"),
            ("test: { stages: [{users: 0, for: 1m}] }", "no stage has users"),
            ("test: { stages: [{users: 1, for: 1ms}] }", "stage"),
            ("test: { stages: [{users: 1, fro: 1m}] }", "unknown key `fro`"),
            ("stages: [{users: 1, for: 1m}]", "unknown key `stages`"),
        ] {
            let fault = read(text, None).unwrap_err();
            assert!(fault.contains(words), "{fault}");
        }
    }

    #[test]
    fn a_named_test_lies_over_what_the_tests_have_in_common_and_under_a_profile() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("loadforge.yml");
        let read = |text: &str, name: Option<&str>, profile: Option<&str>, variables| {
            fs::write(&file, text).unwrap();
            load(Some(&file), ConfigChoice { name, profile }, None, variables).map_err(|fault| fault.to_string())
        };
        let text = "test: { users: 5, duration: 2m, owners: { a: \"@x\" } }\ngates: [p95 < 1s]\n\
                    tests:\n  buy: { locustfile: buy.py, users: 9, gates: [rps > 1/s], owners: { b: \"@y\" } }\n  \
                    look: { id: 7 }\nprofiles: { quick: { test: { users: 1 } } }\n";
        let buy = read(text, Some("buy"), None, Variables::All).unwrap();
        let gates: Vec<String> = buy.gates.iter().map(|placed| placed.gate.to_string()).collect();
        assert_eq!(gates, ["p95 < 1s", "rps > 1/s"]);
        assert_eq!((buy.test.users, buy.test.duration.unwrap().as_secs(), buy.tests.len()), (Some(9), 120.0, 2));
        assert_eq!(read(text, Some("buy"), Some("quick"), Variables::All).unwrap().test.users, Some(1));
        assert_eq!(read(text, Some("look"), None, Variables::All).unwrap().gates.len(), 1);
        let none = read(text, None, None, Variables::All).unwrap_err();
        assert!(none.ends_with("has several tests, and --name picks none of them"), "{none}");
        let other = read(text, Some("bye"), None, Variables::All).unwrap_err();
        assert!(other.ends_with("has no test `bye`"), "{other}");
        // One that is not picked is checked too.
        let bad = "tests:\n  a: { id: 1 }\n  b:\n    gates: [p95 < 5]\n";
        assert!(read(bad, Some("a"), None, Variables::All).unwrap_err().contains(":4:"));
        // Judging needs no variable of a test, and loses none of its gates.
        let open = "tests:\n  a:\n    target_host: \"${HOST}\"\n    users: ${USERS}\n    gates: [p95 < 5s]\n";
        assert_eq!(read(open, Some("a"), None, Variables::OutsideTest).unwrap().gates.len(), 1);
        assert!(read(open, Some("a"), None, Variables::All).unwrap_err().contains("is not set"));
    }
}
