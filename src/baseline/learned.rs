//! The history as gates ask it: comparable runs alone, a limit for each endpoint and measure.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;

use super::history::{RunHistory, age};
use super::limit::{Learned, LimitSpec, Variability, error_rate_limit, value_limit};
use super::record::{EndpointRecord, EndpointSeries, GoodRun, RunName, by_endpoint, is_exact, started};
use super::service::ServiceLimits;
use super::statistics::{
    Failed, PRIOR_SPREAD, mean_variance, percentile_variance, spread_about, throughput_variance, typical_spread,
};
use crate::config::BaselineSection;
use crate::gate::{
    BaselineAnswer, BaselineQuery, Expected, FieldDifference, LimitSource, Measure, PlacedGate, Scatter, Scope,
};
use crate::results::{EndpointKey, Fingerprint, Results, RunRecord};
use crate::series::median;
use crate::text::counted;
use crate::verdict::{Operator, Severity, Shown, Unit};

/// From so many good runs on a miss fails the build; below it is a warning.
pub const FAIL_FROM: usize = 5;

/// An endpoint that each good run called so many times is expected in every run: that all of its calls are left out by
/// chance happens in one of 22,000 runs (e⁻¹⁰).
const OFTEN: u64 = 10;

/// Which good runs count.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// The branch whose runs count; `None` takes any.
    pub branch: Option<String>,
    /// How many of the last ones count.
    pub runs: usize,
    /// How old they may be.
    pub max_age: Duration,
    /// The present.
    pub now: Timestamp,
}

impl Rules {
    /// The rules of a `baseline:` section: by default the last 20 good runs of `main`, none older than 90 days.
    #[must_use]
    pub fn of(section: &BaselineSection, now: Timestamp) -> Self {
        Self {
            branch: Some(section.branch.clone().unwrap_or_else(|| "main".into())),
            runs: section.runs.map_or(20, |runs| runs as usize),
            max_age: section.max_age.map_or(Duration::from_secs(90 * 86_400), |age| age.to_std()),
            now,
        }
    }

    pub(super) fn admit(&self, run: &GoodRun) -> bool {
        self.branch.as_ref().is_none_or(|branch| run.branch.as_ref() == Some(branch))
            && age(run, self.now) <= self.max_age
    }
}

/// The run that is judged, as far as the history must know it.
#[derive(Debug, Clone, PartialEq)]
pub struct ThisRun {
    /// What makes it comparable.
    pub fingerprint: Fingerprint,
    /// Its identity and start, so that it is never compared with itself.
    pub run: Option<(RunName, Option<Timestamp>)>,
    /// Whether its percentiles are free of Locust's rounding.
    pub exact: bool,
    /// Rows of its verdict that compare with the history and can fail the build.
    pub rows: usize,
    /// What it measured, by endpoint: what a run did to all of them is not the fault of one.
    pub endpoints: Vec<EndpointRecord>,
    /// How many runs of this build there may be, 1 without `--confirm`.
    pub most_runs: usize,
}

impl ThisRun {
    /// The run of a results folder, to be judged by these gates.
    #[must_use]
    pub fn of(record: &RunRecord, results: &Results, gates: &[PlacedGate]) -> Self {
        Self {
            fingerprint: record.fingerprint.clone(),
            run: RunName::of(record).map(|name| (name, started(record))),
            exact: is_exact(results),
            rows: rows_at_stake(gates, results.endpoints.iter().map(|one| (one.method.as_str(), one.name.as_str()))),
            endpoints: results.endpoints.iter().map(EndpointRecord::of).collect(),
            most_runs: 1,
        }
    }

    /// The same when there may be so many runs of the build.
    #[must_use]
    pub fn with_most_runs(self, most_runs: usize) -> Self {
        Self { most_runs, ..self }
    }
}

/// How many rows these gates make that compare with the history and can fail the build.
pub(super) fn rows_at_stake<'a>(
    gates: &[PlacedGate],
    endpoints: impl Iterator<Item = (&'a str, &'a str)> + Clone,
) -> usize {
    gates
        .iter()
        .map(|placed| &placed.gate)
        .filter(|gate| gate.is_vs_baseline() && gate.severity == Severity::Fail)
        .map(|gate| match &gate.selector {
            None => 1,
            Some(selector) => endpoints.clone().filter(|(method, name)| selector.matches(method, name)).count(),
        })
        .sum()
}

