//! Reading `loadforge.yml`.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use serde_saphyr::{Location, Spanned};

use super::error::{self, ConfigError};
use super::model::{Config, ConfigFile};
use crate::gate::{GateLine, PlacedGate, Waiver, WaiverEntry, WaiverError};
use crate::verdict::Origin;

/// The file that is read when `--config` is not given; it may be missing.
pub const DEFAULT_FILE: &str = "loadforge.yml";

/// Reads the configuration, merges the profile into it, and parses every gate and waiver.
///
/// `file` is `None` for the default, which may be missing; `environment` is what `${NAME}` expands from.
///
/// # Errors
/// When the file cannot be read, or its content is wrong: the error names line and column and shows the line.
pub fn load(
    file: Option<&Path>,
    profile: Option<&str>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let path = file.unwrap_or_else(|| Path::new(DEFAULT_FILE));
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => parse(&name, &text, profile, environment.into_iter().collect()),
        Err(source) if source.kind() == io::ErrorKind::NotFound && file.is_none() => match profile {
            Some(profile) => Err(ConfigError::ProfileWithoutFile { file: name, name: profile.into() }),
            None => Ok(Config::default()),
        },
        Err(source) => Err(ConfigError::Read { file: name, source }),
    }
}

fn parse(
    file: &str,
    text: &str,
    profile: Option<&str>,
    environment: HashMap<String, String>,
) -> Result<Config, ConfigError> {
    let options = serde_saphyr::options! { with_snippet: false }.with_properties(environment.clone());
    // A file of comments alone is an empty configuration.
    let read = serde_saphyr::from_str_with_options::<Option<ConfigFile>>(text, options);
    let mut config = read.map_err(|fault| error::of_yaml(file, text, &fault))?.unwrap_or_default();
    // A profile that is not asked for is checked too.
    for lines in config.profiles.values().filter_map(|profile| profile.gates.as_ref()) {
        gates(file, lines)?;
    }
    gates(file, &config.gates)?;
    if let Some(name) = profile {
        let Some(found) = config.profiles.remove(name) else {
            let known = config.profiles.into_keys().collect();
            return Err(ConfigError::Profile { file: file.into(), name: name.into(), known });
        };
        config.merge(found);
    }
    check(file, text, &config)?;
    expand_quoted(file, text, &mut config, &environment)?;
    typed(file, text, config)
}

/// The configuration with its gates and waivers parsed and placed, and its script found from where the file is.
fn typed(file: &str, text: &str, written: ConfigFile) -> Result<Config, ConfigError> {
    let ConfigFile { mut test, guard, gates: lines, waivers, baseline, on_inconclusive, loadforge_targets, .. } =
        written;
    let folder = Path::new(file).parent().unwrap_or_else(|| Path::new(""));
    test.locustfile = test.locustfile.map(|script| folder.join(script).to_string_lossy().into_owned());
    Ok(Config {
        test,
        guard,
        gates: gates(file, &lines)?,
        waivers: waivers.into_iter().map(|entry| waiver(file, text, entry)).collect::<Result<_, _>>()?,
        baseline,
        on_inconclusive,
        loadforge_targets,
    })
}

