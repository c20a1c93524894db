//! Flags that come from the environment: any flag can be `LOADFORGE_CI_<FLAG>`.

use std::ffi::OsString;

use clap::builder::BoolishValueParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command, CommandFactory, FromArgMatches};

use super::{Cli, refusal};
use crate::error::nearest;

/// What the variable of a flag starts with.
pub const PREFIX: &str = "LOADFORGE_CI_";

/// Parses arguments; a flag that is not among them is taken from `LOADFORGE_CI_<FLAG>`, where it is set. An empty
/// value and `<nil>` (what CircleCI makes of an empty pipeline value) count as unset.
///
/// # Errors
/// clap's output: a usage error, or the text of `--help` and `--version`.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<Cli, clap::Error> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let [_, only] = &arguments[..]
        && (only == "--version" || only == "-V")
    {
        // What installers ask needs no flag of any command.
        let command = Command::new(env!("CARGO_PKG_NAME")).version(crate::VERSION);
        return Err(command
            .try_get_matches_from(&arguments)
            .err()
            .unwrap_or_else(|| clap::Error::new(ErrorKind::DisplayVersion)));
    }
    let is_set = |name: &str| environment(name).is_some_and(|value| !matches!(value.to_str(), Some("" | "<nil>")));
    let mut command = with_environment(Cli::command(), &is_set);
    let written = |flag: &str| arguments.iter().any(|argument| argument.to_string_lossy().starts_with(flag));
    let matches = command.try_get_matches_from_mut(&arguments).map_err(|error| {
        refusal::without_values(refusal::with_source(error, |flag| {
            let name = format!("{PREFIX}{}", flag.trim_start_matches('-').to_uppercase().replace('-', "_"));
            (is_set(&name) && !written(flag)).then_some(name)
        }))
    })?;
    Cli::from_arg_matches(&matches).map_err(refusal::without_values)
}

/// Variables that begin like a flag's and are none.
const OTHERS: [&str; 7] = [
    "LOADFORGE_CI_CACHE_DIR",
    "LOADFORGE_CI_GITHUB_APP_ID",
    "LOADFORGE_CI_GITHUB_APP_INSTALLATION_ID",
    "LOADFORGE_CI_GITHUB_APP_PRIVATE_KEY",
    "LOADFORGE_CI_PARENT",
    "LOADFORGE_CI_RECORD",
    "LOADFORGE_CI_BUILD_VERSION",
];

/// A sentence about each variable that looks like a flag's but matches none, with the nearest that does.
#[must_use]
pub fn unknown_variables(names: impl IntoIterator<Item = String>) -> Vec<String> {
    fn collect(command: &Command, known: &mut Vec<String>) {
        known.extend(command.get_arguments().filter_map(variable));
        command.get_subcommands().for_each(|sub| collect(sub, known));
    }
    let names: Vec<String> = names.into_iter().filter(|name| name.starts_with(PREFIX)).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let mut known: Vec<String> = OTHERS.map(ToOwned::to_owned).to_vec();
    collect(&Cli::command(), &mut known);
    let strange = |name: &String| !known.contains(name);
    let near = |name: &str| {
        nearest(name.trim_start_matches(PREFIX), known.iter().map(|variable| variable.trim_start_matches(PREFIX)))
    };
    let mut sentences: Vec<String> = names
        .into_iter()
        .filter(strange)
        .map(|name| match near(&name) {
            Some(near) => {
                format!("the variable {name} matches no flag and is ignored; did you mean {PREFIX}{near}?")
            }
            None => format!("the variable {name} matches no flag and is ignored"),
        })
        .collect();
    sentences.sort();
    sentences
}

/// Gives every flag whose variable is set that variable as a source. Doing so only where it is set keeps an empty
/// variable from being a value, which clap would make of it.
fn with_environment(command: Command, is_set: &impl Fn(&str) -> bool) -> Command {
    let command = command.mut_args(|argument| match variable(&argument) {
        Some(name) if is_set(&name) => from_variable(argument, name),
        _ => argument,
    });
    command.mut_subcommands(|subcommand| with_environment(subcommand, is_set))
}