/// Learns limits from the comparable runs of a history.
#[derive(Debug)]
pub struct LearnedBaseline<'a> {
    runs: Vec<&'a GoodRun>,
    total: EndpointSeries<'a>,
    endpoints: HashMap<(&'a str, &'a str), EndpointSeries<'a>>,
    /// Whether Locust rounded percentiles on either side.
    rounded: bool,
    rows: usize,
    /// Runs with another fingerprint, and how the most similar of them differs.
    left_out: usize,
    differences: Vec<FieldDifference>,
    /// Why there is no run at all.
    none: String,
    typical: RefCell<HashMap<Measure, f64>>,
    /// The run that is judged.
    this: Vec<EndpointRecord>,
    most_runs: usize,
    services: RefCell<HashMap<Measure, Option<Rc<ServiceLimits>>>>,
}

impl<'a> LearnedBaseline<'a> {
    /// The history seen from one run.
    #[must_use]
    pub fn new(history: &'a RunHistory, rules: &Rules, this: &ThisRun) -> Self {
        Self::over(history.runs(), rules, this)
    }

    /// The same over any runs, oldest first.
    pub(super) fn over(all: &'a [GoodRun], rules: &Rules, this: &ThisRun) -> Self {
        let itself = |run: &GoodRun| this.run.as_ref().is_some_and(|(name, at)| run.is(name, *at));
        let candidates: Vec<&GoodRun> = all.iter().filter(|run| rules.admit(run) && !itself(run)).collect();
        let (same, other): (Vec<&GoodRun>, Vec<&GoodRun>) =
            candidates.into_iter().partition(|run| run.fingerprint == this.fingerprint);
        let last = &same[same.len().saturating_sub(rules.runs)..];
        let branch = rules.branch.as_ref().map(|name| format!(" of branch `{name}`")).unwrap_or_default();
        let none = if all.is_empty() {
            "no good run is recorded".to_owned()
        } else {
            format!(
                "no good run{branch} from the last {} is recorded",
                counted(rules.max_age.as_secs() / 86_400, "day")
            )
        };
        Self {
            runs: last.to_vec(),
            total: last.iter().map(|run| &run.total).collect(),
            endpoints: by_endpoint(last),
            rounded: !this.exact || last.iter().any(|run| !run.exact),
            rows: this.rows,
            left_out: other.len(),
            differences: nearest_differences(&other, &this.fingerprint),
            none,
            typical: RefCell::default(),
            this: this.endpoints.clone(),
            most_runs: this.most_runs,
            services: RefCell::default(),
        }
    }

