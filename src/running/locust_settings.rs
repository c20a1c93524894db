//! What Locust's own configuration files set for a script, none of which reaches a run.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::cli::RunArgs;
use crate::config::Config;
use crate::loadforge::RunPlan;
use crate::locust::{ConfiguredSettings, locust_conf_settings, pyproject_settings};
use crate::results::{Engine, TestSource};
use crate::text::counted;

/// The most that is read of a configuration file, bytes.
const MOST_BYTES: u64 = 1 << 20;

/// The most settings that are named.
const MOST_NAMED: usize = 20;

/// Settings that change nothing here: the script is named, and no run has a user interface.
const WITHOUT_MEANING: [&str; 2] = ["headless", "locustfile"];

/// Warns of settings in Locust's configuration files, which a run does not read: the file, the names of the settings, and
/// what sets the same here. A setting that the run was given otherwise is left out: Locust would not use the file's either.
pub(crate) fn warn_of_locust_settings(arguments: &RunArgs, config: &Config, plan: &RunPlan) {
    let TestSource::Script(script) = &plan.test else { return };
    let given = Given::of(arguments, config, plan);
    for (shown, settings) in configured(Path::new(&script.path)) {
        if let Some(warning) = warning(&shown, &settings, &given) {
            tracing::warn!("{warning}");
        }
    }
}

/// The settings of every file that Locust would read, with the file as it is shown.
fn configured(script: &Path) -> Vec<(String, ConfiguredSettings)> {
    let beside = script.parent().unwrap_or(Path::new(""));
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    for folder in [beside, Path::new("")] {
        for name in ["locust.conf", "pyproject.toml"] {
            let path = folder.join(name);
            files.push((path.display().to_string(), path));
        }
    }
    if let Some(home) = env::var_os("HOME").filter(|home| !home.is_empty()) {
        files.push(("~/.locust.conf".to_owned(), Path::new(&home).join(".locust.conf")));
    }
    let mut seen = BTreeSet::new();
    files
        .into_iter()
        .filter(|(_, path)| fs::canonicalize(path).is_ok_and(|whole| seen.insert(whole)))
        .filter_map(|(shown, path)| {
            let text = read(&path)?;
            let is_toml = path.extension().is_some_and(|extension| extension == "toml");
            Some((shown, if is_toml { pyproject_settings(&text) } else { locust_conf_settings(&text) }))
        })
        .collect()
}

/// The first part of a file; `None` where it is no file that can be read.
fn read(path: &Path) -> Option<String> {
    // Anything but a plain file, such as a pipe, could keep us waiting.
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// What a run was given by flags, our configuration file or variables.
struct Given {
    engine: Engine,
    settings: Vec<&'static str>,
}

impl Given {
    fn of(arguments: &RunArgs, config: &Config, plan: &RunPlan) -> Self {
        let is_local = plan.engine == Engine::Local;
        let variable = |name| is_local && env::var_os(name).is_some();
        let settings = [
            ("users", plan.users.is_some()),
            ("spawn-rate", plan.spawn_rate.is_some()),
            ("run-time", arguments.shape.duration.or(config.test.duration).is_some()),
            ("host", plan.target_host.is_some()),
            ("processes", is_local && arguments.processes.is_some()),
            ("tags", variable("LOCUST_TAGS")),
            ("exclude-tags", variable("LOCUST_EXCLUDE_TAGS")),
            ("loglevel", variable("LOCUST_LOGLEVEL")),
        ];
        let settings = settings.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name).collect();
        Self { engine: plan.engine, settings }
    }
}

