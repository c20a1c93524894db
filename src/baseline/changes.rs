//! Since which build an endpoint is slower: change points over the last builds, good or not.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::comparable::{ComparableRuns, ThisRun};
use super::keep::SEEN_BUILDS;
use super::limit::min_delta;
use super::model::{Model, Series};
use super::record::{EndpointRecord, GoodRun};
use super::run_table::{RunTable, RunValues};
use super::statistics::{LEAST_AFTER, SLOW_SHARE, Step, StepSearch};
use crate::gate::{Measure, Measured, PlacedGate, Scope};
use crate::locust::bucket_width;
use crate::results::{EndpointKey, Percentile};
use crate::series::median;
use crate::verdict::{BuildRef, EndpointChange, Row, Since, Subject, Unit, Verdict};

/// A smaller change is not told, as a factor.
const LEAST_CHANGE: f64 = 1.05;

/// The measures that are looked through for every endpoint.
const LOOKED_THROUGH: [Measure; 2] = [Measure::Percentile(Percentile::P50), Measure::Percentile(Percentile::P95)];

/// The last builds of a test, and since when their endpoints are slower.
///
/// The values are logarithms with the usual value of the endpoint and the effect of the run taken out (the model of
/// [`super::model`]); with too few endpoints or runs for that, logarithms alone.
pub struct ChangePoints<'a> {
    /// Oldest first; the run that is judged is the last one, where there is one.
    builds: Vec<SeenBuild<'a>>,
    rounded: bool,
    by_measure: RefCell<HashMap<Measure, Rc<Residuals>>>,
}

/// One build.
struct SeenBuild<'a> {
    is: BuildRef,
    values: RunValues<'a>,
    /// Whether it is among the good runs that limits are learned from.
    limits: bool,
}

/// One measure in all builds, without what is usual.
struct Residuals {
    endpoints: HashMap<EndpointKey, Residual>,
    total: Option<Residual>,
    /// What each run did to all endpoints; empty where that is not known.
    effects: Vec<f64>,
    search: StepSearch,
}

struct Residual {
    /// ln of the usual value.
    center: f64,
    rest: Vec<f64>,
    /// The last rise, where chance does not explain it.
    rise: Option<Step>,
}

impl<'a> ChangePoints<'a> {
    /// The builds before a run, and the run.
    #[must_use]
    pub fn over(comparable: &'a ComparableRuns, this: &'a ThisRun) -> Self {
        let good =
            comparable.earlier.iter().map(|run| (run, false)).chain(comparable.runs.iter().map(|run| (run, true)));
        let at = this.run.as_ref().and_then(|(_, at)| *at);
        let earlier = |build: &SeenBuild<'_>| at.is_none_or(|at| build.is.at < at);
        let mut builds = in_order(good, &comparable.failed);
        builds.retain(earlier);
        if let Some((name, at)) = this.run.as_ref().and_then(|(name, at)| Some((name, (*at)?))) {
            let is = BuildRef { run_id: name.id, at, commit: this.commit.clone() };
            let values = RunValues { endpoints: &this.endpoints, total: &this.total };
            builds.push(SeenBuild { is, values, limits: false });
        }
        let runs = comparable.runs.iter().chain(&comparable.earlier).chain(&comparable.failed);
        Self::of(builds, !this.exact || runs.into_iter().any(|run| !run.exact))
    }

