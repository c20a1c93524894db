//! The history as gates ask it: comparable runs alone, a limit for each endpoint and measure.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::comparable::{Candidates, ComparableRuns, OtherRuns, Rules, ThisRun};
use super::error_rates::{SILLY_PERCENT, are_new};
use super::generator;
use super::history::RunHistory;
use super::limit::{Learned, LimitSpec, Variability, error_rate_limit, value_limit};
use super::record::{EndpointRecord, EndpointSeries, GoodRun, by_endpoint};
use super::service::ServiceLimits;
use super::statistics::{
    Failed, PRIOR_SPREAD, mean_variance, percentile_variance, spread_about, throughput_variance, typical_spread,
};
use super::throughput::{kept_by, lowered};
use crate::gate::{BaselineAnswer, BaselineQuery, Expected, FieldDifference, LimitSource, Measure, Scatter, Scope};
use crate::results::EndpointKey;
use crate::series::median;
use crate::text::counted;
use crate::verdict::{Operator, Shown, Unit};

/// From so many good runs on a miss fails the build; below it is a warning.
pub const FAIL_FROM: usize = 5;

/// An endpoint that each good run called so many times is expected in every run: that all of its calls are left out by
/// chance happens in one of 22,000 runs (e⁻¹⁰).
const OFTEN: u64 = 10;

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
    /// The reason when there is no run at all.
    none: String,
    typical: RefCell<HashMap<Measure, f64>>,
    /// The run that is judged.
    this: Vec<EndpointRecord>,
    busy: Option<f64>,
    generator_doubt: Option<String>,
    most_runs: usize,
    services: RefCell<HashMap<Measure, Option<Rc<ServiceLimits>>>>,
}

impl<'a> LearnedBaseline<'a> {
    /// The history seen from one run.
    #[must_use]
    pub fn new(history: &'a RunHistory, rules: &Rules, this: &ThisRun) -> Self {
        let Candidates { same, others } = Candidates::of(history.runs(), rules, this);
        Self::from(&same[same.len().saturating_sub(rules.runs)..], others, this)
    }

    /// The runs of a history that one run is compared with.
    #[must_use]
    pub fn over(comparable: &'a ComparableRuns, this: &ThisRun) -> Self {
        Self::from(&comparable.runs.iter().collect::<Vec<_>>(), comparable.others.clone(), this)
    }

    /// The comparable runs, oldest first, and what is known of the others.
    pub(super) fn from(last: &[&'a GoodRun], others: OtherRuns, this: &ThisRun) -> Self {
        Self {
            runs: last.to_vec(),
            total: last.iter().map(|run| &run.total).collect(),
            endpoints: by_endpoint(last),
            rounded: !this.exact || last.iter().any(|run| !run.exact),
            rows: this.rows,
            left_out: others.left_out,
            differences: others.differences,
            none: others.none,
            typical: RefCell::default(),
            this: this.endpoints.clone(),
            busy: busy(&this.total, this.fingerprint.users),
            generator_doubt: this.as_long.then(|| Self::generator_doubt(last, this)).flatten(),
            most_runs: this.most_runs,
            services: RefCell::default(),
        }
    }

    fn generator_doubt(runs: &[&GoodRun], this: &ThisRun) -> Option<String> {
        let totals: Vec<&EndpointRecord> = runs.iter().map(|run| &run.total).collect();
        generator::doubt(&totals, &this.total, this.fingerprint.users)
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

    pub(super) fn series<'s>(&'s self, endpoint: Option<&'s EndpointKey>) -> Option<&'s EndpointSeries<'a>> {
        match endpoint {
            None => Some(&self.total),
            Some(key) => self.endpoints.get(&(key.method.as_str(), key.name.as_str())),
        }
    }

    /// Whether Locust rounded this measure on either side.
    pub(super) fn rounds(&self, measure: &Measure) -> bool {
        self.rounded && matches!(measure.scatter(), Scatter::Percentile(_))
    }

    /// The good runs.
    pub(super) fn runs(&self) -> &[&'a GoodRun] {
        &self.runs
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
                // Two runs show a distance, not a scatter.
                (logs.len() >= 3).then(|| spread_about(median(logs.iter().copied()).unwrap_or_default(), &logs))
            })
            .collect();
        let typical = typical_spread(&spreads);
        self.typical.borrow_mut().insert(measure.clone(), typical);
        typical
    }

    pub(super) fn nature(&self, query: &BaselineQuery<'_>, series: &[&EndpointRecord]) -> Variability {
        let scatter = query.measure.scatter();
        let rounded = self.rounds(query.measure) && query.observed > 0.0;
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

    pub(super) fn demand(&self, query: &BaselineQuery<'_>) -> LimitSpec {
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
            _ => self.tolerated(query, values).or_else(|| value_limit(values, &self.nature(query, series), &demand)),
        }
    }

    /// A lower bound of that limit, where the value is within it and the limit is not shown, because one that knows the
    /// environment takes its place: the exact one takes longer than all else about a row.
    fn tolerated(&self, query: &BaselineQuery<'_>, values: &[f64]) -> Option<Learned> {
        let demand = self.demand(query);
        if !demand.operator.wants_less() || demand.asks_for_improvement() {
            return None;
        }
        let median = median(values.iter().copied())?;
        let limit = median * (1.0 + query.change_percent / 100.0);
        let is_shown = !self.service(query.measure)?.knows(query.endpoint);
        let is_within = !is_shown && query.operator.holds(query.observed, limit);
        is_within.then(|| Learned { limit, median, why: String::new() })
    }
}

