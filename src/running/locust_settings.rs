//! What Locust's own configuration files set for a script: the project's are honored, this machine's are not.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use url::Url;

use super::secrets::register_address;
use crate::cli::RunArgs;
use crate::config::Config;
use crate::error::CommandError;
use crate::loadforge::{RunPlan, ScriptFile};
use crate::locust::process::is_reserved;
use crate::locust::{ConfiguredSettings, locust_conf_settings, pyproject_settings};
use crate::redact::shown_address;
use crate::results::{Engine, TestSource};
use crate::text::counted;

/// The most that is read of a configuration file, bytes.
const MOST_BYTES: u64 = 1 << 20;

/// The most settings that are named.
const MOST_NAMED: usize = 20;

/// Settings that change nothing here: the script is named, and no run has a user interface.
const WITHOUT_MEANING: [&str; 2] = ["headless", "locustfile"];

/// The configuration files of a script, each before those that win over it.
#[derive(Debug, Default)]
pub(super) struct LocustFiles(Vec<LocustFile>);

#[derive(Debug)]
struct LocustFile {
    /// As it is shown.
    shown: String,
    settings: ConfiguredSettings,
    /// Whether it belongs to the machine and not to the project.
    is_of_machine: bool,
}

impl LocustFiles {
    /// Those of a script: in the folder of the command, and in the one that Locust runs in. A saved test has none.
    pub(super) fn of_test(test: &TestSource<ScriptFile>) -> Self {
        let TestSource::Script(script) = test else { return Self::default() };
        let first = script.path.split(',').next().unwrap_or_default();
        let own = script
            .options
            .folder
            .as_deref()
            .map_or_else(|| Path::new(first).parent(), |folder| Some(Path::new(folder)));
        let mut files: Vec<(String, PathBuf, bool)> = Vec::new();
        if let Some(home) = env::var_os("HOME").filter(|home| !home.is_empty()) {
            files.push(("~/.locust.conf".to_owned(), Path::new(&home).join(".locust.conf"), true));
        }
        for folder in [Path::new(""), own.unwrap_or(Path::new(""))] {
            for name in ["locust.conf", "pyproject.toml"] {
                let path = folder.join(name);
                files.push((path.display().to_string(), path, false));
            }
        }
        let mut seen = BTreeSet::new();
        let read = |(shown, path, is_of_machine): (String, PathBuf, bool)| {
            let text = read(&path)?;
            let is_toml = path.extension().is_some_and(|extension| extension == "toml");
            let settings = if is_toml { pyproject_settings(&text) } else { locust_conf_settings(&text) };
            Some(LocustFile { shown, settings, is_of_machine })
        };
        let exists =
            |(_, path, _): &(String, PathBuf, bool)| fs::canonicalize(path).is_ok_and(|whole| seen.insert(whole));
        Self(files.into_iter().filter(exists).filter_map(read).collect())
    }

    /// The value of a setting of the project, and the file it is in.
    fn value(&self, name: &str) -> Option<(&str, &str)> {
        let of_project = self.0.iter().rev().filter(|file| !file.is_of_machine);
        of_project.into_iter().find_map(|file| Some((file.settings.values.get(name)?.as_str(), file.shown.as_str())))
    }

    /// A number that the project sets.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, CommandError> {
        let Some((value, file)) = self.value(name) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| CommandError::usage(format!("{file}: {name} `{value}` is not a number")))
    }

    /// The length of the run, s, as Locust writes it: `90`, `90s`, `1h30m`.
    pub(super) fn duration(&self) -> Result<Option<f64>, CommandError> {
        let Some((value, file)) = self.value("run-time") else { return Ok(None) };
        let fault = || CommandError::usage(format!("{file}: run-time `{value}` is not a time such as 90s or 1h30m"));
        let (mut seconds, mut number) = (0.0, String::new());
        for letter in value.chars() {
            let unit = match letter {
                '0'..='9' => {
                    number.push(letter);
                    continue;
                }
                's' => 1.0,
                'm' => 60.0,
                'h' => 3600.0,
                _ => return Err(fault()),
            };
            seconds += number.parse::<f64>().map_err(|_| fault())? * unit;
            number.clear();
        }
        let rest = if number.is_empty() { 0.0 } else { number.parse().map_err(|_| fault())? };
        Ok(Some(seconds + rest))
    }

    /// The target host that the project sets.
    pub(super) fn host(&self) -> Result<Option<Url>, CommandError> {
        let Some((value, file)) = self.value("host") else { return Ok(None) };
        value.parse().inspect(register_address).map(Some).map_err(|cause| {
            CommandError::usage(format!("{file}: host `{}` is not a URL: {cause}", shown_address(value)))
                .with_hint("write scheme and host, such as https://staging.example.com, or set --target-host")
        })
    }

    /// Processes of the local engine; below 1 means as many as fit, here and in Locust.
    pub(super) fn processes(&self) -> Result<Option<u32>, CommandError> {
        Ok(self.number::<i64>("processes")?.and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0))
    }
}