/// Parses gates, each with its place.
fn gates(file: &str, lines: &[Spanned<GateLine>]) -> Result<Vec<PlacedGate>, ConfigError> {
    let parsed = lines.iter().map(|line| match line.value.0.parse() {
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
    let fault = |key: &str, message: &str, hint: &str| Err(place(file, text, key, message.into(), hint));
    let test = &config.test;
    if test.sources() > 1 {
        return fault("test", "more than one of id, name and locustfile is given", "keep the one that should run");
    }
    if test.users == Some(0) {
        return fault("users", "users must be at least 1", "write how many users run at the peak");
    }
    if test.spawn_rate.is_some_and(|rate| !rate.is_finite() || rate <= 0.0) {
        return fault("spawn_rate", "spawn_rate must be above 0", "write how many users are started a second");
    }
    if config.baseline.runs == Some(0) {
        return fault("runs", "baseline.runs must be at least 1", "write how many good runs to compare with");
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
    let test = &mut config.test;
    let optional = [&mut test.name, &mut test.locustfile, &mut test.target_host, &mut config.baseline.branch];
    let texts = optional.into_iter().flatten().chain(&mut test.env).chain(&mut config.guard.allowed_hosts);
    for value in texts {
        let mut expanded = String::new();
        let mut rest = value.as_str();
        while let Some((before, name, after)) = variable(rest) {
            let Some(found) = environment.get(name) else {
                let message = format!("the environment variable {name} is not set");
                return Err(place(file, text, &format!("${{{name}}}"), message, &error::unset_hint(name)));
            };
            expanded.push_str(before);
            expanded.push_str(found);
            rest = after;
        }
        expanded.push_str(rest);
        *value = expanded;
    }
    Ok(())
}

/// Splits at the first `${NAME}`.
fn variable(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (name, after) = rest.split_once('}')?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_name.then_some((before, name, after))
}

/// An error at the first line that holds `key` (a key or a part of a value).
fn place(file: &str, text: &str, key: &str, message: String, hint: &str) -> ConfigError {
    let found = text.lines().enumerate().find_map(|(index, line)| Some((index, line.find(key)?)));
    let (line, column) = found.map_or((1, 1), |(index, column)| (index as u64 + 1, column as u64 + 1));
    error::at_line(file, text, line, column, message, Some(hint.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::CommandError;

    fn read(text: &str, profile: Option<&str>) -> Result<Config, String> {
        let environment = [("STAGING_URL".to_owned(), "https://a: b # c".to_owned())].into();
        parse("loadforge.yml", text, profile, environment).map_err(|error| CommandError::from(error).to_string())
    }

    #[test]
    fn the_whole_file_is_read() {
        let config = read(include_str!("../../tests/fixtures/loadforge.yml"), Some("quick")).unwrap();
        assert_eq!(config.test.id, Some(4217));
        assert_eq!(config.test.users, Some(50));
        assert_eq!(config.test.duration.unwrap().as_secs(), 120.0);
        assert_eq!(config.test.target_host.as_deref(), Some("https://a: b # c"));
        let gates: Vec<_> = config.gates.iter().map(|placed| (&placed.origin, placed.gate.to_string())).collect();
        let origin = Origin::File { path: "loadforge.yml".into(), line: 13 };
        assert_eq!(gates[0], (&origin, "p95 < 500ms".to_owned()));
        assert_eq!(gates[4].1, "warn: rps >= -15% vs baseline");
        assert_eq!(config.baseline.max_age.unwrap().as_secs(), 90.0 * 86_400.0);
    }

    #[test]
    fn quoted_texts_expand_too() {
        let config = read("test: { target_host: \"x${STAGING_URL}y\" }", None).unwrap();
        assert_eq!(config.test.target_host.as_deref(), Some("xhttps://a: b # cy"));
    }

    #[test]
    fn an_empty_file_is_an_empty_configuration() {
        for text in ["", "# nothing here\n", "{}"] {
            assert!(read(text, None).unwrap().gates.is_empty(), "{text:?}");
        }
    }

    #[test]
    fn faults_name_the_place_show_the_line_and_suggest() {
        let faults = [
            "test:\n  userz: 5\n",
            "test:\n  users: 5\n  users: 6\n",
            "test:\n  duration: 5\n",
            "test:\n  users: many\n",
            "on_inconclusive: fial\n",
            "test:\n  target_host: ${NOT_SET}\n",
            "test:\n  target_host: \"${NOT_SET}\"\n",
            "test: { id: 1, name: x }\n",
        ];
        let texts: Vec<_> = faults.iter().map(|text| read(text, None).unwrap_err()).collect();
        insta::assert_snapshot!(texts.join("\n\n"));
    }

    #[test]
    fn a_gate_that_cannot_be_read_names_its_place_in_a_profile_that_is_not_asked_for_too() {
        let bad = "gates:\n  - p95 < 500ms\n  - warn: p59x < 1s\n";
        let in_profile = format!("profiles:\n  quick:\n    {}", bad.replace('\n', "\n    "));
        let faults = [read(bad, None).unwrap_err(), read(&in_profile, None).unwrap_err()];
        insta::assert_snapshot!(faults.join("\n\n"), @r"
        loadforge.yml:3:11: `p59x` is not a percentile
          warn: p59x < 1s
                ^^^^
        hint: write p and a number above 0, at most 100, with at most three decimals: p95, p99.9

        loadforge.yml:5:15: `p59x` is not a percentile
          warn: p59x < 1s
                ^^^^
        hint: write p and a number above 0, at most 100, with at most three decimals: p95, p99.9
        ");
    }

    #[test]
    fn a_waiver_knows_its_place_and_a_bad_one_is_refused() {
        let waiver = |gate: &str, accept: &str| {
            let text = format!(
                "waivers:\n  - gate: {gate}\n    owner: ann\n    reason: index\n    expires: 2026-12-01\n    accept: {accept}\n"
            );
            read(&text, None)
        };
        let placed = waiver("p95 < 500ms", "1s").unwrap();
        assert_eq!(placed.waivers[0].origin, Origin::File { path: "loadforge.yml".into(), line: 2 });
        let faults = [("p59x < 1s", "1s"), ("p95 < 500ms", "1 banana"), ("p95 < 500ms", "5%")]
            .map(|(gate, accept)| waiver(gate, accept).unwrap_err());
        insta::assert_snapshot!(faults.join("\n\n"), @r"
        loadforge.yml:2:11: `p59x` is not a percentile
          p59x < 1s
          ^^^^
        hint: write p and a number above 0, at most 100, with at most three decimals: p95, p99.9

        loadforge.yml:6:13: unknown unit `banana`
          1 banana
          ^^^^^^^^
        hint: write a value such as 1200ms, 5%, 40/s or 12, or a change such as +60%

        loadforge.yml:2:5: `accept: 5%` does not fit the gate `p95 < 500ms`: write a response time such as 1200ms
        2 |   - gate: p95 < 500ms
          |     ^
        ");
    }

    #[test]
    fn a_script_is_named_from_where_the_file_is() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("loadforge.yml");
        fs::write(&file, "test: { locustfile: perf/checkout.py }").unwrap();
        let config = load(Some(&file), None, []).unwrap();
        assert_eq!(config.test.locustfile, Some(dir.path().join("perf/checkout.py").display().to_string()));
    }

    #[test]
    fn an_unknown_profile_lists_the_known_ones() {
        let error = read("profiles: { quick: {}, stress: {} }", Some("quik")).unwrap_err();
        insta::assert_snapshot!(error, @r"
        loadforge.yml has no profile `quik`
        hint: did you mean `quick`? There are: quick, stress
        ");
    }
}
