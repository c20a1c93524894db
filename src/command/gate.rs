//! `gate`: judge, write every report, publish, and only then decide the exit code.

use crate::circleci;
use crate::cli::{GateCommandArgs, OutputArgs};
use crate::config::Config;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::gate::{self, Options};
use crate::judging::{self, Attempts, ConfirmPlan, FurtherRuns, Judging, RunUnderTest, Settled};
use crate::results::{ResultsFolder, TestSource};
use crate::running;
use crate::stdout::answer;
use crate::verdict::TargetPolicy;

pub(super) async fn run(arguments: &GateCommandArgs, output: OutputArgs) -> Result<Exit, CommandError> {
    // Errors in the gates are reported before anything is judged.
    // A second run needs what the test needs.
    let runs_again = arguments.gate.confirm || arguments.gate.control_host.is_some();
    let config = if runs_again { arguments.config.load()? } else { arguments.config.load_to_judge()? };
    running::register_variables(&config, &arguments.gate.env, &[]);
    let control = running::control_host(arguments.gate.control_host.as_ref(), &config)?;
    let gates = judging::gates(&config, &arguments.gate.gate)?;
    let template = judging::read_template(arguments.gate.template.as_deref())?;
    let ci = arguments.build.build.applied_to(arguments.github.environment());
    let build = circleci::build(&ci, arguments.config.selected());
    let nothing_here = arguments.gate.from.is_none() && !arguments.folder.results.join(ResultsFolder::RUN).exists();
    if nothing_here && running::is_left_to_container_0(&ci) {
        return Ok(Exit::Passed);
    }
    let mut under_test = RunUnderTest::read(arguments, &ci)?;
    // A history that no gate compares with is shown alone, and never in the way.
    let compares = gates.is_empty() || gates.iter().any(|placed| placed.gate.is_vs_baseline());
    if compares && arguments.gate.from.is_some() && under_test.run.is_none() {
        tracing::info!("--from is compared with no history: name the test that it is a run of with --test NAME");
    }
    let opened = judging::open_index(&arguments.folder.history);
    let history = if compares { Some(opened?) } else { opened.ok() };
    let rules = judging::rules(&arguments.baseline, &config);
    let options = options(arguments, &config, &under_test);
    let confirm = ConfirmPlan::of(arguments.gate.confirm, &config, under_test.run.as_ref());
    let history = history.as_ref().map(|history| (history, &rules));
    let (compared, shown) = if compares { (history, None) } else { (None, history) };
    let by = Judging::new(gates, &config, compared, options).showing(shown).with_most_runs(confirm.most_runs());
    let attempts = Attempts::of(arguments, &config, &ci, &build)?;
    let further = FurtherRuns { confirm, control };
    let Settled { verdict, on_inconclusive, stopped } =
        judging::settle(&mut under_test, &by, further, arguments, &build).await?;
    if let Some((index, rules)) = compared.filter(|_| stopped.is_none()) {
        judging::keep_failed(&under_test, &verdict, index, rules);
    }
    let mut judged = under_test.judged(verdict, &ci, &build);
    if let Some(attempts) = attempts {
        attempts.count_in(&mut judged, &by, on_inconclusive);
    }
    judging::say_what_now(&mut judged.verdict, &config.owners, judged.run.as_ref(), jiff::Zoned::now().date());
    let judged = if arguments.gate.no_artifact_links { judged.without_artifacts() } else { judged };
    let written = judging::write_reports(&judged, template.as_ref(), output);
    if let Some(stopped) = stopped {
        return Err(stopped);
    }
    if arguments.comment {
        judging::publish_all(std::slice::from_ref(&judged), &arguments.comment_args, &arguments.github, &ci).await;
    }
    // A broken template or a full disk is the user's to mend, but never hides a gate that failed.
    answer(gate::exit(&judged.verdict), written)
}

fn options(arguments: &GateCommandArgs, config: &Config, under_test: &RunUnderTest) -> Options {
    // A test made from a script for one run has no targets of its own; a row about them would be a tick for nothing.
    let recipe = under_test.run.as_ref().and_then(|run| run.recipe.as_ref());
    let of_a_script = recipe.is_some_and(|recipe| matches!(recipe.test, TestSource::Script(_)));
    let usual = if of_a_script { TargetPolicy::Ignore } else { TargetPolicy::default() };
    Options {
        on_inconclusive: arguments.gate.on_inconclusive.or(config.on_inconclusive).unwrap_or_default(),
        targets: arguments.gate.loadforge_targets.or(config.loadforge_targets).unwrap_or(usual),
        targets_expected: false,
    }
}