    /// The endpoints the comparable runs know, each with the number of runs that measured it.
    pub fn endpoints(&self) -> impl Iterator<Item = (EndpointKey, usize)> + '_ {
        self.endpoints.iter().map(|(key, series)| (owned(key), series.len()))
    }

    /// A measure in each of the comparable runs that have it, oldest first, in the measure's unit.
    #[must_use]
    pub fn course(&self, endpoint: &EndpointKey, measure: &Measure) -> Vec<f64> {
        let series = self.series(Some(endpoint)).into_iter().flatten();
        series.filter_map(|measured| measured.value(measure)).collect()
    }

    /// The median of a measure over the comparable runs, in the measure's unit; `None` where none of them has it.
    #[must_use]
    pub fn usual(&self, endpoint: &EndpointKey, measure: &Measure) -> Option<f64> {
        median(self.course(endpoint, measure))
    }

    /// The fields in which the most similar of the runs left out differs.
    #[must_use]
    pub fn differences(&self) -> &[FieldDifference] {
        &self.differences
    }

    fn series<'s>(&'s self, endpoint: Option<&'s EndpointKey>) -> Option<&'s EndpointSeries<'a>> {
        match endpoint {
            None => Some(&self.total),
            Some(key) => self.endpoints.get(&(key.method.as_str(), key.name.as_str())),
        }
    }

    /// What the endpoints of this history usually scatter in a measure.
    fn typical_spread(&self, measure: &Measure) -> f64 {
        if let Some(known) = self.typical.borrow().get(measure) {
            return *known;
        }
        let spreads: Vec<f64> = self
            .endpoints
            .values()
            .filter_map(|series| {
                let logs: Vec<f64> = series
                    .iter()
                    .filter_map(|measured| measured.value(measure))
                    .filter(|value| *value > 0.0)
                    .map(f64::ln)
                    .collect();
                // Two runs tell a distance, no scatter.
                (logs.len() >= 3).then(|| spread_about(median(logs.iter().copied()).unwrap_or_default(), &logs))
            })
            .collect();
        let typical = typical_spread(&spreads);
        self.typical.borrow_mut().insert(measure.clone(), typical);
        typical
    }

    fn nature(&self, query: &BaselineQuery<'_>, series: &[&EndpointRecord]) -> Variability {
        let scatter = query.measure.scatter();
        let rounded = self.rounded && matches!(scatter, Scatter::Percentile(_)) && query.observed > 0.0;
        let sampling = match scatter {
            Scatter::Percentile(percentile) => percentile_variance(percentile.fraction(), query.requests),
            Scatter::Mean => mean_variance(query.requests),
            // What the good runs sent is what was to be expected.
            Scatter::Arrivals => throughput_variance(usual_requests(series)),
            Scatter::Failures | Scatter::Unknown => 0.0,
        };
        let assumed = (PRIOR_SPREAD * PRIOR_SPREAD + sampling).sqrt();
        let typical = if query.endpoint.is_some() { self.typical_spread(query.measure) } else { 0.0 };
        Variability { prior_spread: assumed.max(typical), ..Variability::new(query.measure.unit(), rounded) }
    }

    fn demand(&self, query: &BaselineQuery<'_>) -> LimitSpec {
        LimitSpec {
            operator: query.operator,
            change_percent: query.change_percent,
            severity: query.severity,
            rows: self.rows,
        }
    }

    /// The limit that looks at the endpoint alone.
    fn learn(&self, query: &BaselineQuery<'_>, series: &[&EndpointRecord], values: &[f64]) -> Option<Learned> {
        let demand = self.demand(query);
        match query.measure.scatter() {
            Scatter::Failures => {
                let good: Vec<Failed> = series.iter().map(|measured| measured.failed()).collect();
                let mut learned = error_rate_limit(&good, query.requests, &demand)?;
                if query.measure.unit() == Unit::Count {
                    learned.limit *= query.requests as f64 / 100.0;
                    learned.median *= query.requests as f64 / 100.0;
                }
                Some(learned)
            }
            _ => value_limit(values, &self.nature(query, series), &demand),
        }
    }
}

/// A learned limit, and what this run shows of it.
struct WithEnvironment {
    learned: Learned,
    shown: Shown,
}

impl LearnedBaseline<'_> {
    /// The limit that knows what this run did to all endpoints; `None` where too few endpoints or runs tell, and for
    /// anything but a response time that may rise by so much. `alone` is the limit that looks at the endpoint alone.
    fn with_environment(&self, query: &BaselineQuery<'_>, alone: &Learned) -> Option<WithEnvironment> {
        let demand = self.demand(query);
        if !demand.operator.wants_less() || demand.asks_for_improvement() {
            return None;
        }
        let service = self.service(query.measure)?;
        let rounded = self.rounded && matches!(query.measure.scatter(), Scatter::Percentile(_));
        let limits = service.limits(query.endpoint, &demand, self.most_runs, rounded, query.requests)?;
        let beyond = |limit: f64| !query.operator.holds(query.observed, limit);
        let tolerated = limits.center * (1.0 + query.change_percent / 100.0);
        let limit = if self.most_runs > 2 { limits.three } else { limits.two };
        let shown = Shown {
            beyond_two: beyond(limits.two),
            beyond_three: beyond(limits.three),
            explained: !beyond(limits.two) && (beyond(alone.limit) || limits.unusual && beyond(tolerated)),
            unusual: limits.unusual,
        };
        Some(WithEnvironment { learned: Learned { limit, median: alone.median, why: limits.why }, shown })
    }

    fn service(&self, measure: &Measure) -> Option<Rc<ServiceLimits>> {
        if let Some(known) = self.services.borrow().get(measure) {
            return known.clone();
        }
        let learned = ServiceLimits::learn(&self.runs, &self.this, measure).map(Rc::new);
        self.services.borrow_mut().insert(measure.clone(), learned.clone());
        learned
    }
}

