//! The review rules of CircleCI's orb kit (RC001 to RC012), as far as they need no network, and what they excuse.

use std::fs;

use serde_json::Value;

use super::runner::{Declared, Orb, orb_folder, yaml};

/// RC010 wants snake_case names. These two are the product's interface, read in every user's configuration, where a dash
/// is how CircleCI's own steps and most orbs' jobs are written. All parameters are snake_case.
const EXCUSED_FROM_RC010: [&str; 2] = ["run-test", "load-test"];

/// Every source file of a section: its name without `.yml`, and what it holds.
fn sources(section: &str) -> Vec<(String, Value)> {
    let files = fs::read_dir(orb_folder().join(section)).unwrap();
    files
        .map(|file| file.unwrap().path())
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, yaml(&fs::read_to_string(&path).unwrap()))
        })
        .collect()
}

fn runs<'a>(value: &'a Value, out: &mut Vec<&'a Value>) {
    match value {
        Value::Object(map) => {
            out.extend(map.get("run"));
            map.values().for_each(|item| runs(item, out));
        }
        Value::Array(items) => items.iter().for_each(|item| runs(item, out)),
        _ => {}
    }
}

#[test]
fn rc001_rc005_rc006_rc007_the_orb_says_what_it_is_and_where() {
    let root = &Orb::of_repository().0;
    assert!(root["description"].as_str().unwrap().len() >= 64);
    // That the two addresses answer is for a machine with a network to see.
    for link in ["source_url", "home_url"] {
        assert!(root["display"][link].as_str().unwrap().starts_with("https://"), "{link}");
    }
}

#[test]
fn rc002_everything_has_a_description() {
    for section in ["commands", "jobs", "executors", "examples"] {
        for (name, source) in sources(section) {
            assert!(source["description"].as_str().is_some_and(|text| text.len() > 20), "{section}/{name}");
        }
    }
}

#[test]
fn rc003_rc004_examples_are_named_after_their_use() {
    let examples = sources("examples");
    assert!(examples.len() >= 11);
    assert!(examples.iter().all(|(name, _)| !name.contains("example")));
}

#[test]
fn rc008_rc009_each_run_has_a_name_and_takes_a_long_command_from_a_file() {
    for section in ["commands", "jobs"] {
        for (name, source) in sources(section) {
            let mut found = Vec::new();
            runs(&source, &mut found);
            for run in found {
                assert!(run["name"].as_str().is_some_and(|name| !name.is_empty()), "{section}/{name}: {run}");
                let command = run["command"].as_str().unwrap();
                assert!(command.len() <= 64 || command.contains("<<include("), "{section}/{name}: {command}");
            }
        }
    }
}

#[test]
fn rc010_names_are_snake_case() {
    for section in ["commands", "jobs", "executors"] {
        for (name, source) in sources(section) {
            assert!(!name.contains('-') || EXCUSED_FROM_RC010.contains(&name.as_str()), "{section}/{name}");
            for parameter in Declared::all(&source).unwrap().keys() {
                assert!(!parameter.contains('-'), "{section}/{name}: {parameter}");
            }
        }
    }
}

#[test]
fn rc011_examples_use_the_major_version_of_the_release() {
    let versions: Vec<String> = sources("examples")
        .iter()
        .map(|(_, example)| example["usage"]["orbs"]["loadforge"].as_str().unwrap().to_owned())
        .collect();
    let wanted = format!("loadforge-ci/loadforge@{}", env!("CARGO_PKG_VERSION_MAJOR"));
    assert!(versions.iter().all(|version| *version == wanted), "{versions:?}");
}

#[test]
fn rc012_no_cache_key_comes_from_a_parameter_with_a_variable_as_default() {
    for section in ["commands", "jobs"] {
        for (name, source) in sources(section) {
            for (parameter, declared) in Declared::all(&source).unwrap() {
                let default = declared.default.unwrap_or_default();
                assert!(!default.as_str().is_some_and(|text| text.contains('$')), "{section}/{name}: {parameter}");
            }
        }
    }
}
