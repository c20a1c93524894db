//! `baseline`: the history of good runs.

use std::io::Write;

use jiff::Timestamp;

use crate::baseline::{self, AddRules, Added, Keep, Rules, ThisRun};
use crate::cli::{
    AddArgs, BacktestArgs, BaselineCommand, BaselineCommandArgs, ExplainArgs, ExplainFormat, SuggestArgs,
};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::gate;
use crate::judging::{self, ConfirmPlan};
use crate::results::{Results, ResultsFolder, RunRecord};
use crate::running::{self, Asking};
use crate::stdout::printed;
use crate::text::counted;

pub(super) fn run(command: &BaselineCommand, sink: impl Write) -> Result<Exit, CommandError> {
    match command {
        BaselineCommand::Add(arguments) => add(arguments),
        BaselineCommand::Show(arguments) => show(arguments, sink),
        BaselineCommand::Backtest(arguments) => backtest(arguments, sink),
        BaselineCommand::Explain(arguments) => explain(arguments, sink),
        BaselineCommand::Suggest(arguments) => suggest(arguments, sink),
    }
}

fn add(arguments: &AddArgs) -> Result<Exit, CommandError> {
    let AddArgs { common: arguments, build } = arguments;
    let config = arguments.config.load_to_judge()?;
    let asking = Asking::of(build, arguments.config.selected(), &running::environment(&build.build));
    let rules = judging::rules(&arguments.baseline, &config);
    let mut history = judging::open_index(&arguments.folder.history)?;
    let folder = ResultsFolder::new(&arguments.folder.results);
    let mut record: RunRecord = folder.read_json(ResultsFolder::RUN)?;
    asking.admit(&mut record, &folder, None)?;
    let Added { new, comparable, .. } = history.add(&folder, record, &AddRules { branch: rules.branch })?;
    let runs = counted(comparable, "good run");
    let what = if new { "added the run" } else { "the run is already recorded" };
    tracing::info!("{what}: {runs} of this fingerprint in {}", arguments.folder.history.display());
    let pruned = history.prune(&Keep::usual(Timestamp::now()))?;
    if pruned.removed > 0 {
        tracing::info!("removed {} old runs; {} stay", pruned.removed, pruned.kept);
    }
    Ok(Exit::Passed)
}

fn show(arguments: &BaselineCommandArgs, mut sink: impl Write) -> Result<Exit, CommandError> {
    arguments.config.load_to_judge()?;
    let history = judging::open_history(&arguments.folder.history)?;
    let failed = history.failed()?;
    printed(sink.write_all(baseline::show(&history, &failed).as_bytes()).and_then(|()| sink.flush()))?;
    Ok(Exit::Passed)
}

fn backtest(arguments: &BacktestArgs, mut sink: impl Write) -> Result<Exit, CommandError> {
    let BaselineCommandArgs { config, folder, baseline } = &arguments.common;
    let config = config.load_to_judge()?;
    let written = judging::gates(&config, &arguments.gate)?;
    let gates = if written.is_empty() { gate::default_gates() } else { written };
    let history = judging::open_history(&folder.history)?;
    let replayed = baseline::backtest(&history, &gates, &judging::rules(baseline, &config));
    printed(sink.write_all(replayed.render().as_bytes()).and_then(|()| sink.flush()))?;
    Ok(Exit::Passed)
}

/// Explains a row of the run in the results folder; without one, of the newest recorded run as on its day.
fn explain(arguments: &ExplainArgs, mut sink: impl Write) -> Result<Exit, CommandError> {
    let BaselineCommandArgs { config, folder, baseline } = &arguments.common;
    let config = config.load_to_judge()?;
    let written = judging::gates(&config, &arguments.gate)?;
    let gates = if written.is_empty() { gate::default_gates() } else { written };
    let history = judging::open_index(&folder.history)?;
    let results = ResultsFolder::new(&folder.results);
    let record: Option<RunRecord> = results.read_json_if_there(ResultsFolder::RUN)?;
    let measured: Option<Results> = results.read_json_if_there(ResultsFolder::RESULTS)?;
    let rules = judging::rules(baseline, &config);
    let (this, rules) = match record.as_ref().zip(measured.as_ref()) {
        Some((record, measured)) => {
            let most_runs = ConfirmPlan::of(false, &config, Some(record)).most_runs();
            (ThisRun::of(record, measured, &gates).with_most_runs(most_runs), rules)
        }
        None => {
            let newest = history.load(history.heads().last())?.pop().ok_or_else(|| {
                let place = folder.history.display();
                CommandError::usage(format!("no good run is recorded in {place}, so no limit was learned"))
                    .with_hint("add judged runs with `loadforge-ci baseline add`")
            })?;
            (ThisRun::recorded(&newest, &gates), Rules { now: newest.at, ..rules })
        }
    };
    let row = baseline::find_row(&arguments.row, &gates, &this.endpoint_keys())?;
    let explained = baseline::explain(&history.comparable(&rules, &this)?, &this, &row)?;
    let text = match arguments.format {
        ExplainFormat::Text => explained.render(),
        ExplainFormat::Json => explained.json(),
    };
    printed(sink.write_all(text.as_bytes()).and_then(|()| sink.flush()))?;
    Ok(Exit::Passed)
}

fn suggest(arguments: &SuggestArgs, mut sink: impl Write) -> Result<Exit, CommandError> {
    arguments.common.config.load_to_judge()?;
    let history = judging::open_history(&arguments.common.folder.history)?;
    let suggestions = baseline::suggest(&history, arguments.headroom);
    let text = baseline::render_suggestions(&suggestions, arguments.headroom);
    printed(sink.write_all(text.as_bytes()).and_then(|()| sink.flush()))?;
    Ok(Exit::Passed)
}