/// What sets the same as a setting of Locust.
fn equivalent(name: &str, engine: Engine) -> Option<&'static str> {
    match name {
        "users" => Some("--users or test.users"),
        "spawn-rate" => Some("--spawn-rate or test.spawn_rate"),
        "run-time" => Some("--duration or test.duration"),
        "host" => Some("--target-host or test.target_host"),
        "processes" if engine == Engine::Local => Some("--processes"),
        "tags" if engine == Engine::Local => Some("the variable LOCUST_TAGS"),
        "exclude-tags" if engine == Engine::Local => Some("the variable LOCUST_EXCLUDE_TAGS"),
        "loglevel" if engine == Engine::Local => Some("the variable LOCUST_LOGLEVEL"),
        _ => None,
    }
}

/// The warning about a file; `None` where it sets nothing that the run lacks.
fn warning(file: &str, settings: &ConfiguredSettings, given: &Given) -> Option<String> {
    let unused = |name: &&str| !WITHOUT_MEANING.contains(name) && !given.settings.contains(name);
    let names: Vec<&str> = settings.names.iter().map(String::as_str).filter(unused).collect();
    let mut shown: Vec<String> = names.iter().take(MOST_NAMED).map(|name| (*name).to_owned()).collect();
    let more = names.len().saturating_sub(MOST_NAMED) + settings.unnamed;
    if more > 0 {
        let other = if shown.is_empty() { "" } else { "other " };
        shown.push(counted(more, &format!("{other}setting")));
    }
    if shown.is_empty() {
        return None;
    }
    let hints: Vec<String> =
        names.iter().filter_map(|name| Some(format!("for {name} use {}", equivalent(name, given.engine)?))).collect();
    let hint = if hints.is_empty() { String::new() } else { format!("\nhint: {}", hints.join(", ")) };
    Some(format!("Locust's configuration in {file} is not read; without effect: {}{hint}", shown.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(names: &[&str], unnamed: usize) -> ConfiguredSettings {
        ConfiguredSettings { names: names.iter().map(|name| (*name).to_owned()).collect(), unnamed }
    }

    #[test]
    fn each_unused_setting_is_named_with_what_sets_the_same() {
        let nothing = |engine| Given { engine, settings: Vec::new() };
        let all = settings(&["users", "spawn-rate", "run-time", "host", "processes", "tags", "csv"], 1);
        let local = warning("locust.conf", &all, &nothing(Engine::Local)).unwrap();
        insta::assert_snapshot!(local, @"
        Locust's configuration in locust.conf is not read; without effect: users, spawn-rate, run-time, host, processes, tags, csv, 1 other setting
        hint: for users use --users or test.users, for spawn-rate use --spawn-rate or test.spawn_rate, for run-time use --duration or test.duration, for host use --target-host or test.target_host, for processes use --processes, for tags use the variable LOCUST_TAGS
        ");
        let cloud = warning("locust.conf", &settings(&["processes", "tags"], 0), &nothing(Engine::Loadforge)).unwrap();
        assert!(cloud.ends_with("without effect: processes, tags"), "{cloud}");
        let many: Vec<String> = (0..50).map(|number| format!("option-{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let many = warning("locust.conf", &settings(&many, 0), &nothing(Engine::Local)).unwrap();
        assert!(many.ends_with("option-19, 30 other settings"), "{many}");
    }

    #[test]
    fn what_the_run_was_given_and_what_means_nothing_is_no_warning() {
        let given = Given { engine: Engine::Local, settings: vec!["users", "host"] };
        assert_eq!(warning("locust.conf", &settings(&["users", "host", "headless", "locustfile"], 0), &given), None);
        let other = warning("locust.conf", &settings(&["users", "run-time"], 0), &given).unwrap();
        assert!(!other.contains("users") && other.contains("--duration"), "{other}");
    }

    #[test]
    fn a_folder_in_the_place_of_a_file_and_a_long_file_are_no_trouble() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()), None);
        let path = folder.path().join("locust.conf");
        fs::write(&path, "users = 1\n".repeat(200_000)).unwrap();
        assert_eq!(read(&path).unwrap().len() as u64, MOST_BYTES);
        assert_eq!(read(&folder.path().join("missing")), None);
    }
}
