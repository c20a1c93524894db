//! The orb and the program say the same: every parameter is a flag with the same default, and no flag is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Arg, ArgAction, Command, CommandFactory};
use loadforge_ci::cli::Cli;
use serde_json::{Value, json};

use super::runner::{Declared, Kind, Orb, orb_folder};

/// Flags without a parameter of the orb, with the reason.
const LEFT_OUT: [(&str, &str, &str); 26] = [
    ("signal", "resend", "a job sends its signal once"),
    ("signal", "circleci-url", "LOADFORGE_CI_CIRCLECI_URL"),
    ("signal", "commit", "CircleCI names the commit"),
    ("signal", "branch", "CircleCI names the branch"),
    ("signal", "allow-other-commit", "a job judges its own commit; LOADFORGE_CI_ALLOW_OTHER_COMMIT"),
    ("run", "history", "run judges nothing; gate reads the history"),
    ("wait", "history", "wait judges nothing; gate reads the history"),
    ("wait", "start-api", "wait starts nothing"),
    ("cancel", "history", "cancel judges nothing"),
    ("cancel", "start-api", "cancel starts nothing"),
    ("run", "bundled", "tries on one machine what LoadForge gets; LOADFORGE_CI_BUNDLED"),
    ("run", "no-preflight", "LOADFORGE_CI_NO_PREFLIGHT"),
    ("run", "commit", "CircleCI names the commit"),
    ("run", "branch", "CircleCI names the branch"),
    ("wait", "commit", "CircleCI names the commit"),
    ("wait", "branch", "CircleCI names the branch"),
    ("wait", "allow-other-commit", "a job judges its own commit; LOADFORGE_CI_ALLOW_OTHER_COMMIT"),
    ("gate", "commit", "CircleCI names the commit"),
    ("gate", "branch", "CircleCI names the branch"),
    ("gate", "allow-other-commit", "a job judges its own commit; LOADFORGE_CI_ALLOW_OTHER_COMMIT"),
    ("comment", "commit", "CircleCI names the commit"),
    ("comment", "branch", "CircleCI names the branch"),
    ("comment", "allow-other-commit", "a job judges its own commit; LOADFORGE_CI_ALLOW_OTHER_COMMIT"),
    ("cancel", "commit", "CircleCI names the commit"),
    ("cancel", "branch", "CircleCI names the branch"),
    ("cancel", "allow-other-commit", "a job judges its own commit; LOADFORGE_CI_ALLOW_OTHER_COMMIT"),
];

/// One flag that a step passes to the program.
#[derive(Debug)]
struct HandedOver {
    orb_command: String,
    command: String,
    flag: String,
    how: String,
    parameter: String,
    declared: Declared,
}

fn handed_over() -> Vec<HandedOver> {
    let orb = Orb::of_repository();
    let mut all = Vec::new();
    for (name, definition) in orb.section("commands") {
        let declared = Declared::all(definition).unwrap();
        let mut environments = Vec::new();
        environments_of(definition, &mut environments);
        for environment in environments {
            let Some(command) = environment.get("LF_COMMAND").and_then(Value::as_str) else { continue };
            for (variable, value) in environment.as_object().unwrap() {
                let Some((how, flag)) = ["FLAG", "LINES", "SWITCH", "UNLESS"]
                    .iter()
                    .find_map(|how| Some((*how, variable.strip_prefix("LF_")?.strip_prefix(how)?.strip_prefix('_')?)))
                else {
                    continue;
                };
                let value = value.as_str().unwrap();
                let parameter = value.strip_prefix("<< parameters.").unwrap().strip_suffix(" >>").unwrap();
                all.push(HandedOver {
                    orb_command: name.clone(),
                    command: command.to_owned(),
                    flag: flag.to_lowercase().replace('_', "-"),
                    how: how.to_owned(),
                    parameter: parameter.to_owned(),
                    declared: declared[parameter].clone(),
                });
            }
        }
    }
    all
}

fn environments_of<'a>(value: &'a Value, out: &mut Vec<&'a Value>) {
    match value {
        Value::Object(map) => {
            out.extend(map.get("environment"));
            map.values().for_each(|item| environments_of(item, out));
        }
        Value::Array(items) => items.iter().for_each(|item| environments_of(item, out)),
        _ => {}
    }
}

fn subcommand<'a>(root: &'a Command, words: &str) -> &'a Command {
    words.split(' ').fold(root, |command, word| command.find_subcommand(word).unwrap_or_else(|| panic!("no {word}")))
}

fn flag<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|argument| argument.get_long() == Some(name))
}

