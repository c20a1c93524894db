//! The pipeline of this repository in `.circleci/`: what starts which job, what it may see, and that it is pinned.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::runner::{Declared, fill_parameters, holds, yaml};

const FILES: [&str; 2] = ["config.yml", "test-deploy.yml"];

/// The jobs that publish, and the context that each may use.
const PUBLISHING: [(&str, &str); 4] = [
    ("upload-dev", "loadforge-ci-development"),
    ("publish-dev", "loadforge-ci-development"),
    ("release", "loadforge-ci-production"),
    ("publish-production", "loadforge-ci-production"),
];

fn text(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".circleci").join(file)).unwrap()
}

/// A job of a file's workflow: the name it is shown by, its definition's name, and its settings.
struct Invoked {
    name: String,
    definition: String,
    settings: Map<String, Value>,
}

fn invoked(document: &Value) -> Vec<Invoked> {
    let workflows = document["workflows"].as_object().unwrap().values();
    let jobs = workflows.flat_map(|workflow| workflow["jobs"].as_array().unwrap());
    jobs.map(|job| {
        let (definition, settings) =
            job.as_object().expect("a job without settings has no filter").iter().next().unwrap();
        let settings = settings.as_object().unwrap().clone();
        let name = settings.get("name").and_then(Value::as_str).unwrap_or(definition).to_owned();
        Invoked { name, definition: definition.clone(), settings }
    })
    .collect()
}

/// The jobs of a file that a push of this branch or tag starts.
fn started(file: &str, branch: &str, tag: &str) -> BTreeSet<String> {
    let values = BTreeMap::from([
        ("pipeline.git.branch".to_owned(), branch.to_owned()),
        ("pipeline.git.tag".to_owned(), tag.to_owned()),
    ]);
    let runs = |job: &Invoked| {
        // Branch and tag filters are deprecated; an expression is a text.
        let filter = job.settings.get("filters").and_then(Value::as_str);
        let filter = filter.unwrap_or_else(|| panic!("{file}: {} has no expression as its filter", job.name));
        holds(filter, &values).unwrap_or_else(|error| panic!("{file}: {}: {error}", job.name))
    };
    invoked(&yaml(&text(file))).into_iter().filter(runs).map(|job| job.name).collect()
}

fn all_but(file: &str, without: &[&str]) -> BTreeSet<String> {
    let jobs = invoked(&yaml(&text(file))).into_iter().map(|job| job.name);
    jobs.filter(|name| !without.contains(&name.as_str())).collect()
}

#[test]
fn a_tag_that_is_no_release_starts_nothing() {
    for tag in ["dev", "v1", "v1.2.3-rc1", "nightly", "v1.2.3.4"] {
        for file in FILES {
            assert_eq!(started(file, "", tag), BTreeSet::new(), "{file}: {tag}");
        }
    }
}

#[test]
fn a_release_publishes_for_production_alone_and_a_branch_for_development_alone() {
    assert_eq!(started("config.yml", "", "v1.2.3"), all_but("config.yml", &[]));
    assert_eq!(started("config.yml", "main", ""), all_but("config.yml", &[]));
    let file = "test-deploy.yml";
    assert_eq!(started(file, "", "v1.20.3"), all_but(file, &["upload-dev", "publish-dev"]));
    assert_eq!(started(file, "feature", ""), all_but(file, &["release", "publish-production"]));
}

#[test]
fn a_pull_request_of_a_fork_publishes_nothing_and_is_tested_all_the_same() {
    let file = "test-deploy.yml";
    for branch in ["pull/31", "pull/31/head"] {
        let started = started(file, branch, "");
        assert_eq!(started, all_but(file, &PUBLISHING.map(|(job, _)| job)));
    }
}

#[test]
fn development_and_production_publish_with_contexts_of_their_own() {
    let expected: BTreeMap<String, Value> =
        PUBLISHING.iter().map(|(job, context)| ((*job).to_owned(), json!(context))).collect();
    let mut found = BTreeMap::new();
    for job in FILES.iter().flat_map(|file| invoked(&yaml(&text(file)))) {
        if let Some(context) = job.settings.get("context") {
            found.insert(job.name, context.clone());
        }
    }
    assert_eq!(found, expected);
}

#[test]
fn the_orb_kit_gets_a_version_control_system_that_it_knows() {
    for file in FILES {
        let document = yaml(&text(file));
        // `circleci`, the type of a GitHub App project, is none of the orb kit's words.
        assert!(!text(file).contains("pipeline.project.type"), "{file}");
        for job in invoked(&document).iter().filter(|job| job.settings.contains_key("vcs_type")) {
            assert_eq!(job.settings["vcs_type"], "github", "{file}: {}", job.name);
        }
    }
}