/// The first part of a file; `None` where it is no file that can be read.
fn read(path: &Path) -> Option<String> {
    // Anything but a plain file, such as a pipe, could keep us waiting.
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Logs what a run takes from Locust's configuration files, and warns of what it does not: names, never values.
pub(crate) fn report_locust_settings(arguments: &RunArgs, config: &Config, plan: &RunPlan) {
    let given = given(arguments, config);
    for file in &LocustFiles::of_test(&plan.test).0 {
        let (used, unused) = sorted(file, plan.engine, &given);
        if !used.is_empty() {
            tracing::info!("from Locust's configuration in {}: {}", file.shown, used.join(", "));
        }
        if let Some(warning) = warning(file, &unused, plan.engine) {
            tracing::warn!("{warning}");
        }
    }
}

/// The settings that flags or our own configuration give, so that a file's do not count.
fn given(arguments: &RunArgs, config: &Config) -> Vec<&'static str> {
    let RunArgs { shape, project, processes, .. } = arguments;
    let test = &config.test;
    let given = [
        ("users", shape.users.or(test.users).is_some()),
        ("spawn-rate", shape.spawn_rate.or(test.spawn_rate).is_some()),
        ("run-time", shape.duration.or(test.duration).is_some()),
        ("host", shape.target_host.is_some() || test.target_host.is_some()),
        ("processes", processes.is_some()),
        ("tags", !project.tag.is_empty() || !test.tags.is_empty() || env::var_os("LOCUST_TAGS").is_some()),
        ("exclude-tags", !project.exclude_tag.is_empty() || !test.exclude_tags.is_empty()),
        ("loglevel", env::var_os("LOCUST_LOGLEVEL").is_some()),
    ];
    given.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name).collect()
}

/// The settings of a file that the run takes, and those that have no effect; those given otherwise are neither.
fn sorted<'a>(file: &'a LocustFile, engine: Engine, given: &[&str]) -> (Vec<&'a str>, Vec<&'a str>) {
    let names = file.settings.names.iter().map(String::as_str);
    let counts = |name: &&str| !WITHOUT_MEANING.contains(name) && !given.contains(name);
    let is_used = |name: &&str| {
        let is_planned = file.settings.values.contains_key(*name) && (*name != "processes" || engine == Engine::Local);
        !file.is_of_machine && (is_planned || (engine == Engine::Local && !is_reserved(name)))
    };
    names.filter(counts).partition(is_used)
}

/// What sets the same as a setting of Locust.
fn equivalent(name: &str, engine: Engine) -> Option<&'static str> {
    match name {
        "users" => Some("--users or test.users"),
        "spawn-rate" => Some("--spawn-rate or test.spawn_rate"),
        "run-time" => Some("--duration or test.duration"),
        "host" => Some("--target-host or test.target_host"),
        "processes" if engine == Engine::Local => Some("--processes"),
        "tags" if engine == Engine::Local => Some("--tag or test.tags"),
        "exclude-tags" if engine == Engine::Local => Some("--exclude-tag or test.exclude_tags"),
        "loglevel" if engine == Engine::Local => Some("the variable LOCUST_LOGLEVEL"),
        _ => None,
    }
}

