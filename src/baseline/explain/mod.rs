//! How the limit of a row came about, step by step, in words and numbers.

mod row;
mod step;
mod steps;

use std::fmt::Write as _;

use serde::Serialize;

pub use row::{ExplainedRow, RowError, find_row};
pub use step::ExplainStep;

use super::comparable::{ComparableRuns, ThisRun};
use super::learned::LearnedBaseline;
use super::record::EndpointRecord;
use crate::gate::{BaselineAnswer, BaselineQuery, Condition, LimitSource, Scope};
use crate::text::{counted, wrapped};
use crate::verdict::{Operator, Unit};

/// Columns of the text.
const WIDTH: usize = 100;

/// How the limit of a row came about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The row: measure and endpoint.
    pub row: String,
    /// The gate that makes it.
    pub gate: String,
    /// The run that is judged by it.
    pub run: String,
    /// Good runs behind the limit.
    pub good_runs: u32,
    /// The unit of the values.
    pub unit: Unit,
    /// What the run measured.
    pub observed: f64,
    /// How the value is compared with the limit.
    pub operator: Operator,
    /// The limit.
    pub limit: f64,
    /// Whether the value is within it.
    pub holds: bool,
    /// How the limit came about, in order.
    pub steps: Vec<ExplainStep>,
}

/// Explains the limit of a row for one run. The error says why there is no limit.
///
/// # Errors
/// When the run or the good runs do not have the value, or there is nothing to compare with.
pub fn explain(comparable: &ComparableRuns, this: &ThisRun, row: &ExplainedRow) -> Result<Explanation, RowError> {
    let run = this.name();
    let learned = LearnedBaseline::over(comparable, this);
    let ExplainedRow { gate, endpoint } = row;
    let Condition::VsBaseline { operator, change_percent } = gate.condition else {
        return Err(RowError::Written(gate.to_string()));
    };
    let subject = endpoint.as_ref().map_or_else(|| "all requests".to_owned(), ToString::to_string);
    let measured = this.measured(endpoint.as_ref());
    let missing = |why: String| RowError::NoLimit { row: format!("{} of {subject}", gate.measure), why };
    let value = |one: &EndpointRecord| one.value(&gate.measure);
    let (record, observed) = measured
        .and_then(|record| Some((record, value(record)?)))
        .ok_or_else(|| missing(format!("{run} did not measure it")))?;
    let query = BaselineQuery {
        endpoint: endpoint.as_ref(),
        measure: &gate.measure,
        scope: Scope::WholeRun,
        observed,
        requests: record.requests,
        failures: record.failures,
        operator,
        change_percent,
        severity: gate.severity,
    };
    match learned.compare(&query) {
        BaselineAnswer::Limit { limit, runs, recent, reason, .. } => Ok(Explanation {
            row: format!("{} of {subject}", gate.measure),
            gate: gate.to_string(),
            run,
            good_runs: runs,
            unit: gate.measure.unit(),
            observed,
            operator,
            limit,
            holds: operator.holds(observed, limit),
            steps: steps::of(&learned, &query, this.most_runs, &recent, &reason),
        }),
        BaselineAnswer::NoBaseline { reason, .. } | BaselineAnswer::TooFewRequests { reason, .. } => {
            Err(missing(reason))
        }
        BaselineAnswer::NewEndpoint { runs } => {
            Err(missing(format!("the {} do not have it", counted(u64::from(runs), "good run"))))
        }
        BaselineAnswer::Refused { differences, runs } => {
            let fields: Vec<String> = differences.iter().map(|one| one.field.clone()).collect();
            let runs = counted(u64::from(runs), "good run");
            Err(missing(format!("{runs} used different settings: {}", fields.join(", "))))
        }
    }
}

impl Explanation {
    /// The explanation for people.
    #[must_use]
    pub fn render(&self) -> String {
        let runs = counted(u64::from(self.good_runs), "good run");
        let mut text = format!("{}: {} against {runs}\nGate: {}\n", self.row, self.run, self.gate);
        for (number, step) in self.steps.iter().enumerate() {
            let _ = writeln!(text, "\n{}. {}", number + 1, step.name);
            for line in wrapped(&step.text, WIDTH - 3) {
                let _ = writeln!(text, "   {line}");
            }
        }
        let ends = if self.holds { "meets it" } else { "misses it" };
        let (operator, limit) = (self.operator, self.unit.show(self.limit));
        let _ =
            writeln!(text, "\nLimit: {operator} {limit}. This run: {}, which {ends}.", self.unit.show(self.observed));
        text
    }

    /// The explanation as JSON.
    #[must_use]
    pub fn json(&self) -> String {
        // Plain data, which JSON can always write.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}
