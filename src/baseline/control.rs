//! A control run decides where everything is slower: the same test against a known-good deployment, at the same time and
//! from the same place. A deployment that is as slow shows a slow environment, one that is not shows slow code.

use std::collections::HashMap;

use super::confirm::Combined;
use super::model::ENOUGH;
use super::record::EndpointRecord;
use crate::gate::{Condition, Measure, PlacedGate, Scatter, summarize};
use crate::results::{Endpoint, EndpointKey, Results};
use crate::series::median;
use crate::text::{counted, signed_percent};
use crate::verdict::{Control, ControlConclusion, ControlDifference, Outcome, Row, Subject, Verdict};

/// No two deployments are equally fast: a smaller difference between them is never blamed on the code, %.
const LEAST_DIFFERENCE: f64 = 10.0;
/// The share of the tolerance below which the two are alike.
const ALIKE: f64 = 0.5;
/// From this share of failed requests on, response times say how long a failure takes.
const FEW_FAILED: f64 = 0.1;

/// A control run.
#[derive(Debug, Clone)]
pub struct ControlRun<'a> {
    /// The known-good deployment: scheme, host and port.
    pub host: String,
    /// Its number at the service.
    pub run_id: Option<u64>,
    /// What it cost, in words.
    pub cost: String,
    /// What it measured.
    pub results: &'a Results,
    /// Its verdict by the same gates, for its values and for what makes the whole run doubtful.
    pub verdict: &'a Verdict,
}

impl Combined {
    /// Whether a control run is wanted: the environment may explain rows, and either nothing is red so far or everything
    /// is slower than good runs ever were.
    #[must_use]
    pub fn wants_control(&self) -> bool {
        let unusual = |at: &usize| self.verdict.rows[*at].baseline.as_ref().and_then(|row| row.shown);
        !self.open.is_empty()
            && (self.verdict.outcome != Outcome::Fail
                || self.open.iter().filter_map(unusual).any(|shown| shown.unusual))
    }

    /// The same verdict where the control run that it asks for could not be had: what is open stays open. `why` has no
    /// full stop.
    #[must_use]
    pub fn without_control(self, host: String, why: &str) -> Verdict {
        let sentence = format!("there is no control run: {why}");
        self.undecided(host, None, sentence)
    }

    /// The verdict with what the control run decides. The difference is the median over the endpoints of what each run of
    /// the build (`runs`, the first one first) takes longer than the control, per measure. Above the gate's tolerance the
    /// open rows of the gate fail, unless `waive` makes something else of them; below half of it they pass; between the two
    /// they stay open, as they do where the control says too little.
    #[must_use]
    pub fn by_control(
        mut self,
        gates: &[PlacedGate],
        runs: &[&Results],
        control: &ControlRun<'_>,
        waive: impl Fn(&mut Row),
    ) -> Verdict {
        let doubtful =
            |row: &&Row| row.subject == Subject::Run && matches!(row.outcome, Outcome::Fail | Outcome::Inconclusive);
        if let Some(doubt) = control.verdict.rows.iter().find(doubtful) {
            let sentence = format!("the control run says nothing: {}", doubt.reason.outcome);
            return self.undecided(control.host.clone(), Some(control), sentence);
        }
        let deployments = Deployments::of(runs, control.results);
        let mut differences: Vec<ControlDifference> = Vec::new();
        let mut conclusions = Vec::new();
        for at in std::mem::take(&mut self.open) {
            let row = &mut self.verdict.rows[at];
            row.control_observed = row.id().and_then(|id| control.verdict.row(id)).and_then(|control| control.observed);
            let Some((measure, tolerance)) = tolerated(gates, row) else { continue };
            let difference = match deployments.difference(measure) {
                Ok(difference) => difference,
                Err(why) => {
                    conclusions.push(ControlConclusion::Missing);
                    row.reason.outcome.push_str(&format!("; the control run says nothing: {why}"));
                    continue;
                }
            };
            let own = deployments.own(measure, &row.subject).filter(|own| *own > tolerance.max(LEAST_DIFFERENCE));
            let conclusion = match (concluded(difference.percent, tolerance), own) {
                // Elsewhere the two are alike, and here they are not.
                (ControlConclusion::Alike, Some(_)) => ControlConclusion::Unclear,
                (conclusion, _) => conclusion,
            };
            settle(row, conclusion, &difference, &control.host, own);
            if row.outcome == Outcome::Fail {
                waive(row);
            }
            conclusions.push(conclusion);
            if !differences.contains(&difference) {
                differences.push(difference);
            }
        }
        summarize(&mut self.verdict, self.on_inconclusive);
        let conclusion = overall(&conclusions);
        let sentence = sentence(conclusion, &differences, &control.host);
        self.verdict.control = Some(Control {
            host: control.host.clone(),
            run_id: control.run_id,
            cost: Some(control.cost.clone()),
            conclusion,
            differences,
            sentence,
        });
        self.verdict
    }

