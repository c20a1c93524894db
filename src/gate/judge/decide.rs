//! Whether a value meets its limit, with enough behind it.

use std::time::Duration;

use super::observe::Classified;
use super::sample::{clearly_more, needed_for_rate, slower_than};
use crate::gate::{Measure, Scatter};
use crate::results::{Endpoint, Percentile};
use crate::text::{counted, duration, grouped};
use crate::verdict::{Operator, Unit};

/// The outcome of comparing a value with a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// It holds.
    Met,
    /// It does not hold; with a remark where that needs one.
    Missed(Option<String>),
    /// It cannot be decided, with the reason.
    Open(String),
}

/// A comparison that is about to be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Comparison<'a> {
    pub(super) measure: &'a Measure,
    pub(super) operator: Operator,
    pub(super) limit: f64,
    pub(super) unit: Unit,
    pub(super) observed: f64,
    /// What the value was measured on.
    pub(super) endpoint: &'a Endpoint,
    /// For an error class, its failures.
    pub(super) classified: Option<Classified>,
    /// Whether the limit was learned from history, which takes the sampling error of a rate into account already.
    pub(super) learned: bool,
}

impl Comparison<'_> {
    pub(super) fn decide(&self) -> Decision {
        if !self.limit.is_finite() || !self.observed.is_finite() {
            return Decision::Open("the value or its limit is not a number".to_owned());
        }
        match self.measure.scatter() {
            _ if matches!(self.measure, Measure::Errors(_)) => self.error_class(),
            Scatter::Percentile(percentile) => self.percentile(percentile),
            Scatter::Failures if self.unit == Unit::Percent && !self.learned => self.rate(self.endpoint.failures),
            _ => self.plain(self.observed),
        }
    }

    fn plain(&self, observed: f64) -> Decision {
        if self.operator.holds(observed, self.limit) { Decision::Met } else { Decision::Missed(None) }
    }

    fn percentile(&self, percentile: Percentile) -> Decision {
        let requests = self.endpoint.requests;
        let needed = percentile.requests_needed();
        if requests >= needed {
            return self.plain(self.observed);
        }
        let slower = slower_than(self.endpoint, self.operator, self.limit);
        if self.operator.wants_less()
            && !self.operator.holds(self.observed, self.limit)
            && clearly_more(slower, requests, 1.0 - percentile.fraction())
        {
            let remark = format!(
                "clear with {} too: {slower} or more of them were beyond the limit",
                counted(requests, "request")
            );
            return Decision::Missed(Some(remark));
        }
        let more = self.how_to_get(needed);
        Decision::Open(format!("too few requests: {requests}, and {} needs {needed}{more}", self.measure))
    }

    /// How so many requests are got, in words; empty where the rate is not known.
    fn how_to_get(&self, needed: u64) -> String {
        let requests = self.endpoint.requests;
        let rate = self.endpoint.requests_per_s.filter(|rate| *rate > 0.0);
        let seconds = rate.map(|rate| needed as f64 / rate).filter(|seconds| seconds.is_finite() && requests > 0);
        // Whole seconds up to a minute, whole minutes beyond.
        let length =
            seconds.map(|seconds| if seconds <= 60.0 { seconds.ceil() } else { (seconds / 60.0).ceil() * 60.0 });
        let length = length.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        length.map_or_else(String::new, |length| {
            let times = grouped((needed as f64 / requests as f64 * 10.0).ceil() / 10.0);
            format!("; at this rate that takes a run of {}, or {times} times the users", duration(length))
        })
    }

    /// A share of failed requests against a written limit.
    fn rate(&self, failures: u64) -> Decision {
        let requests = self.endpoint.requests;
        let needed = needed_for_rate(self.limit);
        let rate = failures as f64 * 100.0 / requests as f64;
        if requests >= needed || !self.operator.wants_less() {
            return self.plain(rate);
        }
        if !self.operator.holds(rate, self.limit) && clearly_more(failures, requests, self.limit / 100.0) {
            return Decision::Missed(Some(format!(
                "clear with {} too: {failures} of them failed",
                counted(requests, "request")
            )));
        }
        let more = self.how_to_get(needed);
        Decision::Open(format!(
            "too few requests: {requests} with {failures} failed, and a goal of {} needs {needed}{more}",
            self.unit.show(self.limit)
        ))
    }

    /// Failures of a class, when some failures may not be listed with their text.
    fn error_class(&self) -> Decision {
        let Some(Classified { of_class, unlisted }) = self.classified else {
            return Decision::Open(format!("{} is not in the results", self.measure));
        };
        let with = |failures: u64| {
            if self.unit == Unit::Count {
                self.plain(failures as f64)
            } else if self.learned {
                self.plain(failures as f64 * 100.0 / self.endpoint.requests as f64)
            } else {
                self.rate(failures)
            }
        };
        let at_least = with(of_class);
        let same = |one: &Decision, other: &Decision| std::mem::discriminant(one) == std::mem::discriminant(other);
        if unlisted == 0 || same(&at_least, &with(of_class.saturating_add(unlisted))) {
            return at_least;
        }
        Decision::Open(format!(
            "{unlisted} of {} say nothing of their class (not in failures.csv, or a check of the script), so they could be of this one",
            counted(self.endpoint.failures, "failure")
        ))
    }
}
