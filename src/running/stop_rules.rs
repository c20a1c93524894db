//! The stop rules of a run: those of the configuration, of the command line, and the one that nobody writes.

use std::time::Duration;

use crate::cli::StopArgs;
use crate::config::Config;
use crate::error::{CommandError, Explain};
use crate::exit::Exit;
use crate::gate::{self, Gate, GateError, Measure, NoHistory, Options, PlacedGate, PlacedStopRule, Scope, StopWatch};
use crate::loadforge::RunWatch;
use crate::results::{EarlyStop, Engine, Fingerprint, LiveFigures};
use crate::verdict::{Origin, Outcome, Row, Severity, TargetPolicy};

/// The stop rules of a run, checked before it starts.
#[derive(Debug, Default)]
pub(crate) struct StopRules {
    rules: Vec<PlacedStopRule>,
    never: bool,
}

impl StopRules {
    /// The rules of the configuration, then those of `--stop`.
    ///
    /// # Errors
    /// When one of `--stop` cannot be understood, or the engine's live figures cannot show what a rule is about.
    pub(crate) fn of(arguments: &StopArgs, config: &Config, engine: Engine) -> Result<Self, CommandError> {
        if arguments.no_stop {
            return Ok(Self { rules: Vec::new(), never: true });
        }
        let lines = arguments.stop.iter().map(|text| text.trim());
        let of_flags = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(|text| match text.parse() {
            Ok(rule) => Ok(PlacedStopRule { rule, origin: Origin::StopFlag }),
            Err(fault) => Err(unreadable(&fault)),
        });
        let rules: Vec<_> = config.stop.iter().cloned().map(Ok).chain(of_flags).collect::<Result<_, _>>()?;
        let hidden = |placed: &&PlacedStopRule| engine == Engine::Loadforge && !placed.rule.is_shown_by_loadforge();
        match rules.iter().find(hidden) {
            Some(placed) => Err(not_shown(placed)),
            None => Ok(Self { rules, never: false }),
        }
    }

    /// Looks at a run for these rules, and at which of the gates it would fail.
    pub(crate) fn watch(self, fingerprint: &Fingerprint, gates: &[PlacedGate]) -> Box<dyn RunWatch> {
        let watch = if self.never { StopWatch::never() } else { StopWatch::new(self.rules, ramp_up(fingerprint)) };
        let gates = gates.iter().filter(|placed| is_seen_early(placed)).cloned().collect();
        Box::new(WatchedRun { watch, gates })
    }
}

/// How long it takes to start all users, where that is known.
fn ramp_up(fingerprint: &Fingerprint) -> Option<Duration> {
    let (users, rate) = (fingerprint.users?, fingerprint.spawn_rate?);
    Duration::try_from_secs_f64(f64::from(users) / rate).ok()
}

struct WatchedRun {
    watch: StopWatch,
    gates: Vec<PlacedGate>,
}

/// Whether a gate can be missed by a part of a run in a way that says something: no comparison with whole runs, no part of
/// the run, no count that only grows.
fn is_seen_early(placed: &PlacedGate) -> bool {
    let Gate { severity, measure, scope, .. } = &placed.gate;
    *severity == Severity::Fail
        && *scope == Scope::WholeRun
        && !placed.gate.is_vs_baseline()
        && !matches!(measure, Measure::Requests | Measure::Drift(_))
}

impl RunWatch for WatchedRun {
    fn look(&mut self, live: &LiveFigures) -> Option<EarlyStop> {
        self.watch.look(live)
    }

    fn longest_pause(&self) -> Option<Duration> {
        self.watch.longest_pause()
    }

    fn failing(&self, live: &LiveFigures) -> Vec<String> {
        let options = Options { targets: TargetPolicy::Ignore, ..Options::default() };
        let verdict = gate::judge(&self.gates, &live.measured, None, &NoHistory, &options);
        let failed = verdict.rows_with(Outcome::Fail).filter(|row| row.gate_index.is_some());
        let words = |row: &Row| {
            format!("{} of {} {} (limit {})", row.measure, row.subject, row.observed_text(), row.limit_text())
        };
        failed.map(words).collect()
    }
}