    fn undecided(mut self, host: String, control: Option<&ControlRun<'_>>, sentence: String) -> Verdict {
        for at in self.open {
            self.verdict.rows[at].reason.outcome.push_str(&format!("; {sentence}"));
        }
        self.verdict.control = Some(Control {
            host,
            run_id: control.and_then(|control| control.run_id),
            cost: control.map(|control| control.cost.clone()),
            conclusion: ControlConclusion::Missing,
            differences: Vec::new(),
            sentence,
        });
        self.verdict
    }
}

/// How much slower a row's gate tolerates a run to be, %, and in which measure. Throughput falls with the mean response
/// time.
fn tolerated<'a>(gates: &'a [PlacedGate], row: &Row) -> Option<(&'a Measure, f64)> {
    let gate = &gates.get(row.gate_index? as usize)?.gate;
    match gate.condition {
        Condition::VsBaseline { change_percent, .. } if gate.measure.scatter() == Scatter::Arrivals => {
            Some((&Measure::Avg, change_percent.abs()))
        }
        Condition::VsBaseline { change_percent, .. } => Some((&gate.measure, change_percent)),
        Condition::Fixed { .. } => None,
    }
}

fn concluded(percent: f64, tolerance: f64) -> ControlConclusion {
    if percent > tolerance.max(LEAST_DIFFERENCE) {
        ControlConclusion::Slower
    } else if percent < ALIKE * tolerance {
        ControlConclusion::Alike
    } else {
        ControlConclusion::Unclear
    }
}

/// What follows from what follows for each row: the code where it is to blame for one, the environment where it explains
/// all of them.
fn overall(conclusions: &[ControlConclusion]) -> ControlConclusion {
    let any = |conclusion| conclusions.contains(&conclusion);
    if any(ControlConclusion::Slower) {
        ControlConclusion::Slower
    } else if any(ControlConclusion::Unclear) {
        ControlConclusion::Unclear
    } else if conclusions.is_empty() || any(ControlConclusion::Missing) {
        ControlConclusion::Missing
    } else {
        ControlConclusion::Alike
    }
}

/// Settles an open row. `own` is how much slower its own endpoint is, %, where that is more than tolerated.
fn settle(row: &mut Row, conclusion: ControlConclusion, difference: &ControlDifference, host: &str, own: Option<f64>) {
    let values = row.observed_text();
    let change = format!("{} {}", difference.measure, signed_percent(difference.percent));
    let endpoints = counted(u64::from(difference.endpoints), "endpoint");
    row.headroom_percent = None;
    let outcome = match conclusion {
        ControlConclusion::Slower => {
            row.outcome = Outcome::Fail;
            format!(
                "{values}: slower than good runs and than the known-good deployment at {host}, {change} over {endpoints}"
            )
        }
        ControlConclusion::Alike => {
            row.outcome = Outcome::Pass;
            format!(
                "{values}: slower than good runs, and the known-good deployment at {host} is as slow, {change} over {endpoints}"
            )
        }
        ControlConclusion::Unclear | ControlConclusion::Missing => {
            let own = own.map_or_else(String::new, |own| format!(" and {} for this endpoint", signed_percent(own)));
            format!(
                "{values}: slower than good runs, and {change}{own} against the known-good deployment at {host} decides nothing"
            )
        }
    };
    row.reason.outcome = outcome;
}

