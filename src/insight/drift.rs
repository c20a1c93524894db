//! Response times that rise through the run.

use super::words;
use crate::series::{RunSeries, levels};
use crate::series::{Trend, Z_95, Z_99, Z_99_9, theil_sen};
use crate::verdict::{Finding, FindingKind, Unit};

/// Parts the time after the ramp-up is cut into, at most.
const MOST_PARTS: i64 = 30;
/// Requests of one endpoint a part needs to count.
const LEAST_REQUESTS: u64 = 3;
/// A rise smaller than this is not worth a word, as a factor from begin to end.
const LEAST_RISE: f64 = 1.2;
/// Nor is one smaller than this, ms.
const LEAST_RISE_MS: f64 = 5.0;

/// A rise from the end of the ramp-up to the end of the run.
struct Rise {
    label: String,
    factor: f64,
    /// Level at begin and end, ms.
    from_ms: f64,
    to_ms: f64,
    /// The ends of the confidence interval of the change, ms.
    change_ms: (f64, f64),
    parts: usize,
    /// Of the interval, %.
    confidence: &'static str,
}

pub(super) fn find(series: &RunSeries) -> Option<Finding> {
    let steady = series.steady()?;
    let edges = series.edges(steady, MOST_PARTS);
    let (&first, &last) = (edges.first()?, edges.last()?);
    let seconds = last.saturating_sub(first) as f64;
    let middle = |edge: &[i64]| (edge[0].saturating_sub(first) as f64 + edge[1].saturating_sub(first) as f64) / 2.0;
    let points_of = |values: &dyn Fn(usize) -> Option<f64>| -> Vec<(f64, f64)> {
        edges.windows(2).enumerate().filter_map(|(index, edge)| Some((middle(edge), values(index)?))).collect()
    };

    // All endpoints together, each against itself; in units of the total's mean so that it can be shown in ms.
    let relative = series.relative_levels(&edges);
    let overall_ms = levels(&series.total, &edges).usual?;
    let points = points_of(&|index| relative[index].map(|level| level * overall_ms));
    let overall = theil_sen(&points, Z_99).and_then(|trend| rise("all requests", &trend, &points, seconds, "99"));

    // Endpoint by endpoint, with a stricter interval because there are many.
    let mut factors = Vec::new();
    let mut risen = Vec::new();
    for (key, points) in &series.endpoints {
        let levels = levels(points, &edges);
        let points = points_of(&|index| {
            levels.parts[index].filter(|(_, requests)| *requests >= LEAST_REQUESTS).map(|(level, _)| level)
        });
        factors.extend(theil_sen(&points, Z_95).map(|trend| {
            let (from_ms, to_ms) = ends(&trend, &points, seconds);
            to_ms / from_ms
        }));
        let surely = theil_sen(&points, Z_99_9);
        risen.extend(surely.and_then(|trend| rise(&key.to_string(), &trend, &points, seconds, "99.9")));
    }
    risen.sort_by(|a, b| b.factor.total_cmp(&a.factor));

    let rises = match overall {
        // Four of five rise at least half as much: then it is all of them, sure or not each for itself.
        Some(overall) if risen.is_empty() || rising_like(&overall, &factors) => vec![overall],
        _ if !risen.is_empty() => risen,
        _ => return None,
    };
    Some(finding(&rises, (first, last)))
}

fn rising_like(overall: &Rise, factors: &[f64]) -> bool {
    let alike = factors.iter().filter(|factor| **factor - 1.0 >= (overall.factor - 1.0) / 2.0).count();
    factors.len() > 1 && alike * 5 >= factors.len() * 4
}

/// The levels at begin and end, ms. A line that fits a steep curve may begin below anything that was measured.
fn ends(trend: &Trend, points: &[(f64, f64)], seconds: f64) -> (f64, f64) {
    let lowest = points.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
    (trend.at(0.0).max(lowest), trend.at(seconds))
}