impl LimitSource for LearnedBaseline<'_> {
    fn compare(&self, query: &BaselineQuery<'_>) -> BaselineAnswer {
        let none = |reason: String| BaselineAnswer::NoBaseline { reason, runs: count(self.runs.len()) };
        if self.runs.is_empty() {
            return match self.differences.is_empty() {
                true => none(self.none.clone()),
                false => BaselineAnswer::Refused { differences: self.differences.clone(), runs: count(self.left_out) },
            };
        }
        if query.scope != Scope::WholeRun {
            return none("the history keeps whole runs only".into());
        }
        let Some(series) = self.series(query.endpoint) else {
            return BaselineAnswer::NewEndpoint { runs: count(self.runs.len()) };
        };
        let (series, values): (Vec<&EndpointRecord>, Vec<f64>) =
            series.iter().filter_map(|measured| Some((*measured, measured.value(query.measure)?))).unzip();
        if values.is_empty() {
            return none(match query.measure {
                Measure::Errors(_) => "the history keeps no failures by class".into(),
                measure => format!("the history does not keep {measure}"),
            });
        }
        let learned = match query.operator {
            Operator::Equal => None,
            _ => self.learn(query, &series, &values),
        };
        let Some(alone) = learned else {
            return none(format!("{} is not compared with `{}`", query.measure, query.operator));
        };
        let (Learned { limit, median, why }, shown) = match self.with_environment(query, &alone) {
            Some(WithEnvironment { learned, shown }) => (learned, Some(shown)),
            None => (alone, None),
        };
        let runs = values.len();
        let warn_only = runs < FAIL_FROM;
        let few = if warn_only { format!("; a warning at most below {FAIL_FROM} good runs") } else { String::new() };
        let reason = format!("limit from {}: {why}{few}", counted(runs, "good run"));
        BaselineAnswer::Limit { limit, median, runs: count(runs), recent: values, warn_only, reason, shown }
    }

    fn expected(&self) -> Expected {
        let always = |series: &EndpointSeries<'_>| {
            series.len() == self.runs.len() && series.iter().all(|one| one.requests >= OFTEN)
        };
        let endpoints = self.endpoints.iter().filter(|(_, series)| always(series)).map(|(key, _)| owned(key));
        Expected { endpoints: endpoints.collect(), runs: count(self.runs.len()) }
    }
}

fn owned((method, name): &(&str, &str)) -> EndpointKey {
    EndpointKey { method: (*method).to_owned(), name: (*name).to_owned() }
}

/// The median of the requests of these runs.
fn usual_requests(series: &[&EndpointRecord]) -> u64 {
    let requests: Vec<f64> = series.iter().map(|measured| measured.requests as f64).collect();
    median(requests).unwrap_or_default() as u64
}

fn count(runs: usize) -> u32 {
    u32::try_from(runs).unwrap_or(u32::MAX)
}

/// How the most similar of these runs differs from a fingerprint; the newest of equals. Hashes are cut to what tells
/// them apart.
fn nearest_differences(others: &[&GoodRun], fingerprint: &Fingerprint) -> Vec<FieldDifference> {
    let nearest = others.iter().rev().map(|run| fingerprint.differences(&run.fingerprint)).min_by_key(Vec::len);
    let told = |field: &str, value: String| {
        if field == "script_sha256" && value.len() == 64 { value[..8].to_owned() } else { value }
    };
    nearest
        .unwrap_or_default()
        .into_iter()
        .map(|(field, this_run, history)| FieldDifference {
            field: field.into(),
            this_run: told(field, this_run),
            history: told(field, history),
        })
        .collect()
}