fn sentence(conclusion: ControlConclusion, differences: &[ControlDifference], host: &str) -> String {
    let change: Vec<String> =
        differences.iter().map(|one| format!("{} {}", one.measure, signed_percent(one.percent))).collect();
    let endpoints = differences.first().map_or(0, |one| one.endpoints);
    let numbers = format!("{} over {}", change.join(", "), counted(u64::from(endpoints), "endpoint"));
    match conclusion {
        ControlConclusion::Slower => {
            format!("this build is slower than the known-good deployment at {host}: {numbers}")
        }
        ControlConclusion::Alike => format!("the known-good deployment at {host} is as slow: {numbers}"),
        ControlConclusion::Unclear => {
            format!("the known-good deployment at {host} is neither as slow nor clearly faster: {numbers}")
        }
        ControlConclusion::Missing => "the control run says nothing: it measured too few endpoints".to_owned(),
    }
}

/// What the runs of a build and a control run measured.
struct Deployments {
    runs: Vec<HashMap<EndpointKey, EndpointRecord>>,
    control: HashMap<EndpointKey, EndpointRecord>,
}

impl Deployments {
    fn of(runs: &[&Results], control: &Results) -> Self {
        let sound = |results: &Results| {
            let endpoints = results.endpoints.iter().filter(|endpoint| is_sound(endpoint));
            endpoints.map(|endpoint| (endpoint.key(), EndpointRecord::of(endpoint))).collect()
        };
        Self { runs: runs.iter().map(|results| sound(results)).collect(), control: sound(control) }
    }

    /// How much slower the build is in a measure, or why that cannot be told.
    fn difference(&self, measure: &Measure) -> Result<ControlDifference, String> {
        let measured: Vec<(&EndpointKey, f64)> = self.runs.first().map_or_else(Vec::new, |first| {
            first.keys().filter_map(|key| Some((key, self.build(measure, key)?))).collect()
        });
        let ratios: Vec<f64> =
            measured.iter().filter_map(|(key, build)| Some(build - log(measure, self.control.get(*key)?)?)).collect();
        if ratios.len() < ENOUGH.max(measured.len().div_ceil(2)) {
            return Err(format!(
                "it measured {measure} of {} of {} well enough, and at least half of them and {ENOUGH} are needed",
                ratios.len(),
                counted(measured.len() as u64, "endpoint")
            ));
        }
        let percent = 100.0 * median(ratios.iter().copied()).unwrap_or_default().exp_m1();
        let endpoints = u32::try_from(ratios.len()).unwrap_or(u32::MAX);
        Ok(ControlDifference { measure: measure.to_string(), percent, endpoints })
    }

    /// How much slower the build is in one endpoint, %; `None` where one side measured too little, and for all requests.
    fn own(&self, measure: &Measure, subject: &Subject) -> Option<f64> {
        let Subject::Endpoint(key) = subject else { return None };
        let ratio = self.build(measure, key)? - log(measure, self.control.get(key)?)?;
        Some(100.0 * ratio.exp_m1())
    }

    /// The mean over the build's runs of a measure's logarithm.
    fn build(&self, measure: &Measure, key: &EndpointKey) -> Option<f64> {
        mean(self.runs.iter().map(|run| log(measure, run.get(key)?)))
    }
}

/// ln of a measure, where enough requests are behind it.
fn log(measure: &Measure, record: &EndpointRecord) -> Option<f64> {
    let needed = match measure.scatter() {
        Scatter::Percentile(percentile) => percentile.requests_needed(),
        _ => 1,
    };
    record.value(measure).filter(|value| *value > 0.0 && record.requests >= needed).map(f64::ln)
}

/// Whether an endpoint's response times are those of answers, not of failures.
fn is_sound(endpoint: &Endpoint) -> bool {
    let few = endpoint.failures as f64 <= FEW_FAILED * endpoint.requests as f64;
    endpoint.requests > 0 && few && !endpoint.failures_unknown
}

/// The mean of all values; `None` where one is missing.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.collect::<Option<_>>()?;
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests;