    /// The recorded builds alone: good runs, and those that failed.
    #[must_use]
    pub fn recorded(good: &[&'a GoodRun], failed: &'a [GoodRun]) -> Self {
        let rounded = good.iter().copied().chain(failed).any(|run| !run.exact);
        Self::of(in_order(good.iter().map(|run| (*run, true)), failed), rounded)
    }

    fn of(mut builds: Vec<SeenBuild<'a>>, rounded: bool) -> Self {
        builds.drain(..builds.len().saturating_sub(SEEN_BUILDS));
        Self { builds, rounded, by_measure: RefCell::default() }
    }

    /// The endpoints that are slower since a build, in p50 or p95, the largest change first.
    #[must_use]
    pub fn slower(&self) -> Vec<EndpointChange> {
        let mut found: HashMap<EndpointKey, EndpointChange> = HashMap::new();
        for measure in LOOKED_THROUGH {
            for key in self.residuals(&measure).endpoints.keys() {
                let Some(since) = self.since(Some(key), &measure, false) else { continue };
                let better = |other: &EndpointChange| since.t > other.since.t;
                if found.get(key).is_none_or(better) {
                    let change = EndpointChange { endpoint: key.clone(), measure: measure.to_string(), since };
                    found.insert(key.clone(), change);
                }
            }
        }
        let mut found: Vec<EndpointChange> = found.into_values().collect();
        found.sort_by(|a, b| {
            b.since.change_percent.total_cmp(&a.since.change_percent).then_with(|| a.endpoint.cmp(&b.endpoint))
        });
        found
    }

    /// Notes in each row since which build its value is worse.
    pub fn mark(&self, verdict: &mut Verdict, gates: &[PlacedGate]) {
        for row in &mut verdict.rows {
            let placed = row.gate_index.and_then(|index| gates.get(index as usize));
            let Some(gate) = placed.map(|placed| &placed.gate).filter(|gate| gate.scope == Scope::WholeRun) else {
                continue;
            };
            let endpoint = match &row.subject {
                Subject::Endpoint(key) => Some(key),
                Subject::All => None,
                Subject::NoMatch(_) | Subject::Run | Subject::LoadforgeTargets => continue,
            };
            row.since =
                self.since(endpoint, &gate.measure, row.is_missed()).map(|since| Box::new(self.in_row(since, row)));
        }
    }

    /// With the place among the row's recent good runs.
    fn in_row(&self, since: Since, row: &Row) -> Since {
        let recent = row.baseline.as_ref().map_or(0, |baseline| baseline.recent.len());
        let later = self.builds.iter().filter(|build| build.limits && build.is.at >= since.first_bad.at).count();
        let recent_index = (recent > 0).then(|| u32::try_from(recent.saturating_sub(later)).unwrap_or(u32::MAX));
        Since { recent_index, ..since }
    }

    /// Since which build a value is worse; `None` where it is not, or the last builds do not show it. `missed` says that
    /// the newest value is known to be too high, so that it may be the only one.
    fn since(&self, endpoint: Option<&EndpointKey>, measure: &Measure, missed: bool) -> Option<Since> {
        let residuals = self.residuals(measure);
        let residual = match endpoint {
            Some(key) => residuals.endpoints.get(key)?,
            None => residuals.total.as_ref()?,
        };
        let alone = || {
            StepSearch { series: 1, least_after: 1, ..residuals.search }.last_rise(&residual.rest, &residuals.effects)
        };
        let step = residual.rise.or_else(|| missed.then(alone).flatten())?;
        let (before, after) = ((residual.center + step.before).exp(), (residual.center + step.after).exp());
        let bucket = if self.rounded && matches!(measure, Measure::Percentile(_)) { bucket_width(after) } else { 0.0 };
        let matters = after >= LEAST_CHANGE * before && after - before >= min_delta::MS.max(bucket);
        let measured = |index: &usize| residual.rest[*index].is_finite();
        let last_good = (0..step.at).rev().find(measured)?;
        matters.then(|| Since {
            first_bad: self.builds[step.at].is.clone(),
            last_good: self.builds[last_good].is.clone(),
            before,
            after,
            change_percent: 100.0 * (after / before - 1.0),
            builds: u32::try_from(step.values_after).unwrap_or(u32::MAX),
            builds_before: u32::try_from((0..step.at).filter(measured).count()).unwrap_or(u32::MAX),
            recent_index: None,
            t: step.t,
        })
    }

    fn residuals(&self, measure: &Measure) -> Rc<Residuals> {
        if let Some(known) = self.by_measure.borrow().get(measure) {
            return Rc::clone(known);
        }
        let values: Vec<RunValues<'_>> = self.builds.iter().map(|build| build.values).collect();
        let residuals = Rc::new(Residuals::of(&values, measure));
        self.by_measure.borrow_mut().insert(measure.clone(), Rc::clone(&residuals));
        residuals
    }
}

impl Residuals {
    fn of(runs: &[RunValues<'_>], measure: &Measure) -> Self {
        let nothing = StepSearch { series: 1, slow_share: SLOW_SHARE, least_after: LEAST_AFTER };
        // Other units have their own statistics, or few runs have them.
        if measure.unit() != Unit::Ms || runs.len() <= super::model::ENOUGH {
            return Self { endpoints: HashMap::new(), total: None, effects: Vec::new(), search: nothing };
        }
        let RunTable { endpoints, total } = RunTable::of(runs, measure, says_how_long_it_takes);
        let (keys, series): (Vec<_>, Vec<Series>) = endpoints.into_iter().unzip();
        let model = Model::learn(&series);
        let search = StepSearch {
            series: series.len().max(1) * LOOKED_THROUGH.len(),
            slow_share: model.as_ref().map_or(SLOW_SHARE, Model::slow_share),
            ..nothing
        };
        let effects = model.as_ref().map_or_else(Vec::new, |model| model.effects().to_vec());
        let own = |series: &Series| {
            let effect = |index: usize| effects.get(index).copied().unwrap_or_default();
            let without: Vec<f64> = series.logs.iter().enumerate().map(|(index, log)| log - effect(index)).collect();
            let center = median(without.iter().copied().filter(|log| log.is_finite())).unwrap_or_default();
            let rest: Vec<f64> = without.iter().map(|log| log - center).collect();
            Residual { center, rise: search.last_rise(&rest, &effects), rest }
        };
        let endpoints = keys.into_iter().zip(&series).map(|((key, _), series)| (key, own(series))).collect();
        let total = total.map(|(_, series)| own(&series));
        Self { endpoints, total, effects, search }
    }
}

/// Where half of the requests failed, the times are those of failures.
fn says_how_long_it_takes(one: &EndpointRecord) -> bool {
    2 * one.failures() < one.requests
}

/// Good runs, each with whether limits are learned from it, and failed ones, by time. A run that failed and was judged
/// good later counts once.
fn in_order<'a>(good: impl Iterator<Item = (&'a GoodRun, bool)>, failed: &'a [GoodRun]) -> Vec<SeenBuild<'a>> {
    let seen = |run: &'a GoodRun, limits: bool| SeenBuild {
        is: BuildRef { run_id: run.run.id, at: run.at, commit: run.commit.clone() },
        values: RunValues::from(run),
        limits,
    };
    let mut builds: Vec<SeenBuild<'_>> = good.map(|(run, limits)| seen(run, limits)).collect();
    let good = builds.len();
    for run in failed {
        if !builds[..good].iter().any(|build| build.is.at == run.at && build.is.run_id == run.run.id) {
            builds.push(seen(run, false));
        }
    }
    builds.sort_by_key(|build| build.is.at);
    builds
}