/// The flag's default: clap's own, or what its help gives in `[default: word]` or `[default: ..., else word]`.
fn default(argument: &Arg) -> Option<String> {
    if let Some(value) = argument.get_default_values().first() {
        return Some(value.to_string_lossy().into_owned());
    }
    let help = argument.get_help()?.to_string();
    let (_, rest) = help.split_once("[default: ")?;
    let all = rest.split(']').next()?;
    let word = all.rsplit_once("else ").map_or(all.split(',').next()?, |(_, last)| last);
    (!word.contains(' ')).then(|| word.to_owned())
}

/// The words a flag accepts, when they are listed.
fn words(argument: &Arg) -> Vec<String> {
    let possible: Vec<String> =
        argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let named = argument.get_value_names().into_iter().flatten().find(|name| name.contains('|'));
    match named {
        Some(name) if possible.is_empty() => name.split('|').map(ToOwned::to_owned).collect(),
        _ => possible,
    }
}

#[test]
fn every_parameter_is_a_flag_of_its_kind_with_the_same_default() {
    let root = Cli::command();
    for given in handed_over() {
        let place = format!("{}.{} and --{} of {}", given.orb_command, given.parameter, given.flag, given.command);
        let argument =
            flag(subcommand(&root, &given.command), &given.flag).unwrap_or_else(|| panic!("{place}: no flag"));
        let how = match argument.get_action() {
            ArgAction::Append => "LINES",
            ArgAction::SetTrue if given.how == "UNLESS" => "UNLESS",
            ArgAction::SetTrue => "SWITCH",
            _ => "FLAG",
        };
        assert_eq!(given.how, how, "{place}");
        let Some(default_value) = &given.declared.default else {
            assert!(argument.is_required_set(), "{place}: must be given, but the flag need not");
            continue;
        };
        match (&given.declared.kind, default_value) {
            (Kind::Boolean, value) => assert_eq!(*value, json!(given.how == "UNLESS"), "{place}"),
            (_, Value::String(text)) if text.is_empty() => {
                let (_, says) = given.declared.description.split_once("Default: ").unwrap_or_else(|| panic!("{place}"));
                let mut states_default = says.split([' ', ',', '.']).map(|word| word.trim_matches('`'));
                let states_default = default(argument)
                    .is_none_or(|word| says.contains(&format!("`{word}`")) || states_default.any(|it| it == word));
                assert!(states_default, "{place}: {:?} is not in: {}", default(argument), given.declared.description);
            }
            (_, value) => assert_eq!(value.as_str().map(ToOwned::to_owned), default(argument), "{place}"),
        }
        if let Kind::Enum(known) = &given.declared.kind {
            let known: BTreeSet<_> = known.iter().filter(|word| !word.is_empty()).cloned().collect();
            assert_eq!(known, words(argument).into_iter().collect(), "{place}");
        }
    }
}

#[test]
fn no_flag_that_a_user_of_circleci_needs_is_missing() {
    let mut handed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for given in handed_over() {
        handed.entry(given.command).or_default().insert(given.flag);
    }
    assert_eq!(handed.keys().collect::<Vec<_>>(), ["cancel", "comment", "gate", "run", "signal", "wait"]);
    let root = Cli::command();
    for (command, flags) in &handed {
        for argument in subcommand(&root, command).get_arguments().filter(|argument| !argument.is_hide_set()) {
            // The output flags are global; a job sets LOADFORGE_CI_VERBOSE and its like.
            let Some(name) = argument.get_long().filter(|_| !argument.is_global_set()) else { continue };
            let left_out = LEFT_OUT.iter().any(|(of, flag, _)| of == command && *flag == name);
            assert!(flags.contains(name) != left_out, "--{name} of {command}: handed over or left out with a reason");
        }
    }
    for (command, name, _) in LEFT_OUT {
        assert!(flag(subcommand(&root, command), name).is_some(), "--{name} of {command} is left out, but gone");
    }
}

#[test]
fn the_flags_and_variables_in_the_scripts_exist() {
    let root = Cli::command();
    let script = std::fs::read_to_string(orb_folder().join("scripts/baseline.sh")).unwrap();
    let add = subcommand(&root, "baseline add");
    let used: BTreeSet<&str> = script.split("\"--").skip(1).filter_map(|rest| Some(rest.split_once('=')?.0)).collect();
    assert_eq!(used.len(), 6, "{used:?}");
    for name in used {
        assert!(flag(add, name).is_some(), "baseline add has no --{name}");
    }
    let help = Cli::command().render_long_help().to_string();
    let orb = Orb::of_repository();
    let token = &Declared::all(&orb.section("commands")["run-test"]).unwrap()["api_token"];
    assert!(help.contains(token.default.as_ref().unwrap().as_str().unwrap()), "{help}");
    assert!(
        std::fs::read_to_string(orb_folder().join("scripts/loadforge.sh")).unwrap().contains("LOADFORGE_CI_ENGINE")
    );
    assert_eq!(loadforge_ci::cli::PREFIX, "LOADFORGE_CI_");
}
