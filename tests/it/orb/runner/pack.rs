//! Packs `orb/` into one document by the rules of `circleci orb pack` (circleci-cli 0.1: `cmd/orb.go`, `filetree`).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::yaml;

/// The folders that are read, and the section each becomes.
const SECTIONS: [&str; 4] = ["commands", "examples", "executors", "jobs"];

/// A packed orb.
#[derive(Debug, Clone)]
pub(in crate::orb) struct Orb(pub(in crate::orb) Value);

/// Where the orb's sources are.
pub(in crate::orb) fn orb_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("orb")
}

impl Orb {
    /// Packs the repository's orb unchanged.
    pub(in crate::orb) fn of_repository() -> Self {
        Self::pack(&orb_folder(), &BTreeMap::new()).unwrap()
    }

    /// Packs the repository's orb with another text in place of `scripts/release.txt`, as the release does.
    pub(in crate::orb) fn with_release(release: &str) -> Self {
        let replaced = BTreeMap::from([("scripts/release.txt".to_owned(), release.to_owned())]);
        Self::pack(&orb_folder(), &replaced).unwrap()
    }

    /// Packs a folder; `replaced` holds texts to take in place of files, by their path below the folder.
    pub(in crate::orb) fn pack(folder: &Path, replaced: &BTreeMap<String, String>) -> Result<Self, String> {
        let read = |path: &Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
        let root = yaml(&read(&folder.join("@orb.yml"))?);
        let mut packed: Map<String, Value> = Map::new();
        for key in ["version", "description", "display", "orbs"] {
            if let Some(value) = root.get(key) {
                packed.insert(key.to_owned(), value.clone());
            }
        }
        for section in SECTIONS {
            let mut entries = Map::new();
            for file in yaml_files(&folder.join(section)) {
                let name = file.file_stem().unwrap().to_string_lossy().into_owned();
                let mut value = yaml(&read(&file)?);
                match section {
                    "examples" => keep_example(&mut value),
                    _ => include(&mut value, folder, replaced)?,
                }
                if entries.insert(name.clone(), value).is_some() {
                    return Err(format!("{section}/{name} is there twice"));
                }
            }
            if !entries.is_empty() {
                packed.insert(section.to_owned(), Value::Object(entries));
            }
        }
        Ok(Self(Value::Object(packed)))
    }

    /// One entry of a section.
    pub(in crate::orb) fn entry(&self, section: &str, name: &str) -> Option<&Value> {
        self.0.get(section)?.get(name)
    }

    /// All entries of a section.
    pub(in crate::orb) fn section(&self, section: &str) -> &Map<String, Value> {
        self.0[section].as_object().unwrap()
    }
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yml" || end == "yaml"))
        .filter(|path| !path.file_name().unwrap().to_string_lossy().starts_with('.'))
        .collect();
    files.sort();
    files
}

/// Of an example, the packer keeps these keys and drops every other one without a word.
fn keep_example(example: &mut Value) {
    let retain = |value: &mut Value, keys: &[&str]| {
        value.as_object_mut().unwrap().retain(|key, _| keys.contains(&key.as_str()));
    };
    retain(example, &["description", "usage", "result"]);
    for part in ["usage", "result"] {
        if let Some(config) = example.get_mut(part) {
            retain(config, &["version", "setup", "orbs", "jobs", "workflows"]);
            config["version"] = Value::from("2.1");
        }
    }
}

/// Replaces `<<include(file)>>`, which must be the whole of a value; every `<<` of the file is escaped.
fn include(value: &mut Value, folder: &Path, replaced: &BTreeMap<String, String>) -> Result<(), String> {
    match value {
        Value::String(text) if text.contains("include(") => {
            let inner = text.trim().strip_prefix("<<").and_then(|rest| rest.strip_suffix(">>"));
            let path = inner.and_then(|rest| rest.trim().strip_prefix("include(")?.strip_suffix(')'));
            let is_path = |path: &&str| path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_/.".contains(&b));
            let path = path.filter(is_path).ok_or(format!("an include must be the whole value: {text}"))?;
            let content = match replaced.get(path) {
                Some(content) => content.clone(),
                None => fs::read_to_string(folder.join(path)).map_err(|error| format!("{path}: {error}"))?,
            };
            *text = content.replace("<<", r"\<<");
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| include(item, folder, replaced)),
        Value::Object(map) => map.values_mut().try_for_each(|item| include(item, folder, replaced)),
        _ => Ok(()),
    }
}