/// A learned limit, and what this run shows of it.
struct WithEnvironment {
    learned: Learned,
    shown: Shown,
}

impl LearnedBaseline<'_> {
    /// The limit that knows what this run did to all endpoints; `None` where there are too few endpoints or runs, and for
    /// anything but a response time that may rise by so much, or a throughput that may fall. `alone` is the limit that
    /// looks at the endpoint alone.
    fn with_environment(&self, query: &BaselineQuery<'_>, alone: &Learned) -> Option<WithEnvironment> {
        let demand = self.demand(query);
        if demand.asks_for_improvement() {
            return None;
        }
        if query.measure.scatter() == Scatter::Arrivals {
            return self.throughput(query, alone);
        }
        if !demand.operator.wants_less() {
            return None;
        }
        let service = self.service(query.measure)?;
        let rounded = self.rounds(query.measure);
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

    /// The same for a throughput that is too low, where everything is slower: it falls with the response times, whatever
    /// the code is.
    fn throughput(&self, query: &BaselineQuery<'_>, alone: &Learned) -> Option<WithEnvironment> {
        if query.operator.wants_less() || query.operator.holds(query.observed, alone.limit) {
            return None;
        }
        let service = self.service(&Measure::Avg)?;
        let slower = service.slower_everywhere();
        let busy = median(self.runs.iter().filter_map(|run| busy(&run.total, run.fingerprint.users)));
        // Where the number of users is not known, they may do nothing but wait.
        let kept = kept_by(slower, busy.unwrap_or(1.0));
        if kept >= 1.0 {
            return None;
        }
        let limit = lowered(alone.limit, alone.median, kept);
        let beyond = !query.operator.holds(query.observed, limit);
        let unusual = service.is_unusual(query.change_percent.abs());
        let shown = Shown { beyond_two: beyond, beyond_three: beyond, explained: !beyond, unusual };
        let why = format!(
            "{}; lowered because this run is {:.0} % slower everywhere, which costs {:.0} % of the throughput",
            alone.why,
            100.0 * (slower - 1.0),
            100.0 * (1.0 - kept)
        );
        Some(WithEnvironment { learned: Learned { limit, median: alone.median, why }, shown })
    }

    pub(super) fn service(&self, measure: &Measure) -> Option<Rc<ServiceLimits>> {
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
        let rates = query.measure.scatter() == Scatter::Failures;
        let new_failures = rates && {
            let good: Vec<Failed> = series.iter().map(|measured| measured.failed()).collect();
            values.len() >= FAIL_FROM && are_new(&good, Failed { requests: query.requests, failures: query.failures })
        };
        let says_nothing = rates && query.measure.unit() == Unit::Percent && alone.limit > SILLY_PERCENT;
        if says_nothing && !new_failures && query.operator.holds(query.observed, alone.limit) {
            let chance = query.measure.unit().show(alone.limit);
            let reason = format!("with {}, {chance} may fail by chance", counted(query.requests, "request"));
            return BaselineAnswer::TooFewRequests { reason, runs: count(values.len()) };
        }
        let (Learned { limit, median, why }, shown) = match self.with_environment(query, &alone) {
            Some(WithEnvironment { learned, shown }) => (learned, Some(shown)),
            None => (alone, None),
        };
        let runs = values.len();
        let warn_only = runs < FAIL_FROM;
        let few = if warn_only { format!("; a warning at most below {FAIL_FROM} good runs") } else { String::new() };
        let range = range(&values, query.measure.unit());
        let reason = format!("limit from {}{range}: {why}{few}", counted(runs, "good run"));
        BaselineAnswer::Limit {
            limit,
            median,
            runs: count(runs),
            recent: values,
            warn_only,
            reason,
            shown,
            new_failures,
        }
    }

    fn busy(&self) -> Option<f64> {
        self.busy
    }

    fn generator_doubt(&self) -> Option<&str> {
        self.generator_doubt.as_deref()
    }

    fn expected(&self) -> Expected {
        let always = |series: &EndpointSeries<'_>| {
            series.len() == self.runs.len() && series.iter().all(|one| one.requests >= OFTEN)
        };
        let endpoints = self.endpoints.iter().filter(|(_, series)| always(series)).map(|(key, _)| owned(key));
        Expected { endpoints: endpoints.collect(), runs: count(self.runs.len()) }
    }
}

/// Where the good runs lie: ` between 50 ms and 70 ms`, ` at 50 ms`.
fn range(values: &[f64], unit: Unit) -> String {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = (unit.show(low), unit.show(high));
    if low == high { format!(" at {low}") } else { format!(" between {low} and {high}") }
}

/// Which share of their time so many users waited for the service: requests/s × mean response time / users (Little's law).
fn busy(total: &EndpointRecord, users: Option<u32>) -> Option<f64> {
    let users = f64::from(users.filter(|users| *users > 0)?);
    Some(total.requests_per_s? * total.avg_ms? / 1_000.0 / users)
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
