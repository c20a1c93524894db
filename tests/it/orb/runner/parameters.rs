//! Parameters: their declaration, the type check of arguments, and putting values into a definition.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Compiled;

/// The types a parameter can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::orb) enum Kind {
    String,
    Boolean,
    Integer,
    Enum(Vec<String>),
    Executor,
    Steps,
    EnvVarName,
}

/// One declared parameter.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::orb) struct Declared {
    pub(in crate::orb) kind: Kind,
    pub(in crate::orb) default: Option<Value>,
    pub(in crate::orb) description: String,
}

/// The values of one invocation.
pub(super) type Arguments = BTreeMap<String, Value>;

impl Declared {
    /// Reads the `parameters` of a command, job or executor.
    pub(in crate::orb) fn all(definition: &Value) -> Compiled<BTreeMap<String, Self>> {
        let empty = Map::new();
        let declared = definition.get("parameters").and_then(Value::as_object).unwrap_or(&empty);
        declared.iter().map(|(name, value)| Ok((name.clone(), Self::read(name, value)?))).collect()
    }

    fn read(name: &str, value: &Value) -> Compiled<Self> {
        let kind = match value["type"].as_str() {
            Some("string") => Kind::String,
            Some("boolean") => Kind::Boolean,
            Some("integer") => Kind::Integer,
            Some("executor") => Kind::Executor,
            Some("steps") => Kind::Steps,
            Some("env_var_name") => Kind::EnvVarName,
            Some("enum") => {
                let words = value["enum"].as_array().ok_or(format!("enum parameter {name} has no values"))?;
                Kind::Enum(words.iter().map(|word| word.as_str().unwrap_or_default().to_owned()).collect())
            }
            other => return Err(format!("parameter {name} has the type {other:?}")),
        };
        let declared = Self {
            kind,
            default: value.get("default").cloned(),
            description: value["description"].as_str().unwrap_or_default().trim().to_owned(),
        };
        if let Some(default) = &declared.default {
            declared.check(name, default)?;
        }
        Ok(declared)
    }

    /// Whether a value is of this type; CircleCI converts nothing.
    pub(super) fn check(&self, name: &str, value: &Value) -> Compiled<()> {
        let fits = match (&self.kind, value) {
            (Kind::String, Value::String(_))
            | (Kind::Boolean, Value::Bool(_))
            | (Kind::Steps, Value::Array(_))
            | (Kind::Executor, Value::String(_)) => true,
            (Kind::Integer, Value::Number(number)) => number.is_i64(),
            (Kind::Executor, Value::Object(map)) => map.contains_key("name"),
            (Kind::Enum(words), Value::String(word)) => words.contains(word),
            (Kind::EnvVarName, Value::String(word)) => is_variable(word),
            _ => false,
        };
        if fits { Ok(()) } else { Err(format!("type error for argument {name}: {value} is not {:?}", self.kind)) }
    }
}

fn is_variable(word: &str) -> bool {
    !word.is_empty()
        && !word.as_bytes()[0].is_ascii_digit()
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Checks the arguments of an invocation and fills in the defaults. An executor named by a default belongs to `orb`.
pub(super) fn bind(
    what: &str,
    definition: &Value,
    given: &Map<String, Value>,
    orb: Option<&str>,
) -> Compiled<Arguments> {
    let declared = Declared::all(definition).map_err(|error| format!("{what}: {error}"))?;
    if let Some(unknown) = given.keys().find(|name| !declared.contains_key(*name)) {
        return Err(format!("{what}: unexpected argument {unknown}"));
    }
    let mut arguments = Arguments::new();
    for (name, parameter) in &declared {
        let value = match (given.get(name), &parameter.default) {
            (Some(value), _) => value.clone(),
            (None, Some(Value::String(word))) if parameter.kind == Kind::Executor => {
                Value::from(orb.map_or_else(|| word.clone(), |orb| format!("{orb}/{word}")))
            }
            (None, Some(default)) => default.clone(),
            (None, None) => return Err(format!("{what}: missing required argument {name}")),
        };
        parameter.check(name, &value).map_err(|error| format!("{what}: {error}"))?;
        arguments.insert(name.clone(), value);
    }
    Ok(arguments)
}

/// Puts values in for `<< prefix.name >>`. A value that is nothing but one reference takes the argument with its type;
/// inside other text it becomes text. In `environment` a boolean becomes 1 or 0, as CircleCI makes of it.
pub(super) fn fill(value: &Value, prefix: &str, arguments: &Arguments) -> Compiled<Value> {
    fill_in(value, prefix, arguments, false)
}

fn fill_in(value: &Value, prefix: &str, arguments: &Arguments, environment: bool) -> Compiled<Value> {
    Ok(match value {
        Value::String(text) => fill_text(text, prefix, arguments, environment)?,
        Value::Array(items) => Value::Array(
            items.iter().map(|item| fill_in(item, prefix, arguments, environment)).collect::<Compiled<_>>()?,
        ),
        Value::Object(map) => {
            let entry = |(key, item): (&String, &Value)| {
                let inside = environment || key == "environment";
                // What is passed on to a command keeps its type; only the environment of a run step holds text.
                Ok((key.clone(), fill_in(item, prefix, arguments, inside)?))
            };
            Value::Object(map.iter().map(entry).collect::<Compiled<_>>()?)
        }
        other => other.clone(),
    })
}

fn fill_text(text: &str, prefix: &str, arguments: &Arguments, environment: bool) -> Compiled<Value> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = find_open(rest) {
        let end = rest[start..].find(">>").ok_or(format!("unclosed '<<' tag in {text:?}"))? + start;
        let name = rest[start + 2..end].trim();
        let Some(parameter) = name.strip_prefix(prefix).and_then(|name| name.strip_prefix('.')) else {
            // A reference of another kind (pipeline, matrix) is filled in by its own pass.
            out.push_str(&rest[..end + 2]);
            rest = &rest[end + 2..];
            continue;
        };
        let value = arguments.get(parameter).ok_or(format!("unknown variable {name}"))?;
        if start == 0 && end + 2 == rest.len() && out.is_empty() && !environment {
            return Ok(value.clone());
        }
        out.push_str(&rest[..start]);
        out.push_str(&match value {
            Value::String(word) => word.clone(),
            Value::Bool(flag) if environment => u8::from(*flag).to_string(),
            other => other.to_string(),
        });
        rest = &rest[end + 2..];
    }
    out.push_str(rest);
    Ok(Value::from(out))
}

/// The next `<<` that is not escaped.
fn find_open(text: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = text[from..].find("<<")? + from;
        if at == 0 || text.as_bytes()[at - 1] != b'\\' {
            return Some(at);
        }
        from = at + 2;
    }
}
