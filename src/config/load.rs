//! Reading `loadforge.yml`.

use std::collections::HashMap;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_saphyr::{Error as YamlError, Location, Spanned};

use super::error::{self, ConfigError};
use super::expand::{DOLLAR, UNSET, variable};
use super::find::text_of;
use super::judged_test::JudgedTest;
use super::model::{Config, ConfigFile};
use super::owners::Owners;
use super::variables::Variables;
use crate::gate::{GateLine, PlacedGate, Waiver, WaiverEntry, WaiverError};
use crate::results::ConfigChoice;
use crate::verdict::Origin;

/// Reads the configuration, merges the profile into it, and parses every gate and waiver.
///
/// `file` is `None` for the default, which is looked for here and above in the repository and may be missing;
/// `environment` is what `${NAME}` expands from.
///
/// # Errors
/// When the file cannot be read, or its content is wrong: the error names line and column and shows the line.
pub fn load(
    file: Option<&Path>,
    selected: ConfigChoice<'_>,
    environment: impl IntoIterator<Item = (String, String)>,
    variables: Variables,
) -> Result<Config, ConfigError> {
    let (name, text) = text_of(file)?;
    let Some(text) = text else {
        let named = [("--name", selected.name), ("--profile", selected.profile)];
        return match named.into_iter().find_map(|(flag, value)| Some((flag, value?))) {
            Some((flag, value)) => Err(ConfigError::NoFile { file: name, flag, value: value.into() }),
            None => Ok(Config::default()),
        };
    };
    let environment: HashMap<String, String> = environment.into_iter().collect();
    match parse(&name, &text, selected, &environment) {
        Err(fault) if variables == Variables::OutsideTest => {
            parse_without_test(&name, &text, selected, environment).ok_or(fault)
        }
        read => read,
    }
}

fn parse(
    file: &str,
    text: &str,
    selected: ConfigChoice<'_>,
    environment: &HashMap<String, String>,
) -> Result<Config, ConfigError> {
    understand(file, text, selected, read(file, text, environment)?, environment)
}

/// Reads the file with nothing of what it says of the tests but gates and owners, where variables of a test are not set.
/// `None` when that is not
/// what is wrong.
fn parse_without_test(
    file: &str,
    text: &str,
    selected: ConfigChoice<'_>,
    mut environment: HashMap<String, String>,
) -> Option<Config> {
    let mut unset = Vec::new();
    let mut rest = text;
    while let Some((_, name, after)) = variable(rest) {
        if !environment.contains_key(name) {
            environment.insert(name.to_owned(), format!("{UNSET}{name}"));
            unset.push(name);
        }
        rest = after;
    }
    if unset.is_empty() {
        return None;
    }
    let written = read::<JudgedTest>(file, text, &environment).ok()?.without_test();
    let config = understand(file, text, selected, written, &environment).ok()?;
    // Whatever holds one of them is not the test's alone.
    if format!("{config:?}").contains(&UNSET.escape_debug().to_string()) {
        return None;
    }
    tracing::debug!("left out what {file} says of the test, because {} is not set", unset.join(", "));
    Some(config)
}

/// Reads the YAML; `${NAME}` in plain scalars is expanded.
pub(super) fn read<T: Default + DeserializeOwned>(
    file: &str,
    text: &str,
    environment: &HashMap<String, String>,
) -> Result<ConfigFile<T>, ConfigError> {
    let values = environment.iter().map(|(name, value)| (name.clone(), value.replace('$', &DOLLAR.to_string())));
    let options = serde_saphyr::options! { with_snippet: false }.with_properties(values.collect::<HashMap<_, _>>());
    // A file of comments alone is an empty configuration.
    let read = serde_saphyr::from_str_with_options::<Option<ConfigFile<T>>>(text, options);
    let read = read.map_err(|fault| error::of_yaml(file, text, &with_its_words::<T>(text, fault)));
    Ok(read?.unwrap_or_default())
}

/// The same error with its own words. The YAML reader withholds them after it has expanded a variable, which could be
/// in them; without variables it shows them. Where the value itself comes from a variable they stay withheld.
fn with_its_words<T: Default + DeserializeOwned>(text: &str, fault: YamlError) -> YamlError {
    if !fault.without_snippet().to_string().contains("interpolated") {
        return fault;
    }
    let options = serde_saphyr::options! { with_snippet: false };
    match serde_saphyr::from_str_with_options::<Option<ConfigFile<T>>>(text, options) {
        Err(same) if same.location() == fault.location() => same,
        _ => fault,
    }
}

fn understand(
    file: &str,
    text: &str,
    selected: ConfigChoice<'_>,
    mut config: ConfigFile,
    environment: &HashMap<String, String>,
) -> Result<Config, ConfigError> {
    // A profile that is not asked for is checked too.
    for lines in config.profiles.values().filter_map(|profile| profile.gates.as_ref()) {
        gates(file, lines)?;
    }
    for stop in config.profiles.values().filter_map(|profile| profile.stop.as_ref()) {
        stop.rules(file, text)?;
    }
    gates(file, &config.gates)?;
    let tests: Vec<String> = config.tests.keys().cloned().collect();
    for test in config.tests.values() {
        gates(file, &test.gates)?;
    }
    take_test(file, &mut config, selected.name)?;
    if let Some(name) = selected.profile {
        let Some(found) = config.profiles.remove(name) else {
            let known = config.profiles.into_keys().collect();
            return Err(ConfigError::Profile { file: file.into(), name: name.into(), known });
        };
        config.merge(found);
    }
    check(file, text, &config)?;
    expand_quoted(file, text, &mut config, environment)?;
    Ok(Config { tests, ..typed(file, text, config)? })
}

