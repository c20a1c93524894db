//! `gate`: judge, write every report, publish, and only then decide the exit code.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::Path;

use super::confirm::Settled;
use super::judged_run::JudgedRun;
use super::run_under_test::RunUnderTest;
use super::{comment, commit, configuration, confirm, gates, history, printed, service};
use crate::baseline::{LearnedBaseline, Rules, RunHistory, ThisRun};
use crate::cli::{GateCommandArgs, OutputArgs};
use crate::config::Config;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::gate::{self, LimitSource, NoHistory, Options, PlacedGate, Waiver};
use crate::insight::{self, RunSeries};
use crate::log::use_color;
use crate::report::{self, console};
use crate::results::RecipeTest;
use crate::verdict::{TargetPolicy, Verdict};

pub(super) async fn run(arguments: &GateCommandArgs, output: OutputArgs) -> Result<Exit, CommandError> {
    // What is wrong with the question is said before anything is judged.
    let config = configuration(&arguments.config)?;
    let file = arguments.config.config.as_deref();
    let gates = gates::read(&config, file, &arguments.gate.gate)?;
    let template = read_template(arguments.gate.template.as_deref())?;
    let ci = commit::environment();
    let under_test = RunUnderTest::read(&arguments.gate, &arguments.folder)?;
    let history = history::open(&arguments.folder.history)?;
    let rules = history::rules(&arguments.baseline, &config);
    let options = options(arguments, &config, &under_test);
    let bench = Judging::new(gates, &config, file, Some((&history, &rules)), options);
    let Settled { verdict, stopped } =
        confirm::settle(bench.judge(&under_test), &under_test, &bench, arguments, &ci).await;
    let judged = under_test.judged(verdict, &ci);
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

/// Everything a under_test is judged by.
pub(super) struct Judging<'a> {
    gates: Vec<PlacedGate>,
    waivers: Vec<Waiver>,
    history: Option<(&'a RunHistory, &'a Rules)>,
    pub(super) config: &'a Config,
    pub(super) options: Options,
}

impl<'a> Judging<'a> {
    /// The gates written, or the default ones where there are none.
    pub(super) fn new(
        gates: Vec<PlacedGate>,
        config: &'a Config,
        file: Option<&Path>,
        history: Option<(&'a RunHistory, &'a Rules)>,
        options: Options,
    ) -> Self {
        let gates = if gates.is_empty() { gate::default_gates() } else { gates };
        Self { gates, waivers: gates::waivers(config, file), history, config, options }
    }

    /// Judges a under_test and looks for findings.
    pub(super) fn judge(&self, under_test: &RunUnderTest) -> Verdict {
        let learned = self.history.zip(under_test.run.as_ref()).map(|((history, rules), run)| {
            LearnedBaseline::new(history, rules, &ThisRun::of(run, &under_test.results, &self.gates))
        });
        let baseline = learned.as_ref().map_or(&NoHistory as &dyn LimitSource, |judge| judge);
        let course = under_test.history.as_deref().map(gate::StatsHistory::file);
        let mut verdict = gate::judge(&self.gates, &under_test.results, course, baseline, &self.options);
        gate::waive(&mut verdict, &self.waivers, jiff::Zoned::now().date(), self.options.on_inconclusive);
        let usual = learned.as_ref().and_then(history::usual);
        match RunSeries::of(&under_test.results, under_test.history.as_deref()) {
            Ok(course) => verdict.findings = insight::find(&under_test.results, &course, usual.as_ref()),
            Err(fault) => service::warn("no findings", &fault),
        }
        verdict
    }
}

fn options(arguments: &GateCommandArgs, config: &Config, under_test: &RunUnderTest) -> Options {
    // A test made from a script for one run has no targets of its own; a row about them would be a tick for nothing.
    let recipe = under_test.run.as_ref().and_then(|run| run.recipe.as_ref());
    let of_a_script = recipe.is_some_and(|recipe| matches!(recipe.what, RecipeTest::Script(_)));
    let usual = if of_a_script { TargetPolicy::Ignore } else { TargetPolicy::default() };
    Options {
        on_inconclusive: arguments.gate.on_inconclusive.or(config.on_inconclusive).unwrap_or_default(),
        targets: arguments.gate.loadforge_targets.or(config.loadforge_targets).unwrap_or(usual),
        targets_expected: false,
    }
}

/// Writes the files and prints the verdict. The inner error is a template that could not be used.
pub(super) fn write_reports(
    judged: &JudgedRun,
    template: Option<&(String, String)>,
    output: OutputArgs,
) -> Result<Result<(), CommandError>, CommandError> {
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
fn read_template(path: Option<&Path>) -> Result<Option<(String, String)>, CommandError> {
    let Some(path) = path else { return Ok(None) };
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some((name, text))),
        Err(cause) => Err(CommandError::usage(format!("failed to read the template {name}: {cause}"))
            .with_hint("--template names a minijinja file; docs/template.md lists what it can use")),
    }
}
