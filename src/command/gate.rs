//! `gate`: judge, write every report, publish, and only then decide the exit code.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::Path;

use super::case::Case;
use super::judged::Judged;
use super::{comment, commit, configuration, gates, printed, service};
use crate::cli::{GateCommandArgs, OutputArgs};
use crate::config::Config;
use crate::error::Failure;
use crate::exit::Exit;
use crate::gate::{self, Baseline, History, NoHistory, Options, PlacedGate};
use crate::insight::{self, Course};
use crate::log::use_color;
use crate::report::{self, console};
use crate::verdict::{Targets, Verdict};

pub(super) async fn run(arguments: &GateCommandArgs, output: OutputArgs) -> Result<Exit, Failure> {
    // What is wrong with the question is said before anything is judged.
    let config = configuration(&arguments.config)?;
    let file = arguments.config.config.as_deref();
    let gates = gates::read(&config, file, &arguments.gate.gate)?;
    let template = read_template(arguments.gate.template.as_deref())?;
    let ci = commit::environment();
    let case = Case::read(&arguments.gate, &arguments.folder)?;
    let options = options(arguments, &config, &case);
    let verdict = judge(&case, gates, &config, file, &NoHistory, &options);
    let judged = case.judged(verdict, &ci);
    let written = write_reports(&judged, template.as_ref(), output)?;
    if arguments.comment {
        comment::publish_all(std::slice::from_ref(&judged), &arguments.comment_args, &arguments.github, &ci).await;
    }
    let exit = gate::exit(&judged.verdict, options.on_inconclusive);
    match written {
        // A broken template is the user's to mend, but never hides a gate that failed.
        Err(fault) if exit == Exit::Passed => Err(fault),
        Err(fault) => {
            tracing::error!("{fault}");
            Ok(exit)
        }
        Ok(()) => Ok(exit),
    }
}

fn options(arguments: &GateCommandArgs, config: &Config, case: &Case) -> Options {
    // A test made for one run has no targets of its own; a row about them would be a tick for nothing.
    let ephemeral = case.run.as_ref().is_some_and(|run| run.ephemeral);
    let usual = if ephemeral { Targets::Ignore } else { Targets::default() };
    Options {
        on_inconclusive: arguments.gate.on_inconclusive.or(config.on_inconclusive).unwrap_or_default(),
        targets: arguments.gate.loadforge_targets.or(config.loadforge_targets).unwrap_or(usual),
        targets_expected: false,
    }
}

/// Judges a case by its gates, or by the default ones where there are none, and looks for findings.
pub(super) fn judge(
    case: &Case,
    gates: Vec<PlacedGate>,
    config: &Config,
    file: Option<&Path>,
    baseline: &dyn Baseline,
    options: &Options,
) -> Verdict {
    let gates = if gates.is_empty() { gate::default_gates() } else { gates };
    let history = case.history.as_deref().map(History::file);
    let mut verdict = gate::judge(&gates, &case.results, history, baseline, options);
    let today = jiff::Zoned::now().date();
    gate::waive(&mut verdict, &gates::waivers(config, file), today, options.on_inconclusive);
    match Course::of(&case.results, case.history.as_deref()) {
        Ok(course) => verdict.findings = insight::find(&case.results, &course, None),
        Err(fault) => service::warn("no findings", &fault),
    }
    verdict
}

/// Writes the files and prints the verdict. The inner error is a template that could not be used.
pub(super) fn write_reports(
    judged: &Judged,
    template: Option<&(String, String)>,
    output: OutputArgs,
) -> Result<Result<(), Failure>, Failure> {
    let story = judged.story();
    let template = template.map(|(name, text)| (name.as_str(), text.as_str()));
    let (files, ended) = match report::files::write(&judged.folder, &story, template) {
        Ok(files) => (files, Ok(())),
        Err(report::files::WriteError::Template(fault)) => (Vec::new(), Err(fault.into())),
        Err(fault) => return Err(fault.into()),
    };
    let stdout = io::stdout();
    let color = use_color(output.color, stdout.is_terminal());
    let options = console::ConsoleOptions { color, files, ..console::ConsoleOptions::default() };
    printed(console::write(&mut stdout.lock(), &story, &options))?;
    Ok(ended)
}

/// The name and text of the file given with `--template`.
fn read_template(path: Option<&Path>) -> Result<Option<(String, String)>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some((name, text))),
        Err(cause) => Err(Failure::usage(format!("failed to read the template {name}: {cause}"))
            .with_hint("--template names a minijinja file; docs/template.md lists what it can use")),
    }
}