/// Puts the named test over what the tests have in common.
fn take_test(file: &str, config: &mut ConfigFile, name: Option<&str>) -> Result<(), ConfigError> {
    let mut tests = std::mem::take(&mut config.tests);
    let Some(name) = name else {
        return if tests.is_empty() || config.test.sources() > 0 {
            Ok(())
        } else {
            Err(ConfigError::SeveralTests { file: file.into(), known: tests.into_keys().collect() })
        };
    };
    match tests.remove(name) {
        Some(test) => config.test.merge(test),
        None => {
            let known = tests.into_keys().collect();
            return Err(ConfigError::Test { file: file.into(), name: name.into(), known });
        }
    }
    Ok(())
}

/// The configuration with its gates and waivers parsed and placed, and its script found from where the file is.
fn typed(file: &str, text: &str, mut written: ConfigFile) -> Result<Config, ConfigError> {
    written.test.place(Path::new(file).parent().unwrap_or_else(|| Path::new("")));
    let of_test = gates(file, &written.test.gates)?;
    written.owners.extend(std::mem::take(&mut written.test.owners));
    Ok(Config {
        test: written.test,
        tests: Vec::new(),
        guard: written.guard,
        gates: gates(file, &written.gates)?.into_iter().chain(of_test).collect(),
        stop: written.stop.rules(file, text)?,
        owners: Owners::of(file, text, &written.owners, &written.ownership)?,
        waivers: written.waivers.into_iter().map(|entry| waiver(file, text, entry)).collect::<Result<_, _>>()?,
        baseline: written.baseline,
        confirm: written.confirm,
        control: written.control,
        on_inconclusive: written.on_inconclusive,
        loadforge_targets: written.loadforge_targets,
        attempts: written.attempts,
    })
}

/// Parses gates, each with its place.
fn gates(file: &str, lines: &[Spanned<GateLine>]) -> Result<Vec<PlacedGate>, ConfigError> {
    let parsed = lines.iter().map(|line| match line.value.0.replace(DOLLAR, "$").parse() {
        Ok(gate) => Ok(PlacedGate { gate, origin: origin(file, line.referenced) }),
        Err(fault) => Err(error::of_gate(file, line.referenced, Box::new(fault))),
    });
    parsed.collect()
}

/// Checks a waiver and places it.
fn waiver(file: &str, text: &str, entry: Spanned<WaiverEntry>) -> Result<Waiver, ConfigError> {
    let place = entry.referenced;
    match Waiver::try_from(entry.value) {
        Ok(waiver) => Ok(Waiver { origin: origin(file, place), ..waiver }),
        Err(WaiverError::Text { place, fault }) => Err(error::of_gate(file, place, fault)),
        Err(WaiverError::Values(message)) => Err(error::at(file, text, place, message, None)),
    }
}

fn origin(file: &str, place: Location) -> Origin {
    Origin::File { path: file.into(), line: u32::try_from(place.line()).unwrap_or(u32::MAX) }
}

/// What no type can say.
fn check(file: &str, text: &str, config: &ConfigFile) -> Result<(), ConfigError> {
    let fault = |key: &str, message: &str, hint: &str| Err(error::at_key(file, text, key, message.into(), hint));
    let test = &config.test;
    if test.sources() > 1 {
        return fault(
            "test",
            "more than one of id, name, locustfile and locustfiles is given",
            "keep the one that should run",
        );
    }
    if test.users == Some(0) {
        return fault("users", "users must be at least 1", "write the peak number of users");
    }
    if test.spawn_rate.is_some_and(|rate| !rate.is_finite() || rate <= 0.0) {
        return fault("spawn_rate", "spawn_rate must be above 0", "write how many users to start per second");
    }
    if let Some((message, hint)) = test.fault_of_stages() {
        return fault("stages", message, hint);
    }
    if config.baseline.runs == Some(0) {
        return fault("runs", "baseline.runs must be at least 1", "write how many good runs to compare with");
    }
    if config.confirm.runs.is_some_and(|runs| runs > 2) {
        return fault("confirm", "confirm.runs must be at most 2", "write 0, 1 or 2 further runs");
    }
    Ok(())
}

/// The YAML reader expands `${NAME}` in plain scalars; here quoted ones follow suit.
fn expand_quoted(
    file: &str,
    text: &str,
    config: &mut ConfigFile,
    environment: &HashMap<String, String>,
) -> Result<(), ConfigError> {
    let others = [&mut config.baseline.branch, &mut config.control.target_host];
    let texts = config.test.texts().chain(others.into_iter().flatten()).chain(&mut config.guard.allowed_hosts);
    for value in texts {
        let mut expanded = String::new();
        let mut rest = value.as_str();
        while let Some((before, name, after)) = variable(rest) {
            let Some(found) = environment.get(name) else {
                let message = format!("the environment variable {name} is not set");
                return Err(error::at_key(file, text, &format!("${{{name}}}"), message, &error::unset_hint(name)));
            };
            expanded.push_str(before);
            expanded.push_str(found);
            rest = after;
        }
        expanded.push_str(rest);
        *value = expanded.replace(DOLLAR, "$");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
