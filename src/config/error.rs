//! What can be wrong with `loadforge.yml`, with the place.

use std::io;

use serde_saphyr::{Error as YamlError, Location};

use super::test_section::TestSection;
use crate::error::{Explain, nearest};
use crate::exit::Exit;
use crate::gate::GateError;

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file named with `--config` cannot be read.
    #[error("failed to read {file}")]
    Read {
        /// The file.
        file: String,
        /// The cause.
        source: io::Error,
    },
    /// Something in the file is wrong.
    #[error("{file}:{line}:{column}: {message}\n{snippet}")]
    Content {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: u64,
        /// What is wrong.
        message: String,
        /// The line with a mark below it.
        snippet: String,
        /// What to write instead.
        hint: Option<String>,
    },
    /// A gate, or a value of a waiver, cannot be understood.
    #[error("{file}:{line}:{column}: {fault}")]
    Gate {
        /// The file.
        file: String,
        /// Line, from 1.
        line: u64,
        /// Column of the wrong place, from 1.
        column: u64,
        /// What is wrong with it.
        fault: Box<GateError>,
    },
    /// The profile does not exist.
    #[error("{file} has no profile `{name}`")]
    Profile {
        /// The file.
        file: String,
        /// The profile asked for.
        name: String,
        /// The profiles there are.
        known: Vec<String>,
    },
    /// The named test does not exist.
    #[error("{file} has no test `{name}`")]
    Test {
        /// The file.
        file: String,
        /// The test asked for.
        name: String,
        /// The tests there are.
        known: Vec<String>,
    },
    /// The file has several tests, and none is picked.
    #[error("{file} has several tests, and --name picks none of them")]
    SeveralTests {
        /// The file.
        file: String,
        /// The tests there are.
        known: Vec<String>,
    },
    /// Something of the file was asked for and there is no file.
    #[error("{flag} {value} needs a configuration file, and {file} does not exist")]
    NoFile {
        /// The file.
        file: String,
        /// The flag.
        flag: &'static str,
        /// What it asks for.
        value: String,
    },
}

impl Explain for ConfigError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => {
                Some("--config FILE names the configuration; without it loadforge.yml is optional".into())
            }
            Self::Content { hint, .. } => hint.clone(),
            Self::Gate { fault, .. } => fault.hint(),
            Self::Profile { name, known, .. } if known.is_empty() => {
                Some(format!("add `profiles: {{ {name}: … }}` to it, or leave --profile out"))
            }
            Self::Test { name, known, .. } if known.is_empty() => {
                Some(format!("add `tests: {{ {name}: … }}` to it, or leave --name out"))
            }
            Self::SeveralTests { known, .. } => {
                let first = known.first().map_or("NAME", String::as_str);
                Some(format!("name one, such as --name {first}. There are: {}", known.join(", ")))
            }
            Self::Profile { name, known, .. } | Self::Test { name, known, .. } => {
                Some(match nearest(name, known.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`? There are: {}", known.join(", ")),
                    None => format!("there are: {}", known.join(", ")),
                })
            }
            Self::NoFile { .. } => Some("name the file with --config".into()),
        }
    }
}

/// A gate, or a value of a waiver, that cannot be understood. `place` is where its text begins.
pub(super) fn of_gate(file: &str, place: Location, fault: Box<GateError>) -> ConfigError {
    let column = place.column().saturating_add(fault.column() as u64).saturating_sub(1);
    ConfigError::Gate { file: file.into(), line: place.line(), column, fault }
}

/// An error at a place of the file.
pub(super) fn at(file: &str, text: &str, place: Location, message: String, hint: Option<String>) -> ConfigError {
    at_line(file, text, place.line().max(1), place.column().max(1), message, hint)
}

/// An error at a line and column (both from 1) of the file.
pub(super) fn at_line(
    file: &str,
    text: &str,
    line: u64,
    column: u64,
    message: String,
    hint: Option<String>,
) -> ConfigError {
    let shown = text.lines().nth(line as usize - 1).unwrap_or_default();
    let gutter = line.to_string();
    let snippet = format!("{gutter} | {shown}\n{} | {}^", " ".repeat(gutter.len()), " ".repeat(column as usize - 1));
    ConfigError::Content { file: file.into(), line, column, message, snippet, hint }
}

/// Words for what the YAML reader found, with the nearest right word where there is one.
pub(super) fn of_yaml(file: &str, text: &str, error: &YamlError) -> ConfigError {
    let error = error.without_snippet();
    let list = |words: &[&str]| words.join(", ");
    let (message, hint) = match error {
        YamlError::SerdeUnknownField { field, expected, .. }
            if expected.contains(&"test") && TestSection::has_key(field) =>
        {
            (format!("unknown key `{field}`"), Some(format!("`{field}` belongs under `test:`")))
        }
        YamlError::SerdeUnknownField { field, expected, .. } => (
            format!("unknown key `{field}`"),
            Some(match nearest(field, expected.iter().copied()) {
                Some(near) => format!("did you mean `{near}`? Known here: {}", list(expected)),
                None => format!("known here: {}", list(expected)),
            }),
        ),
        YamlError::SerdeUnknownVariant { variant, expected, .. } => (
            format!("`{variant}` is not one of {}", list(expected)),
            nearest(variant, expected.iter().copied()).map(|near| format!("did you mean `{near}`?")),
        ),
        YamlError::DuplicateMappingKey { key, .. } => (
            format!("duplicate key {}", key.as_ref().map_or("".into(), |key| format!("`{key}`"))),
            Some("keep one of the two".into()),
        ),
        YamlError::UnresolvedProperty { name, .. } => {
            (format!("the environment variable {name} is not set"), Some(unset_hint(name)))
        }
        YamlError::InvalidPropertyName { name, .. } => {
            (format!("`{name}` is not a variable"), Some("write ${NAME}, with letters, digits and _".into()))
        }
        other => {
            let message = other.to_string();
            // The place is shown in front; the reader repeats it in its text.
            let message = match message.split(" at line ").next().unwrap_or_default() {
                "invalid u32" | "invalid u64" => "this should be a whole number",
                "invalid f64" => "this should be a number",
                words if words.starts_with("invalid interpolated") => "the value of this variable is not valid here",
                words => words,
            };
            (message.to_owned(), None)
        }
    };
    at(file, text, error.location().unwrap_or(Location::UNKNOWN), message, hint)
}

/// What to do about an unset variable.
pub(super) fn unset_hint(name: &str) -> String {
    format!("set {name} in the job, the project or a context, or write the value here")
}

/// An error at the first line that holds `key` (a key or a part of a value).
pub(super) fn at_key(file: &str, text: &str, key: &str, message: String, hint: &str) -> ConfigError {
    let found = text.lines().enumerate().find_map(|(index, line)| Some((index, line.find(key)?)));
    let (line, column) = found.map_or((1, 1), |(index, column)| (index as u64 + 1, column as u64 + 1));
    at_line(file, text, line, column, message, Some(hint.into()))
}
