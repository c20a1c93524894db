//! Errors that came in a burst, and whether they fall into the ramp-up.

use std::time::Duration;

use crate::series::{Interval, RunSeries, median};
use crate::text::{counted, duration};
use crate::verdict::{Finding, FindingKind, Unit};

/// Parts the run is cut into, at most.
const MOST_PARTS: i64 = 120;
/// Failures a part needs to be part of a burst.
const LEAST_FAILURES: u64 = 3;
/// How far its error rate must be above the usual one.
const LEAST_RISE: f64 = 0.05;
/// How unlikely it must be by chance alone: −ln of the probability, here one in a million.
const SURPRISE: f64 = 13.8;
/// An error rate below this is taken as this, so that a run without errors has a usual rate, too.
const LEAST_USUAL: f64 = 0.001;

pub(super) fn find(series: &RunSeries) -> Option<Finding> {
    let (first, last) = (series.total.first()?.t_s, series.total.last()?.t_s);
    let parts: Vec<Interval> = series
        .intervals(&series.edges((first, last), MOST_PARTS))
        .into_iter()
        .filter(|part| part.requests > 0)
        .collect();
    let usual = median(parts.iter().map(error_rate))?;
    let bursts = bursts(&parts, usual);
    let inside: f64 = bursts.iter().map(|burst| burst.seconds()).sum();
    let whole: f64 = parts.iter().map(Interval::seconds).sum();
    // More than half of the time is not a burst but the state of the service.
    if bursts.is_empty() || inside * 2.0 > whole {
        return None;
    }
    let worst = bursts.iter().max_by_key(|burst| burst.failures)?;
    Some(finding(worst, &bursts, usual, first, series.peak().since()))
}

fn error_rate(part: &Interval) -> f64 {
    part.failures as f64 / part.requests as f64
}

/// Parts with far more failures than usual, neighbors joined.
fn bursts(parts: &[Interval], usual: f64) -> Vec<Interval> {
    let mut bursts: Vec<Interval> = Vec::new();
    let mut open = false;
    for part in parts {
        let hot = is_hot(part, usual);
        match bursts.last_mut().filter(|_| hot && open) {
            Some(burst) => {
                burst.to_s = part.to_s;
                burst.requests = burst.requests.saturating_add(part.requests);
                burst.failures = burst.failures.saturating_add(part.failures);
                burst.average_ms = None;
            }
            None if hot => bursts.push(*part),
            None => {}
        }
        open = hot;
    }
    bursts
}

fn is_hot(part: &Interval, usual: f64) -> bool {
    let (rate, usual) = (error_rate(part), usual.max(LEAST_USUAL));
    part.failures >= LEAST_FAILURES
        && rate >= usual + LEAST_RISE
        && rate >= usual * 2.0
        && part.requests as f64 * divergence(rate.min(1.0), usual) >= SURPRISE
}

/// The Kullback–Leibler divergence of two rates. The chance of a rate of at least `found` in n requests is at most
/// exp(−n · divergence) when `usual` is the true one (Chernoff's bound).
fn divergence(found: f64, usual: f64) -> f64 {
    let term = |a: f64, b: f64| if a == 0.0 { 0.0 } else { a * (a / b).ln() };
    term(found, usual) + term(1.0 - found, 1.0 - usual)
}

fn finding(worst: &Interval, bursts: &[Interval], usual: f64, start: i64, ramp_up_end: Option<i64>) -> Finding {
    let (from, to) = (worst.from_s.saturating_sub(start), worst.to_s.saturating_sub(start));
    let in_ramp_up = ramp_up_end.map(|end| (worst.from_s < end, worst.to_s <= end));
    let place = match in_ramp_up {
        Some((_, true)) => "inside the ramp-up",
        Some((true, false)) => "from the ramp-up on",
        _ => "after the ramp-up",
    };
    let others = match bursts.len() - 1 {
        0 => String::new(),
        more => format!("; {}", counted(more, "smaller burst")),
    };
    let next = if in_ramp_up.is_some_and(|(inside, _)| inside) {
        "Errors while users are still being added point to a cold start: connection pools, caches, autoscaling. \
         Try a lower spawn rate; use `after ramp-up` when it is expected."
    } else {
        "Look at what happened on the service at that time: a deploy, a restart, a timeout of a dependency, a scheduled \
         job. Compare its logs and error tracking for these seconds."
    };
    Finding::new(
        FindingKind::ErrorSpike,
        format!(
            "Errors came in a burst from second {from} to {to} of the run, {place}: {} of {} failed.",
            Unit::Count.show(worst.failures as f64),
            counted(worst.requests, "request"),
        ),
        format!(
            "error rate {} in these {}, usually {}{others}",
            Unit::Percent.show(error_rate(worst) * 100.0),
            duration(Duration::from_secs(to.saturating_sub(from).unsigned_abs())),
            Unit::Percent.show(usual * 100.0),
        ),
        next,
    )
    .during(Some((worst.from_s, worst.to_s)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::series_of;

    fn run(failures: impl Fn(u32) -> u64) -> Option<Finding> {
        let seconds: Vec<_> = (0..40).map(|t| (t.min(9) + 1, 30, failures(t), 20.0)).collect();
        find(&series_of(&seconds))
    }

    #[test]
    fn a_burst_is_told_with_its_time() {
        let finding = run(|t| if (20..24).contains(&t) { 15 } else { 0 }).unwrap();
        insta::assert_snapshot!(format!("{}\n{}", finding.sentence, finding.evidence), @r"
        Errors came in a burst from second 20 to 24 of the run, after the ramp-up: 60 of 120 requests failed.
        error rate 50 % in these 4s, usually 0 %
        ");
        assert_eq!(finding.span_s, Some((1_020, 1_024)));
        let early = run(|t| if t < 4 { 20 } else { 1 }).unwrap();
        assert!(early.sentence.contains("inside the ramp-up"), "{}", early.sentence);
    }

    #[test]
    fn steady_errors_and_single_ones_are_no_burst() {
        assert_eq!(run(|_| 0), None);
        assert_eq!(run(|_| 10), None);
        assert_eq!(run(|t| u64::from(t % 7 == 0)), None);
        assert_eq!(run(|t| if t > 12 { 15 } else { 0 }), None, "most of the run");
        let mut rng = fastrand::Rng::with_seed(9);
        let noise: Vec<u64> = (0..40).map(|_| (0..30).filter(|_| rng.f64() < 0.1).count() as u64).collect();
        assert_eq!(run(|t| noise[t as usize]), None, "10 % at random");
    }
}