fn unreadable(fault: &GateError) -> CommandError {
    CommandError { exit: Exit::Usage, message: format!("--stop: {fault}"), hint: fault.hint() }
}

fn not_shown(placed: &PlacedStopRule) -> CommandError {
    let place = match &placed.origin {
        Origin::File { path, line } => format!("{path}:{line}"),
        _ => "--stop".to_owned(),
    };
    CommandError::usage(format!(
        "{place}: `{}` cannot be watched: LoadForge's live figures show only requests, failures, error_rate, avg, median \
         and rps of all requests together",
        placed.rule
    ))
    .with_hint("stop by one of these, such as `error_rate > 50% for 30s`, or use --engine local, which shows everything")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Endpoint, Results};

    fn rules(stop: &[&str], no_stop: bool, engine: Engine) -> Result<StopRules, String> {
        let config = Config { stop: vec![placed("error_rate > 50% for 30s")], ..Config::default() };
        let stop = stop.iter().map(|text| (*text).to_owned()).collect();
        StopRules::of(&StopArgs { stop, no_stop }, &config, engine).map_err(|fault| fault.to_string())
    }

    fn placed(text: &str) -> PlacedStopRule {
        let origin = Origin::File { path: "loadforge.yml".into(), line: 7 };
        PlacedStopRule { rule: text.parse().unwrap(), origin }
    }

    #[test]
    fn rules_of_file_and_flags_are_added_and_one_flag_takes_all_away() {
        let texts = |rules: StopRules| rules.rules.iter().map(|placed| placed.rule.to_string()).collect::<Vec<_>>();
        let both = rules(&["avg > 2s for 1m", " ", "# a remark"], false, Engine::Loadforge).unwrap();
        assert_eq!(texts(both), ["error_rate > 50% for 30s", "avg > 2s for 1m"]);
        let none = rules(&[], true, Engine::Loadforge).unwrap();
        assert!(none.never && texts(none).is_empty());
    }

    #[test]
    fn what_the_engine_does_not_show_is_refused_before_the_start() {
        let fault = rules(&["p95 > 2s for 30s"], false, Engine::Loadforge).unwrap_err();
        assert!(fault.starts_with("--stop: `p95 > 2s for 30s` cannot be watched: LoadForge's live figures"), "{fault}");
        assert!(rules(&["p95 > 2s for 30s"], false, Engine::Local).is_ok());
        let fault = rules(&["p95 > 2s"], false, Engine::Local).unwrap_err();
        assert!(fault.starts_with("--stop: expected `for`"), "{fault}");
    }

    #[test]
    fn the_gates_that_would_fail_now_are_told_and_only_those() {
        let texts = [
            "error_rate < 1%",
            "failures < 99",
            "requests > 1000",
            "error_rate <= +10% vs baseline",
            "warn: failures < 1",
        ];
        let gates: Vec<_> = texts.map(|text| PlacedGate { gate: text.parse().unwrap(), origin: Origin::Flag }).to_vec();
        let watch = StopRules::default().watch(&Fingerprint::default(), &gates);
        let total = Endpoint { requests: 200, failures: 20, ..Endpoint::default() };
        let live = LiveFigures {
            after: Duration::from_secs(5),
            of: Duration::from_secs(60),
            users: None,
            measured: Results::new(total, Vec::new()),
        };
        assert_eq!(watch.failing(&live), ["error_rate of all requests 10 % (limit < 1 %)"]);
    }

    #[test]
    fn the_ramp_up_is_that_of_the_test() {
        let of = |users, spawn_rate| ramp_up(&Fingerprint { users, spawn_rate, ..Fingerprint::default() });
        assert_eq!(of(Some(50), Some(5.0)), Some(Duration::from_secs(10)));
        assert_eq!((of(None, Some(5.0)), of(Some(50), Some(0.0))), (None, None));
    }
}
