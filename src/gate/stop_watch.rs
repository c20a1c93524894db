//! Looking at a run while it goes on, for as long as a stop rule is not hit.

use std::collections::HashMap;
use std::time::Duration;

use super::{Measure, PlacedStopRule, StopRule};
use crate::results::{EarlyStop, Endpoint, EndpointKey, LiveFigures, Results};
use crate::verdict::{Origin, Unit};

/// How long nothing but failures must have been measured after the ramp-up.
const FAILED_FOR: Duration = Duration::from_secs(60);

/// The fewest failed requests that end a run which nobody wrote a rule for.
const FEWEST_FAILED: u64 = 10;

/// The ramp-up where it is not known: as long as LoadForge's own advice of 5 % of the users per second.
const USUAL_RAMP_UP: Duration = Duration::from_secs(20);

/// The longest pause between two looks while every request has failed so far.
const FAILING_PAUSE: Duration = Duration::from_secs(10);

/// Holds a run's live figures against stop rules.
#[derive(Debug)]
pub struct StopWatch {
    rules: Vec<(PlacedStopRule, HashMap<Option<EndpointKey>, ConditionStreak>)>,
    /// When the ramp-up ends after the load began; `None` when a run whose every request fails goes on.
    ramp_up: Option<Duration>,
    /// Whether a request has passed.
    has_passed: bool,
}

/// The looks at one endpoint for one rule.
#[derive(Debug, Default)]
struct ConditionStreak {
    /// The last look that showed something, and what had been measured by then.
    last: Option<(Duration, Look)>,
    /// Since when the condition has held.
    since: Option<Duration>,
}

/// What had been measured of an endpoint.
#[derive(Debug, Clone)]
struct Look {
    endpoint: Endpoint,
    /// Failures of the class, where the rule is about one.
    of_class: u64,
}

impl StopWatch {
    /// A watch for these rules, and for a run whose every request fails until a minute after a ramp-up of this length.
    #[must_use]
    pub fn new(rules: Vec<PlacedStopRule>, ramp_up: Option<Duration>) -> Self {
        let rules = rules.into_iter().map(|rule| (rule, HashMap::new())).collect();
        Self { rules, ramp_up: Some(ramp_up.unwrap_or(USUAL_RAMP_UP)), has_passed: false }
    }

    /// A watch that never ends a run.
    #[must_use]
    pub const fn never() -> Self {
        Self { rules: Vec::new(), ramp_up: None, has_passed: false }
    }

    /// The longest pause before the next look: a rule's condition is looked at several times while it must hold.
    #[must_use]
    pub fn longest_pause(&self) -> Option<Duration> {
        let of_rules = self.rules.iter().map(|(placed, _)| step(&placed.rule));
        let failing = (self.ramp_up.is_some() && !self.has_passed).then_some(FAILING_PAUSE);
        of_rules.chain(failing).min()
    }

    /// Looks at the figures; tells the first rule that is hit.
    pub fn look(&mut self, live: &LiveFigures) -> Option<EarlyStop> {
        let total = &live.measured.total;
        self.has_passed |= total.requests > total.failures || (total.requests > 0 && total.failures_unknown);
        let stop = |rule: Option<&PlacedStopRule>, endpoint, observed| EarlyStop {
            rule: rule.map(|placed| placed.rule.to_string()),
            written_in: rule.and_then(|placed| match &placed.origin {
                Origin::File { path, line } => Some((path.clone(), *line)),
                Origin::Flag | Origin::StopFlag | Origin::Default => None,
            }),
            endpoint,
            observed,
            after_s: live.after.as_secs_f64(),
            of_s: live.of.as_secs_f64(),
        };
        for (placed, streaks) in &mut self.rules {
            for endpoint in selected(&placed.rule, &live.measured) {
                let key = endpoint.map(Endpoint::key);
                let record = endpoint.unwrap_or(total);
                let of_class = failures_of_class(&placed.rule, key.as_ref(), &live.measured);
                let look = Look { endpoint: record.clone(), of_class };
                let streak = streaks.entry(key.clone()).or_default();
                if let Some(observed) = streak.look(&placed.rule, live.after, look) {
                    return Some(stop(Some(placed), key, observed));
                }
            }
        }
        let until = self.ramp_up? + FAILED_FOR;
        let failed = !self.has_passed && total.always_failed() && total.failures >= FEWEST_FAILED;
        (failed && live.after >= until).then(|| stop(None, None, 100.0))
    }
}

impl ConditionStreak {
    /// Looks at what was measured since the last look; tells the value when the condition has held for long enough.
    fn look(&mut self, rule: &StopRule, at: Duration, look: Look) -> Option<f64> {
        let began = self.last.as_ref().map_or(Duration::ZERO, |(before, _)| *before);
        // Looks that are close together are taken as one.
        if at.saturating_sub(began) < step(rule) {
            return None;
        }
        let before = self.last.as_ref().map(|(_, look)| look);
        let value = value(rule, &look, before, (at - began).as_secs_f64());
        // A look that shows nothing new neither confirms nor refutes anything.
        let value = value?;
        self.last = Some((at, look));
        if !rule.operator.holds(value, rule.limit.value()) {
            self.since = None;
            return None;
        }
        let since = *self.since.get_or_insert(began);
        (at.saturating_sub(since) >= rule.lasting).then_some(value)
    }
}

/// The time between two looks that are compared: about a sixth of what must hold.
fn step(rule: &StopRule) -> Duration {
    (rule.lasting / 6).clamp(Duration::from_secs(1), Duration::from_secs(10))
}

/// All requests together, or the endpoints the rule selects.
fn selected<'a>(rule: &StopRule, measured: &'a Results) -> Vec<Option<&'a Endpoint>> {
    let Some(selector) = &rule.selector else { return vec![None] };
    measured.endpoints.iter().filter(|endpoint| selector.matches(&endpoint.method, &endpoint.name)).map(Some).collect()
}

/// The rule's value between two looks: counts are those of the whole run so far, everything else is of the time between.
fn value(rule: &StopRule, now: &Look, before: Option<&Look>, seconds: f64) -> Option<f64> {
    let interval = now.endpoint.since(before.map(|look| &look.endpoint), seconds);
    match &rule.measure {
        Measure::Requests | Measure::Failures => rule.measure.value(&now.endpoint),
        Measure::Errors(_) if rule.limit.unit() == Unit::Count => Some(now.of_class as f64),
        Measure::Rps => rule.measure.value(&interval),
        _ if interval.requests == 0 => None,
        Measure::ErrorRate if interval.failures_unknown => None,
        Measure::Errors(_) => {
            let of_class = now.of_class.saturating_sub(before.map_or(0, |look| look.of_class));
            Some(of_class as f64 * 100.0 / interval.requests as f64)
        }
        measure => measure.value(&interval),
    }
}

fn failures_of_class(rule: &StopRule, key: Option<&EndpointKey>, measured: &Results) -> u64 {
    let Measure::Errors(class) = rule.measure else { return 0 };
    let of_key = |method: &str, name: &str| key.is_none_or(|key| key.method == method && key.name == name);
    let failures = measured.failures.iter().filter(|failure| of_key(&failure.method, &failure.name));
    failures.filter(|failure| class.contains(failure.kind())).map(|failure| failure.occurrences).sum()
}

#[cfg(test)]
mod tests;
