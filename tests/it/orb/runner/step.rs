//! The steps that are left when commands, conditions and parameters are gone.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Compiled;

/// When a run step runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::orb) enum When {
    OnSuccess,
    Always,
    OnFail,
}

/// A `run` step.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::orb) struct Run {
    pub(in crate::orb) name: String,
    pub(in crate::orb) command: String,
    pub(in crate::orb) environment: BTreeMap<String, String>,
    pub(in crate::orb) working_directory: Option<String>,
    pub(in crate::orb) when: When,
    pub(in crate::orb) background: bool,
    /// s
    pub(in crate::orb) no_output_timeout: f64,
}

/// One step that CircleCI executes.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::orb) enum Step {
    Run(Run),
    Checkout,
    SaveCache { key: String, paths: Vec<String>, when: When },
    RestoreCache { keys: Vec<String> },
    StoreArtifacts { path: String, destination: Option<String> },
    StoreTestResults { path: String },
    PersistToWorkspace { root: String, paths: Vec<String> },
    AttachWorkspace { at: String },
}

impl When {
    fn read(body: &Value) -> Compiled<Self> {
        match body.get("when").map(|when| when.as_str().unwrap_or_default()) {
            None | Some("on_success") => Ok(Self::OnSuccess),
            Some("always") => Ok(Self::Always),
            Some("on_fail") => Ok(Self::OnFail),
            Some(other) => Err(format!("when cannot be {other:?}")),
        }
    }

    /// Whether a step is due in a job that has failed, or has not.
    pub(super) fn is_due(self, failed: bool) -> bool {
        match self {
            Self::OnSuccess => !failed,
            Self::Always => true,
            Self::OnFail => failed,
        }
    }
}

impl Step {
    /// Reads a built-in step; `None` when the name is not one.
    pub(super) fn builtin(name: &str, body: &Value) -> Option<Compiled<Self>> {
        Some(match name {
            "run" => Run::read(body).map(Self::Run),
            "checkout" => Ok(Self::Checkout),
            "save_cache" => fields(body, &["key", "paths"], &["name", "when"]).and_then(|()| {
                Ok(Self::SaveCache { key: text(body, "key")?, paths: list(body, "paths")?, when: When::read(body)? })
            }),
            "restore_cache" => fields(body, &[], &["name", "key", "keys"]).and_then(|()| {
                Ok(Self::RestoreCache {
                    keys: list(body, "keys").or_else(|_| Ok::<_, String>(vec![text(body, "key")?]))?,
                })
            }),
            "store_artifacts" => fields(body, &["path"], &["name", "destination"]).and_then(|()| {
                Ok(Self::StoreArtifacts { path: text(body, "path")?, destination: text(body, "destination").ok() })
            }),
            "store_test_results" => fields(body, &["path"], &["name"])
                .and_then(|()| Ok(Self::StoreTestResults { path: text(body, "path")? })),
            "persist_to_workspace" => fields(body, &["root", "paths"], &["name"])
                .and_then(|()| Ok(Self::PersistToWorkspace { root: text(body, "root")?, paths: list(body, "paths")? })),
            "attach_workspace" => {
                fields(body, &["at"], &["name"]).and_then(|()| Ok(Self::AttachWorkspace { at: text(body, "at")? }))
            }
            _ => return None,
        })
    }
}

impl Run {
    fn read(body: &Value) -> Compiled<Self> {
        if let Value::String(command) = body {
            return Ok(Self::plain(command));
        }
        let optional = ["name", "environment", "working_directory", "when", "background", "no_output_timeout", "shell"];
        fields(body, &["command"], &optional)?;
        let environment = body.get("environment").and_then(Value::as_object).into_iter().flatten();
        Ok(Self {
            name: text(body, "name").unwrap_or_else(|_| "run".to_owned()),
            environment: environment
                .map(|(name, value)| Ok((name.clone(), scalar(value)?)))
                .collect::<Compiled<_>>()?,
            working_directory: text(body, "working_directory").ok(),
            when: When::read(body)?,
            background: body.get("background") == Some(&Value::Bool(true)),
            no_output_timeout: match body.get("no_output_timeout") {
                None => 600.0,
                Some(limit) => seconds(limit.as_str().unwrap_or_default())?,
            },
            ..Self::plain(&text(body, "command")?)
        })
    }

    fn plain(command: &str) -> Self {
        Self {
            name: command.lines().next().unwrap_or_default().to_owned(),
            // The compiler turns the packer's escape back.
            command: command.replace(r"\<<", "<<"),
            environment: BTreeMap::new(),
            working_directory: None,
            when: When::OnSuccess,
            background: false,
            no_output_timeout: 600.0,
        }
    }
}

/// A decimal number and a unit, such as `10m` or `1.25h`.
fn seconds(text: &str) -> Compiled<f64> {
    let bad = || format!("no_output_timeout {text:?} is not a number with s, m or h");
    let unit = text.chars().last().ok_or_else(bad)?;
    let factor = [('s', 1.0), ('m', 60.0), ('h', 3600.0)].into_iter().find(|(letter, _)| *letter == unit);
    let number: f64 = text[..text.len() - 1].parse().map_err(|_| bad())?;
    Ok(number * factor.ok_or_else(bad)?.1)
}

fn scalar(value: &Value) -> Compiled<String> {
    match value {
        Value::String(text) => Ok(text.replace(r"\<<", "<<")),
        Value::Bool(flag) => Ok(u8::from(*flag).to_string()),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(format!("{other} cannot be the value of a variable")),
    }
}

fn text(body: &Value, key: &str) -> Compiled<String> {
    body.get(key)
        .and_then(Value::as_str)
        .map(ToOwned::to_owned)
        .ok_or(format!("{key} is missing or not a text in {body}"))
}

fn list(body: &Value, key: &str) -> Compiled<Vec<String>> {
    let items = body.get(key).and_then(Value::as_array).ok_or(format!("{key} is missing or not a list in {body}"))?;
    items.iter().map(|item| item.as_str().map(ToOwned::to_owned).ok_or(format!("{item} is not a text"))).collect()
}

fn fields(body: &Value, required: &[&str], optional: &[&str]) -> Compiled<()> {
    let map = body.as_object().ok_or(format!("{body} is not a map"))?;
    if let Some(missing) = required.iter().find(|key| !map.contains_key(**key)) {
        return Err(format!("{missing} is missing in {body}"));
    }
    match map.keys().find(|key| !required.contains(&key.as_str()) && !optional.contains(&key.as_str())) {
        Some(unknown) => Err(format!("extraneous key [{unknown}] in {body}")),
        None => Ok(()),
    }
}