/// The rise a trend shows, when it is sure and large enough to matter.
fn rise(label: &str, trend: &Trend, points: &[(f64, f64)], seconds: f64, confidence: &'static str) -> Option<Rise> {
    let (from_ms, to_ms) = ends(trend, points, seconds);
    let factor = to_ms / from_ms;
    let sure = trend.low > 0.0 && factor >= LEAST_RISE && to_ms - from_ms >= LEAST_RISE_MS;
    sure.then(|| Rise {
        label: label.to_owned(),
        factor,
        from_ms,
        to_ms,
        change_ms: (trend.low * seconds, trend.high * seconds),
        parts: points.len(),
        confidence,
    })
}

fn finding(rises: &[Rise], span: (i64, i64)) -> Finding {
    let labels: Vec<String> = rises.iter().map(|rise| rise.label.clone()).collect();
    let worst = &rises[0];
    let evidence: Vec<String> = rises
        .iter()
        .take(3)
        .map(|rise| {
            format!(
                "{}: Theil–Sen slope over {} windows after the ramp-up, mean {} → {}, change {} to {} with {} % confidence",
                rise.label,
                rise.parts,
                Unit::Ms.show(rise.from_ms),
                Unit::Ms.show(rise.to_ms),
                Unit::Ms.show(rise.change_ms.0),
                Unit::Ms.show(rise.change_ms.1),
                rise.confidence,
            )
        })
        .collect();
    Finding::new(
        FindingKind::Drift,
        format!(
            "Response times of {} rise through the run: {} from the end of the ramp-up to the end of the run.",
            words::list(&labels, 3),
            words::change(worst.factor),
        ),
        evidence.join("; "),
        "Look for what grows while the test runs: memory and garbage collection, open connections, queues, \
               tables without an index, a cache that fills. A longer run shows whether it levels off.",
    )
    .during(Some(span))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::series_of;

    fn seconds(level: impl Fn(u32) -> f64) -> Vec<(u32, u64, u64, f64)> {
        let mut rng = fastrand::Rng::with_seed(3);
        // Two seconds of ramp-up, slow on purpose: they must not count.
        (0..40).map(|t| (if t < 2 { 5 } else { 10 }, 20, 0, level(t) * (0.95 + 0.1 * rng.f64()))).collect()
    }

    #[test]
    fn a_rise_is_told_with_its_size() {
        let finding = find(&series_of(&seconds(|t| 50.0 + f64::from(t) * 2.0))).unwrap();
        insta::assert_snapshot!(format!("{}\n{}", finding.sentence, finding.evidence), @r"
        Response times of GET /a rise through the run: +120 % from the end of the ramp-up to the end of the run.
        GET /a: Theil–Sen slope over 37 windows after the ramp-up, mean 58.6 ms → 129 ms, change 68.4 ms to 78.1 ms with 99.9 % confidence
        ");
        assert_eq!(finding.span_s, Some((1_003, 1_040)));
    }

    #[test]
    fn neither_a_level_nor_a_small_rise_nor_a_fall_is_a_drift() {
        assert_eq!(find(&series_of(&seconds(|_| 50.0))), None);
        assert_eq!(find(&series_of(&seconds(|t| 50.0 + f64::from(t) * 0.15))), None, "+12 %");
        assert_eq!(find(&series_of(&seconds(|t| 4.0 + f64::from(t) * 0.1))), None, "4 ms");
        assert_eq!(find(&series_of(&seconds(|t| 200.0 - f64::from(t) * 2.0))), None);
        assert_eq!(find(&series_of(&seconds(|t| if t < 2 { 900.0 } else { 50.0 }))), None);
        assert_eq!(find(&RunSeries::default()), None);
    }

    #[test]
    fn the_endpoint_that_rises_is_named_alone() {
        let (level, rising) = (series_of(&seconds(|_| 50.0)), series_of(&seconds(|t| 20.0 + f64::from(t) * 3.0)));
        let mut mixed = level.clone();
        for name in ["/b", "/c"] {
            mixed.endpoints.extend(level.endpoints.iter().cloned().map(|(mut key, points)| {
                key.name = name.into();
                (key, points)
            }));
        }
        mixed.endpoints.extend(rising.endpoints.into_iter().map(|(mut key, points)| {
            key.name = "/login".into();
            (key, points)
        }));
        let finding = find(&mixed).unwrap();
        assert!(finding.sentence.starts_with("Response times of GET /login rise"), "{}", finding.sentence);
    }
}
