//! The settings in Locust's configuration files: `locust.conf`, and `[tool.locust]` of `pyproject.toml`.
//!
//! Names are kept, and the values of what decides about a run's shape. All other values are passed over: they may be secrets.

use std::collections::BTreeMap;

/// The longest name of a setting, bytes. Anything longer is hardly a name.
const LONGEST_NAME: usize = 40;

/// Locust's options without a value, which a line of `locust.conf` may name alone. Another word alone may be anything, such
/// as the rest of a value.
const FLAGS: [&str; 15] = [
    "autostart",
    "class-picker",
    "csv-full-history",
    "enable-rebalancing",
    "equal-weights",
    "headless",
    "json",
    "master",
    "only-summary",
    "print-stats",
    "reset-stats",
    "show-task-ratio",
    "skip-log-setup",
    "web-login",
    "worker",
];

/// The settings whose values are kept: what a run has to know before Locust starts.
const PLANNED_SETTINGS: [&str; 5] = ["users", "spawn-rate", "run-time", "host", "processes"];

/// What a configuration file of Locust sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfiguredSettings {
    /// The settings' names as Locust's long options, each once, in the order of the file: `spawn-rate`.
    pub names: Vec<String>,
    /// How many entries have no name that can be shown.
    pub unnamed: usize,
    /// The values of the settings that decide about a run's shape, by name.
    pub values: BTreeMap<String, String>,
}

impl ConfiguredSettings {
    fn add(&mut self, name: &str) {
        let fits = name.len() <= LONGEST_NAME
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
        let name = name.replace('_', "-");
        if !fits {
            self.unnamed += 1;
        } else if !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    /// Keeps the value of the setting added last, where it is one that is kept. `text` is what follows the name.
    fn keep_value(&mut self, name: &str, text: &str) {
        let name = name.replace('_', "-");
        let text = text.trim().trim_start_matches([':', '=']).trim_start();
        let quoted = ["\"", "'"].into_iter().find_map(|quote| text.strip_prefix(quote)?.split(quote).next());
        let value = quoted.unwrap_or_else(|| text.split([' ', '\t', '#', ';']).next().unwrap_or_default());
        if PLANNED_SETTINGS.contains(&name.as_str()) && !value.is_empty() && !value.starts_with(['[', '{']) {
            self.values.insert(name, value.to_owned());
        }
    }
}

/// The settings of a `locust.conf`: `name = value`, `name: value`, `name value`, or `name` alone, each with or without `--`.
#[must_use]
pub fn locust_conf_settings(text: &str) -> ConfiguredSettings {
    let mut settings = ConfiguredSettings::default();
    for line in text.trim_start_matches('\u{feff}').lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';', '[']) || line.starts_with("---") {
            continue;
        }
        let end = line.find(|letter: char| ":=;#".contains(letter) || letter.is_whitespace()).unwrap_or(line.len());
        let (key, rest) = line.split_at(end);
        let name = key.trim_start_matches("--");
        let rest = rest.trim_start();
        let stands_alone = rest.is_empty() || rest.starts_with(['#', ';']);
        let is_name = !stands_alone || key.starts_with("--") || FLAGS.contains(&name.replace('_', "-").as_str());
        settings.add(if is_name { name } else { "" });
        settings.keep_value(name, rest);
    }
    settings
}

/// The settings of the table `[tool.locust]` of a `pyproject.toml`. Reads names only: the file may be wrong elsewhere.
#[must_use]
pub fn pyproject_settings(text: &str) -> ConfiguredSettings {
    let mut settings = ConfiguredSettings::default();
    let mut table: Vec<String> = Vec::new();
    let mut value = OpenValue::default();
    for line in text.trim_start_matches('\u{feff}').lines() {
        if value.is_open() {
            value.read(line);
            continue;
        }
        let line = line.trim();
        if line.starts_with('[') {
            table = dotted_key(line.trim_start_matches('[')).map_or_else(Vec::new, |(path, _)| path);
            if let Some(name) = setting(&table) {
                settings.add(name);
            }
        } else if let Some((key, rest)) = dotted_key(line)
            && let Some(rest) = rest.strip_prefix('=')
        {
            let path = [&table[..], &key].concat();
            if path == ["tool", "locust"] {
                // A table within one line.
                settings.unnamed += 1;
            } else if let Some(name) = setting(&path) {
                settings.add(name);
                settings.keep_value(name, rest);
            }
            value.read(rest);
        }
    }
    settings
}

/// The setting of Locust to which a path of TOML belongs.
fn setting(path: &[String]) -> Option<&str> {
    match path {
        [tool, locust, name, ..] if tool == "tool" && locust == "locust" => Some(name),
        _ => None,
    }
}