/// The warning about settings of a file that have no effect; `None` where there are none.
fn warning(file: &LocustFile, unused: &[&str], engine: Engine) -> Option<String> {
    let mut shown: Vec<String> = unused.iter().take(MOST_NAMED).map(|name| (*name).to_owned()).collect();
    let unnamed = if file.is_of_machine || engine == Engine::Loadforge { file.settings.unnamed } else { 0 };
    let more = unused.len().saturating_sub(MOST_NAMED) + unnamed;
    if more > 0 {
        let other = if shown.is_empty() { "" } else { "other " };
        shown.push(counted(more, &format!("{other}setting")));
    }
    if shown.is_empty() {
        return None;
    }
    let hints: Vec<String> =
        unused.iter().filter_map(|name| Some(format!("for {name} use {}", equivalent(name, engine)?))).collect();
    let hint = if hints.is_empty() { String::new() } else { format!("\nhint: {}", hints.join(", ")) };
    Some(format!("without effect in Locust's configuration in {}: {}{hint}", file.shown, shown.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str, is_of_machine: bool) -> LocustFile {
        LocustFile { shown: "locust.conf".to_owned(), settings: locust_conf_settings(text), is_of_machine }
    }

    fn warned(file: &LocustFile, engine: Engine, given: &[&str]) -> String {
        warning(file, &sorted(file, engine, given).1, engine).unwrap_or_default()
    }

    const ALL: &str = "users = 1\nspawn-rate = 2\nrun-time = 1m\nhost = http://h\nprocesses = 2\ntags = smoke\ncsv = x\n\
                       tenant = acme\nheadless = true\n";

    #[test]
    fn the_projects_settings_are_taken_and_a_machines_are_not() {
        let (used, unused) = (file(ALL, false), file(ALL, true));
        let all = ["users", "spawn-rate", "run-time", "host", "processes", "tags", "tenant"];
        assert_eq!(sorted(&used, Engine::Local, &[]).0, all);
        insta::assert_snapshot!(warned(&used, Engine::Local, &[]), @"without effect in Locust's configuration in locust.conf: csv");
        assert_eq!(sorted(&used, Engine::Loadforge, &["host"]).0, ["users", "spawn-rate", "run-time"]);
        insta::assert_snapshot!(warned(&used, Engine::Loadforge, &[]), @"without effect in Locust's configuration in locust.conf: processes, tags, csv, tenant");
        assert!(sorted(&unused, Engine::Local, &[]).0.is_empty());
        insta::assert_snapshot!(warned(&unused, Engine::Local, &["users", "host"]), @"
        without effect in Locust's configuration in locust.conf: spawn-rate, run-time, processes, tags, csv, tenant
        hint: for spawn-rate use --spawn-rate or test.spawn_rate, for run-time use --duration or test.duration, for processes use --processes, for tags use --tag or test.tags
        ");
        let many: String = (0..50).map(|number| format!("csv-{number} = 1\n")).collect();
        let many = warned(&file(&many, false), Engine::Local, &[]);
        assert!(many.ends_with("csv-19, 30 other settings"), "{many}");
    }

    #[test]
    fn the_last_file_wins_and_wrong_values_are_refused() {
        let files = LocustFiles(vec![
            file("users = 1\nrun-time = 1h2m3s\nprocesses = -1\n", false),
            file("users = 5\nhost = nowhere\nspawn-rate = 0.5\n", false),
        ]);
        assert_eq!(files.number("users"), Ok(Some(5_u32)));
        assert_eq!(files.number("spawn-rate"), Ok(Some(0.5)));
        assert_eq!(files.duration(), Ok(Some(3723.0)));
        assert_eq!(files.processes(), Ok(None));
        assert!(files.host().unwrap_err().message.starts_with("locust.conf: host `nowhere` is not a URL"));
        let wrong = LocustFiles(vec![file("users = many\nrun-time = soon\n", false)]);
        assert_eq!(wrong.number::<u32>("users").unwrap_err().message, "locust.conf: users `many` is not a number");
        assert!(wrong.duration().unwrap_err().message.contains("is not a time"));
        assert_eq!(LocustFiles(vec![file("run-time = 90", false)]).duration(), Ok(Some(90.0)));
        assert_eq!(LocustFiles(vec![file("users = 5", true)]).number::<u32>("users"), Ok(None));
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