/// The variable of a flag.
fn variable(argument: &Arg) -> Option<String> {
    // `signal` has a flag called version that is not clap's.
    let is_clap_s = matches!(argument.get_action(), ArgAction::Version) || argument.get_long() == Some("help");
    let flag = argument.get_long().filter(|_| !is_clap_s)?;
    Some(format!("{PREFIX}{}", flag.to_uppercase().replace('-', "_")))
}

fn from_variable(argument: Arg, name: String) -> Arg {
    let argument = match argument.get_action() {
        ArgAction::SetTrue => argument.value_parser(BoolishValueParser::new()),
        ArgAction::Append => argument.value_delimiter('\n'),
        _ => argument,
    };
    // Values stay out of `--help`, whatever they are.
    argument.env(name).hide_env(true)
}

#[cfg(test)]
mod tests {
    use super::super::Command as Sub;
    use super::*;

    fn with(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Cli, String> {
        let arguments = std::iter::once("loadforge-ci").chain(arguments.iter().copied()).map(OsString::from);
        let find =
            |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        parse(arguments, find).map_err(|error| error.to_string())
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_subcommand_shows_an_example() {
        fn walk(command: &Command, missing: &mut Vec<String>) {
            let leaf = command.get_subcommands().next().is_none();
            if leaf && command.get_name() != "man" && command.get_after_help().is_none() {
                missing.push(command.get_name().to_owned());
            }
            command.get_subcommands().for_each(|sub| walk(sub, missing));
        }
        let mut missing = Vec::new();
        walk(&Cli::command(), &mut missing);
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn a_variable_that_stands_for_no_flag_is_named_with_the_nearest() {
        let names = ["LOADFORGE_CI_GATES", "LOADFORGE_CI_TEST_ID", "LOADFORGE_CI_CACHE_DIR", "LOADFORGE_API_TOKEN"];
        assert_eq!(
            unknown_variables(names.map(ToOwned::to_owned)),
            ["the variable LOADFORGE_CI_GATES matches no flag and is ignored; did you mean LOADFORGE_CI_GATE?"]
        );
    }

    #[test]
    fn empty_and_nil_count_as_unset() {
        for value in ["", "<nil>"] {
            let cli = with(&["run"], &[("LOADFORGE_CI_TEST_ID", value), ("LOADFORGE_CI_DETACH", value)]).unwrap();
            let Sub::Run(run) = cli.command else { panic!() };
            assert_eq!((run.test.test_id, run.detach), (None, false));
        }
    }

    #[test]
    fn a_wrong_value_names_the_variable_it_came_from() {
        // clap reads the process environment itself, which a test cannot set; what names the source can be asked.
        let error = Cli::command().try_get_matches_from(["loadforge-ci", "run", "--users", "many"]).unwrap_err();
        let named = refusal::with_source(error, |flag| (flag == "--users").then(|| "LOADFORGE_CI_USERS".to_owned()));
        assert!(named.to_string().contains("'--users <N> (from LOADFORGE_CI_USERS)'"), "{named}");
    }

    #[test]
    fn locusts_own_flags_mean_the_same() {
        let line = ["run", "-f", "a.py", "-u", "5", "-r", "2", "-t", "90s", "--host", "http://h", "--headless"];
        let Sub::Run(run) = with(&line, &[]).unwrap().command else { panic!() };
        assert_eq!(run.test.locustfile.unwrap().to_str(), Some("a.py"));
        assert_eq!((run.shape.users, run.shape.spawn_rate), (Some(5), Some(2.0)));
        assert_eq!(run.shape.duration.unwrap().as_secs(), 90.0);
        assert_eq!(run.shape.target_host.unwrap().as_str(), "http://h/");
        let Sub::Run(run) = with(&["run", "--run-time", "1h30m"], &[]).unwrap().command else { panic!() };
        assert_eq!(run.shape.duration.unwrap().as_secs(), 5400.0);
    }

    #[test]
    fn help_never_shows_a_value_of_the_environment() {
        // clap reads the process environment itself; a name that is set there must not show up.
        let mut command = with_environment(Cli::command(), &|name| name == "LOADFORGE_CI_TEST_ID");
        let help = command.find_subcommand_mut("run").unwrap().render_long_help().to_string();
        assert!(!help.contains("LOADFORGE_CI_TEST_ID"), "{help}");
    }
}
