//! What a run is judged by, and judging it.

use super::history;
use super::run_under_test::RunUnderTest;
use crate::baseline::{LearnedBaseline, Rules, RunHistory, ThisRun};
use crate::config::Config;
use crate::gate::{self, LimitSource, NoHistory, Options, PlacedGate};
use crate::insight::{self, RunSeries};
use crate::log;
use crate::verdict::Verdict;

/// Everything a run is judged by.
pub(crate) struct Judging<'a> {
    gates: Vec<PlacedGate>,
    history: Option<(&'a RunHistory, &'a Rules)>,
    pub(crate) config: &'a Config,
    pub(crate) options: Options,
}

impl<'a> Judging<'a> {
    /// The gates written, or the default ones where there are none.
    pub(crate) fn new(
        gates: Vec<PlacedGate>,
        config: &'a Config,
        history: Option<(&'a RunHistory, &'a Rules)>,
        options: Options,
    ) -> Self {
        let gates = if gates.is_empty() { gate::default_gates() } else { gates };
        Self { gates, history, config, options }
    }

    /// Judges a run and looks for findings.
    pub(crate) fn judge(&self, under_test: &RunUnderTest) -> Verdict {
        let learned = self.history.zip(under_test.run.as_ref()).map(|((history, rules), run)| {
            LearnedBaseline::new(history, rules, &ThisRun::of(run, &under_test.results, &self.gates))
        });
        let baseline = learned.as_ref().map_or(&NoHistory as &dyn LimitSource, |judge| judge);
        let course = under_test.history.as_deref().map(gate::StatsHistory::file);
        let mut verdict = gate::judge(&self.gates, &under_test.results, course, baseline, &self.options);
        let today = jiff::Zoned::now().date();
        gate::waive(&mut verdict, &self.gates, &self.config.waivers, today, self.options.on_inconclusive);
        let usual = learned.as_ref().and_then(history::usual);
        match RunSeries::of(&under_test.results, under_test.history.as_deref()) {
            Ok(course) => verdict.findings = insight::find(&under_test.results, &course, usual.as_ref()),
            Err(fault) => log::warn("no findings", &fault),
        }
        verdict
    }
}
