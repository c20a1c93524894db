//! What the packed orb is: complete, free of what CircleCI's compiler refuses, and written out for the schema check.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Map, Value, json};

use super::runner::{Config, Declared, Kind, Orb, Step, orb_folder, yaml};

#[test]
fn the_orb_packs_and_is_written_out_for_other_tools() {
    let orb = Orb::of_repository();
    let out = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::write(out.join("orb.json"), serde_json::to_string_pretty(&orb.0).unwrap()).unwrap();
    fs::write(out.join("orb-expanded.json"), serde_json::to_string_pretty(&expanded(&orb)).unwrap()).unwrap();
    let names = |section: &str| orb.section(section).keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(names("commands"), "cancel comment gate install run-test signal");
    assert_eq!(names("jobs"), "gate load-test");
    assert_eq!(names("executors"), "default python");
}

/// The orb with every parameter replaced by its default, which the JSON schema of CircleCI can judge.
fn expanded(orb: &Orb) -> Value {
    let defaults = |definition: &Value| -> Map<String, Value> {
        let declared = Declared::all(definition).unwrap();
        declared.into_iter().map(|(name, parameter)| (name, parameter.default.unwrap_or(json!("sample")))).collect()
    };
    let mut document = orb.0.clone();
    for section in ["commands", "jobs", "executors"] {
        for (name, definition) in document[section].as_object_mut().unwrap() {
            *definition = super::runner::fill_parameters(definition, &defaults(definition))
                .unwrap_or_else(|error| panic!("{section}/{name}: {error}"));
        }
    }
    document
}

#[test]
fn every_reference_is_to_a_declared_parameter_and_every_parameter_is_used() {
    let orb = Orb::of_repository();
    for section in ["commands", "jobs", "executors"] {
        for (name, definition) in orb.section(section) {
            let text = definition.to_string();
            for parameter in Declared::all(definition).unwrap().keys() {
                let reference = format!("<< parameters.{parameter} >>");
                assert!(text.contains(&reference), "{section}/{name} does not use {parameter}");
            }
            // Pipeline values are not in scope inside an orb.
            assert!(!text.contains("<< pipeline"), "{section}/{name}");
        }
    }
}

#[test]
fn no_parameter_is_put_into_shell_text() {
    for (section, folder) in [("commands", "commands"), ("jobs", "jobs")] {
        for name in Orb::of_repository().section(section).keys() {
            let source = yaml(&fs::read_to_string(orb_folder().join(folder).join(format!("{name}.yml"))).unwrap());
            let mut commands = Vec::new();
            collect(&source, "command", &mut commands);
            for command in commands {
                assert!(command.starts_with("<<include(scripts/"), "{name}: {command}");
            }
        }
    }
}

fn collect(value: &Value, key: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (name, item) in map {
                match item.as_str() {
                    Some(text) if name == key => out.push(text.to_owned()),
                    _ => collect(item, key, out),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, key, out)),
        _ => {}
    }
}

#[test]
fn a_job_passes_every_parameter_of_its_commands_on() {
    let orb = Orb::of_repository();
    // What a job decides itself, and why.
    let decided = BTreeMap::from([
        ("load-test", vec!["run_id", "from", "history_csv", "failures_csv", "when"]), // it judges the run it started
        ("gate", vec!["wait", "when"]), // it always waits and always judges
    ]);
    // What belongs to a run that was not started here.
    let of_files = ["test", "users", "duration", "target_host"];
    for (job, commands) in [("load-test", vec!["run-test", "gate"]), ("gate", vec!["gate"])] {
        let of_job = Declared::all(&orb.section("jobs")[job]).unwrap();
        for command in commands {
            let text = orb.section("jobs")[job].to_string();
            for (name, parameter) in Declared::all(&orb.section("commands")[command]).unwrap() {
                let of_no_file = (job, command) == ("load-test", "gate") && of_files.contains(&name.as_str());
                if of_no_file || decided[job].contains(&name.as_str()) {
                    continue;
                }
                let passed = of_job.get(&name).unwrap_or_else(|| panic!("job {job} lacks {name} of {command}"));
                assert_eq!(passed.kind, parameter.kind, "{job}.{name}");
                if (job, name.as_str()) != ("load-test", "wait") {
                    assert_eq!(*passed, parameter, "{job}.{name}");
                    assert!(text.contains(&format!(r#""{name}":"<< parameters.{name} >>""#)), "{job} drops {name}");
                }
            }
        }
    }
}

#[test]
fn each_description_says_the_default_that_an_empty_parameter_leaves_to_the_program() {
    let orb = Orb::of_repository();
    for section in ["commands", "jobs"] {
        for (name, definition) in orb.section(section) {
            for (parameter, declared) in Declared::all(definition).unwrap() {
                assert!(declared.description.ends_with('.'), "{name}.{parameter}: {}", declared.description);
                if declared.default == Some(json!("")) {
                    assert!(declared.description.contains("Default: "), "{name}.{parameter}: {}", declared.description);
                }
                if declared.kind == Kind::Boolean {
                    let says = declared.description.contains("`true`") || declared.description.contains("`false`");
                    assert!(says, "{name}.{parameter} does not say what true does");
                }
            }
        }
    }
}

#[test]
fn an_include_must_be_the_whole_value_and_its_text_is_not_a_template() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("@orb.yml", "version: 2.1\nunknown: dropped\n");
    write("scripts/a.sh", "cat <<END\n<< parameters.x >>\nEND\n");
    write("tests/x.yml", "not: packed\n");
    write("commands/a.yml", "steps:\n  - run:\n      command: << include( scripts/a.sh ) >>\n");
    let orb = Orb::pack(folder.path(), &BTreeMap::new());
    assert!(orb.is_err(), "a blank inside the brackets is no include: {orb:?}");
    write("commands/a.yml", "steps:\n  - run:\n      command: <<include(scripts/a.sh)>>\n");
    let orb = Orb::pack(folder.path(), &BTreeMap::new()).unwrap();
    assert_eq!(orb.0.as_object().unwrap().keys().collect::<Vec<_>>(), ["commands", "version"]);

    let config = Config::new(
        yaml(
            "orbs:\n  loadforge: x/y@1\njobs:\n  job:\n    docker:\n      - image: i\n    steps:\n      - loadforge/a\n",
        ),
        orb,
    );
    let job = config.unwrap().job("job", &Map::new(), &[], &[]).unwrap();
    let Step::Run(run) = &job.steps[0] else { panic!("{job:?}") };
    assert_eq!(run.command, "cat <<END\n<< parameters.x >>\nEND\n");

    write("commands/a.yml", "steps:\n  - run:\n      command: cd x && <<include(scripts/a.sh)>>\n");
    assert!(Orb::pack(folder.path(), &BTreeMap::new()).unwrap_err().contains("the whole value"));
}

/// Run by `.ci/orb-checks`, which leaves the real packer's result in the folder.
#[test]
#[ignore = "needs the CircleCI CLI, see .ci/orb-checks"]
fn the_real_packer_makes_the_same() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("orb-cli.yml");
    let theirs = yaml(&fs::read_to_string(path).unwrap());
    let ours = Orb::of_repository();
    // The packer writes the version as text in examples and as a number above.
    assert_eq!(
        theirs.as_object().unwrap().keys().collect::<Vec<_>>(),
        ours.0.as_object().unwrap().keys().collect::<Vec<_>>()
    );
    for section in ["commands", "examples", "executors", "jobs"] {
        assert_eq!(theirs[section], ours.0[section], "{section}");
    }
    assert_eq!((&theirs["description"], &theirs["display"]), (&ours.0["description"], &ours.0["display"]));
}