/// The parts of a key such as `tool."locust".users`, and what follows it.
fn dotted_key(text: &str) -> Option<(Vec<String>, &str)> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let quote = ["\"", "'"].into_iter().find(|quote| rest.starts_with(quote));
        let end = match quote {
            Some(quote) => 1 + end_of_text(&rest[1..], quote)?,
            None => rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c)).unwrap_or(rest.len()),
        };
        let part = &rest[..end];
        if part.is_empty() {
            return None;
        }
        parts.push(part.trim_matches(['"', '\'']).to_owned());
        rest = rest[end..].trim_start();
        match rest.strip_prefix('.') {
            Some(more) => rest = more.trim_start(),
            None => return Some((parts, rest)),
        }
    }
}

/// Where a quoted text ends, its closing quote included, bytes. A backslash escapes in double quotes only.
fn end_of_text(text: &str, quote: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + text[from..].find(quote)?;
        let backslashes = text[..at].bytes().rev().take_while(|byte| *byte == b'\\').count();
        if quote.starts_with('\'') || backslashes % 2 == 0 {
            return Some(at + quote.len());
        }
        from = at + 1;
    }
}

/// A value that may go on over several lines.
#[derive(Debug, Default)]
struct OpenValue {
    /// Lists and tables that are not closed yet.
    depth: usize,
    /// The quotes of a text that is not closed yet.
    quotes: Option<&'static str>,
}

impl OpenValue {
    fn is_open(&self) -> bool {
        self.depth > 0 || self.quotes.is_some()
    }

    /// Reads on to the end of a line.
    fn read(&mut self, line: &str) {
        let mut rest = line;
        loop {
            if let Some(quotes) = self.quotes {
                let Some(end) = end_of_text(rest, quotes) else {
                    // A text in single quotes ends with its line, or the file is wrong.
                    self.quotes = (quotes.len() == 3).then_some(quotes);
                    return;
                };
                self.quotes = None;
                rest = &rest[end..];
            }
            let Some(at) = rest.find(['"', '\'', '#', '[', '{', ']', '}']) else { return };
            rest = &rest[at..];
            if let Some(quotes) = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| rest.starts_with(quotes)) {
                self.quotes = Some(quotes);
                rest = &rest[quotes.len()..];
                continue;
            }
            match rest.as_bytes().first() {
                Some(b'[' | b'{') => self.depth += 1,
                Some(b']' | b'}') => self.depth = self.depth.saturating_sub(1),
                _ => return,
            }
            rest = &rest[1..];
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_way_to_write_a_setting_of_locust_conf_is_read_and_no_value() {
        let text = "\u{feff}# users = 1\n; users = 1\n---\n[section]\n\nusers = 10\nspawn_rate: 2\nhost http://a:s3cret@b\n\
                    --run-time 5m\n--headless\nonly-summary\nusers = 20\ntags = [smoke,\n  s3cret]\nreset-stats # why\n\
                    s3cret\n0s3cret = 1\n";
        let settings = locust_conf_settings(text);
        let names = ["users", "spawn-rate", "host", "run-time", "headless", "only-summary", "tags", "reset-stats"];
        assert_eq!(settings.names, names);
        assert_eq!(settings.unnamed, 3);
        let values: Vec<_> = settings.values.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(values, ["host=http://a:s3cret@b", "run-time=5m", "spawn-rate=2", "users=20"]);
    }

    #[test]
    fn only_the_table_of_locust_counts_in_pyproject_toml() {
        let text = r#"
tool.locust.processes = 2
[project]
name = "shop"
description = """
[tool.locust]
users = 1
"""
authors = [
    { name = "[tool.locust]" }, # ]
    "a\"]",
]
[ tool . "locust" ] # ours
users = 10
'spawn-rate' = 2
run_time = '''
web_port = 1
'''
tags = [
  "smoke",
]
host = 'C:\'
"s3cret value" = 1
[tool.locustfile]
loglevel = "DEBUG"
[[tool.locust.custom]]
a = 1
[tool]
locust = { users = 1 }
"#;
        let settings = pyproject_settings(text);
        assert_eq!(settings.names, ["processes", "users", "spawn-rate", "run-time", "tags", "host", "custom"]);
        assert_eq!(settings.unnamed, 2);
        let values: Vec<_> = settings.values.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(values, ["host=C:\\", "processes=2", "spawn-rate=2", "users=10"]);
        assert_eq!(pyproject_settings("[project]\nname = \"shop\"\n"), ConfiguredSettings::default());
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "([a-z=.:\\[\\]{}\"'#\\\\ \n-]|é|tool|locust){0,80}") {
            for settings in [locust_conf_settings(&text), pyproject_settings(&text)] {
                prop_assert!(settings.names.iter().all(|name| text.replace('_', "-").contains(name.as_str())));
            }
        }
    }
}
