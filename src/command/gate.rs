//! `gate`: judge, write every report, publish, and only then decide the exit code.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::Path;

use super::case::Case;
use super::confirm::Settled;
use super::judged::Judged;
use super::{comment, commit, configuration, confirm, gates, history, printed, service};
use crate::baseline::{History, Judge, Rules, ThisRun};
use crate::cli::{GateCommandArgs, OutputArgs};
use crate::config::Config;
use crate::error::Failure;
use crate::exit::Exit;
use crate::gate::{self, Baseline, NoHistory, Options, PlacedGate, Waiver};
use crate::insight::{self, Course};
use crate::log::use_color;
use crate::report::{self, console};
use crate::results::RecipeTest;
use crate::verdict::{Targets, Verdict};

pub(super) async fn run(arguments: &GateCommandArgs, output: OutputArgs) -> Result<Exit, Failure> {
    // What is wrong with the question is said before anything is judged.
    let config = configuration(&arguments.config)?;
    let file = arguments.config.config.as_deref();
    let gates = gates::read(&config, file, &arguments.gate.gate)?;
    let template = read_template(arguments.gate.template.as_deref())?;
    let ci = commit::environment();
    let case = Case::read(&arguments.gate, &arguments.folder)?;
    let history = history::open(&arguments.folder.history)?;
    let rules = history::rules(&arguments.baseline, &config);
    let options = options(arguments, &config, &case);
    let bench = Bench::new(gates, &config, file, Some((&history, &rules)), options);
    let Settled { verdict, stopped } = confirm::settle(bench.judge(&case), &case, &bench, arguments, &ci).await;
    let judged = case.judged(verdict, &ci);
    let written = write_reports(&judged, template.as_ref(), output)?;
    if let Some(stopped) = stopped {
        return Err(stopped);
    }
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

/// Everything a case is judged by.
pub(super) struct Bench<'a> {
    gates: Vec<PlacedGate>,
    waivers: Vec<Waiver>,
    history: Option<(&'a History, &'a Rules)>,
    pub(super) config: &'a Config,
    pub(super) options: Options,
}

impl<'a> Bench<'a> {
    /// The gates written, or the default ones where there are none.
    pub(super) fn new(
        gates: Vec<PlacedGate>,
        config: &'a Config,
        file: Option<&Path>,
        history: Option<(&'a History, &'a Rules)>,
        options: Options,
    ) -> Self {
        let gates = if gates.is_empty() { gate::default_gates() } else { gates };
        Self { gates, waivers: gates::waivers(config, file), history, config, options }
    }

    /// Judges a case and looks for findings.
    pub(super) fn judge(&self, case: &Case) -> Verdict {
        let learned = self
            .history
            .zip(case.run.as_ref())
            .map(|((history, rules), run)| Judge::new(history, rules, &ThisRun::of(run, &case.results, &self.gates)));
        let baseline = learned.as_ref().map_or(&NoHistory as &dyn Baseline, |judge| judge);
        let course = case.history.as_deref().map(gate::History::file);
        let mut verdict = gate::judge(&self.gates, &case.results, course, baseline, &self.options);
        gate::waive(&mut verdict, &self.waivers, jiff::Zoned::now().date(), self.options.on_inconclusive);
        let usual = learned.as_ref().and_then(history::usual);
        match Course::of(&case.results, case.history.as_deref()) {
            Ok(course) => verdict.findings = insight::find(&case.results, &course, usual.as_ref()),
            Err(fault) => service::warn("no findings", &fault),
        }
        verdict
    }
}

fn options(arguments: &GateCommandArgs, config: &Config, case: &Case) -> Options {
    // A test made from a script for one run has no targets of its own; a row about them would be a tick for nothing.
    let recipe = case.run.as_ref().and_then(|run| run.recipe.as_ref());
    let of_a_script = recipe.is_some_and(|recipe| matches!(recipe.what, RecipeTest::Script(_)));
    let usual = if of_a_script { Targets::Ignore } else { Targets::default() };
    Options {
        on_inconclusive: arguments.gate.on_inconclusive.or(config.on_inconclusive).unwrap_or_default(),
        targets: arguments.gate.loadforge_targets.or(config.loadforge_targets).unwrap_or(usual),
        targets_expected: false,
    }
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