#[test]
fn images_toolchains_and_orbs_are_pinned() {
    for file in FILES {
        let mut images = Vec::new();
        collect(&yaml(&text(file)), "image", &mut images);
        assert!(!images.is_empty());
        for image in images {
            let tag = image.rsplit_once(':').unwrap_or_else(|| panic!("{file}: {image} has no tag")).1;
            assert!(tag.bytes().filter(|byte| *byte == b'.').count() >= 1, "{file}: {image} is not pinned");
        }
        for (name, orb) in yaml(&text(file))["orbs"].as_object().unwrap() {
            assert!(orb.as_str().is_none_or(|orb| orb.matches('.').count() == 2) || name == "loadforge", "{orb}");
        }
    }
    // One compiler: in the image, in rustup's argument and in the key of the cache.
    let document = yaml(&text("test-deploy.yml"));
    let toolchain = document["commands"]["rust"]["parameters"]["toolchain"]["default"].as_str().unwrap().to_owned();
    assert!(text("test-deploy.yml").contains(&format!("image: rust:{toolchain}-")), "{toolchain}");
    let mut keys = Vec::new();
    collect(&document, "key", &mut keys);
    assert!(!keys.is_empty());
    for key in keys {
        assert!(key.contains(&format!("rust-{toolchain}")), "{key}");
    }
}

#[test]
fn the_cache_holds_what_was_downloaded_not_what_was_built() {
    let document = yaml(&text("test-deploy.yml"));
    let steps = document["jobs"].as_object().unwrap().values().flat_map(|job| job["steps"].as_array().unwrap().clone());
    let saved: Vec<Value> = steps.filter_map(|step| step.get("save_cache").cloned()).collect();
    assert_eq!(saved.len(), 1);
    for path in saved[0]["paths"].as_array().unwrap() {
        assert_ne!(path, "target");
        assert_ne!(path, "./target");
    }
}

#[test]
fn every_requirement_is_a_job_and_nothing_is_published_before_all_of_it_was_tried() {
    let jobs = invoked(&yaml(&text("test-deploy.yml")));
    let requires: BTreeMap<&str, Vec<&str>> = jobs
        .iter()
        .map(|job| {
            let required = job.settings.get("requires").and_then(Value::as_array).into_iter().flatten();
            (job.name.as_str(), required.map(|name| name.as_str().unwrap()).collect())
        })
        .collect();
    for (job, required) in &requires {
        assert!(required.iter().all(|name| requires.contains_key(name)), "{job}: {required:?}");
    }
    for (publishing, _) in PUBLISHING {
        let mut before = BTreeSet::new();
        let mut open = vec![publishing];
        while let Some(job) = open.pop() {
            open.extend(requires[job].iter().filter(|name| before.insert(**name)));
        }
        let tried =
            jobs.iter().map(|job| job.name.as_str()).filter(|name| PUBLISHING.iter().all(|(job, _)| job != name));
        let missing: Vec<&str> = tried.filter(|name| !before.contains(name)).collect();
        assert_eq!(missing, Vec::<&str>::new(), "{publishing} does not wait for these");
    }
}

/// For the schema check: each job with the parameters of each of its uses, and each command with its defaults.
#[test]
fn the_pipeline_is_written_out_with_its_parameters_filled_in() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for file in FILES {
        let mut document = yaml(&text(file));
        let empty = Map::new();
        let definitions = document.get("jobs").and_then(Value::as_object).unwrap_or(&empty).clone();
        let mut jobs = Map::new();
        for job in invoked(&document) {
            let Some(definition) = definitions.get(&job.definition) else { continue };
            jobs.insert(job.name.clone(), filled(definition, &job.settings, &job.name));
        }
        let unused: Vec<&String> =
            definitions.keys().filter(|name| !invoked(&document).iter().any(|job| job.definition == **name)).collect();
        assert_eq!(unused, Vec::<&String>::new(), "{file} defines jobs that no workflow uses");
        if let Some(commands) = document.get_mut("commands").and_then(Value::as_object_mut) {
            for (name, command) in commands {
                *command = filled(command, &Map::new(), name);
            }
        }
        document["jobs"] = Value::Object(jobs);
        for workflow in document["workflows"].as_object_mut().unwrap().values_mut() {
            for job in workflow["jobs"].as_array_mut().unwrap() {
                let (definition, settings) = job.as_object().unwrap().iter().next().unwrap();
                let name = settings.get("name").and_then(Value::as_str).unwrap_or(definition).to_owned();
                *job = json!({ (name): settings });
            }
        }
        let name = format!("pipeline-{}", file.replace(".yml", ".json"));
        fs::write(out.join(name), serde_json::to_string_pretty(&document).unwrap()).unwrap();
    }
}

/// A definition with its parameters given or by default; one without either is an error.
fn filled(definition: &Value, given: &Map<String, Value>, name: &str) -> Value {
    let mut values = Map::new();
    for (parameter, declared) in Declared::all(definition).unwrap() {
        let value = given.get(&parameter).cloned().or(declared.default);
        values.insert(parameter.clone(), value.unwrap_or_else(|| panic!("{name} is not given {parameter}")));
    }
    let mut filled = fill_parameters(definition, &values).unwrap_or_else(|error| panic!("{name}: {error}"));
    filled.as_object_mut().unwrap().remove("parameters");
    filled
}

fn collect(value: &Value, key: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            out.extend(map.get(key).and_then(Value::as_str).map(ToOwned::to_owned));
            map.values().for_each(|item| collect(item, key, out));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, key, out)),
        _ => {}
    }
}
