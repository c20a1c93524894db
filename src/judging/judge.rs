//! What a run is judged by, and judging it.

use super::background::{SHOWN_BUILDS, endpoints_that_matter, past_runs, read_past};
use super::history;
use super::run_under_test::RunUnderTest;
use crate::baseline::{ChangePoints, HistoryIndex, LearnedBaseline, Rules, ThisRun};
use crate::config::Config;
use crate::error::CommandError;
use crate::gate::{self, LimitSource, NoHistory, Options, PlacedGate};
use crate::insight;
use crate::log;
use crate::report::Background;
use crate::results::{ResultsFolder, Timeline};
use crate::series::{RunSeries, StatsHistory};
use crate::verdict::{OnInconclusive, Row, Verdict};

/// Everything a run is judged by.
pub(crate) struct Judging<'a> {
    pub(super) gates: Vec<PlacedGate>,
    history: Option<(&'a HistoryIndex, &'a Rules)>,
    /// A history that no gate compares with, for the page alone.
    shown: Option<(&'a HistoryIndex, &'a Rules)>,
    pub(crate) config: &'a Config,
    pub(crate) options: Options,
    most_runs: usize,
    /// Whether the results are those of all runs of the build together.
    together: bool,
}

impl<'a> Judging<'a> {
    /// The gates written, or the default ones where there are none. `history` may be missing where no gate compares with
    /// it.
    pub(crate) fn new(
        gates: Vec<PlacedGate>,
        config: &'a Config,
        history: Option<(&'a HistoryIndex, &'a Rules)>,
        options: Options,
    ) -> Self {
        let gates = if gates.is_empty() { gate::default_gates() } else { gates };
        Self { gates, history, shown: None, config, options, most_runs: 1, together: false }
    }

    /// The same when there may be so many runs of the build, the first included.
    pub(crate) fn with_most_runs(&self, most_runs: usize) -> Self {
        Self { gates: self.gates.clone(), most_runs, ..*self }
    }

    /// The same with a history that no gate compares with, whose builds the page shows.
    pub(crate) fn showing(self, shown: Option<(&'a HistoryIndex, &'a Rules)>) -> Self {
        Self { shown, ..self }
    }

    /// The same for the results of all runs of the build together.
    pub(super) fn judging_together(&self) -> Self {
        Self { gates: self.gates.clone(), together: true, ..*self }
    }

    /// The gates, by their positions.
    pub(super) fn gates(&self) -> &[PlacedGate] {
        &self.gates
    }

    /// Applies the waivers to a row that failed since it was judged.
    pub(super) fn waive_row(&self, row: &mut Row) {
        gate::waive_row(row, &self.gates, &self.config.waivers, jiff::Zoned::now().date());
    }

    /// Judges a run and looks for findings, in one pass over its history.
    ///
    /// # Errors
    /// When the history was named with `--history-csv` and cannot be read, when the history of good runs cannot be read,
    /// or the results cannot be written.
    pub(crate) fn judge(&self, under_test: &mut RunUnderTest) -> Result<Verdict, CommandError> {
        let mut older = Vec::new();
        let comparable = match self.history.zip(under_test.run.as_ref()) {
            None => None,
            Some(((index, rules), run)) => {
                let mut this = ThisRun::of(run, &under_test.results, &self.gates).with_most_runs(self.most_runs);
                if self.together {
                    // One look at all runs stands for one at each, so its chance is that of both together.
                    this.rows = this.rows.saturating_mul(this.rows);
                    this.as_long = false;
                }
                Some((history::comparable(index, rules, &this)?, this))
            }
        };
        if let Some(((index, rules), run)) = self.shown.zip(under_test.run.as_ref()) {
            older = read_past(index, rules, &ThisRun::of(run, &under_test.results, &[]));
        }
        let learned = comparable.as_ref().map(|(comparable, this)| LearnedBaseline::over(comparable, this));
        let baseline = learned.as_ref().map_or(&NoHistory as &dyn LimitSource, |judge| judge);
        let results = &under_test.results;
        let (mut found, mut timeline) = (Ok(None), Ok(Timeline::default()));
        let mut verdict = gate::judge_over(&self.gates, results, baseline, &self.options, |mut plan, rows| {
            plan.want_findings(results);
            plan.want_courses(endpoints_that_matter(rows));
            if under_test.lacks_timeline {
                plan.want_timeline();
            }
            let reading = plan.read(under_test.history.as_deref().map(StatsHistory::file));
            (found, timeline) = (reading.findings, reading.timeline);
            reading.answers
        });
        self.waive(&mut verdict, self.options.on_inconclusive);
        let changes = comparable.as_ref().map(|(comparable, this)| ChangePoints::over(comparable, this));
        if let Some(changes) = &changes {
            changes.mark(&mut verdict, &self.gates);
        }
        let usual = learned.as_ref().zip(changes.as_ref()).and_then(|(judge, changes)| history::usual(judge, changes));
        if under_test.lacks_timeline {
            under_test.results.timeline = timeline?;
            under_test.folder.write_data(ResultsFolder::RESULTS, &under_test.results)?;
            under_test.lacks_timeline = false;
        }
        match found {
            Ok(series) => {
                let series = series.unwrap_or_else(|| RunSeries::from_timeline(&under_test.results.timeline));
                verdict.findings = insight::find(&under_test.results, &series, usual.as_ref());
                let good = comparable.iter().flat_map(|(comparable, _)| comparable.newest(SHOWN_BUILDS));
                let past = past_runs(older.iter().chain(good), &verdict.rows, &series);
                under_test.background = Background { series, past };
            }
            Err(fault) => log::warn("no findings", &fault),
        }
        verdict.changes = usual.map(|usual| usual.changes).unwrap_or_default();
        Ok(verdict)
    }

    /// Applies the waivers to a verdict and sums it up.
    pub(super) fn waive(&self, verdict: &mut Verdict, on_inconclusive: OnInconclusive) {
        let today = jiff::Zoned::now().date();
        gate::waive(verdict, &self.gates, &self.config.waivers, today, on_inconclusive);
    }
}
