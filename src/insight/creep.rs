//! Response times that grew from build to build, each step too small for a gate.

use super::baseline::{LEAST_MS, UsualValues};
use super::words;
use crate::results::{Endpoint, Percentile, Results};
use crate::series::{Z_99_9, theil_sen};
use crate::verdict::{Finding, FindingKind, Unit};

/// A rise smaller than this is not worth a word, as a factor from the oldest good run to this one.
const LEAST_RISE: f64 = 1.15;

/// An endpoint whose p95 crept up.
struct Crept {
    label: String,
    builds: usize,
    from_ms: f64,
    to_ms: f64,
}

/// Endpoints whose p95 has a rising trend over the good runs and this one: the Theil–Sen slope of its logarithm, with
/// 99.9 % confidence because there are many endpoints. What a step in one build explains better is none.
pub(super) fn find(results: &Results, baseline: &UsualValues) -> Option<Finding> {
    let mut crept: Vec<Crept> = results.endpoints.iter().filter_map(|endpoint| rising(endpoint, baseline)).collect();
    crept.sort_by(|a, b| (b.to_ms / b.from_ms).total_cmp(&(a.to_ms / a.from_ms)));
    let worst = crept.first()?;
    let labels: Vec<String> = crept.iter().map(|series| series.label.clone()).collect();
    let evidence: Vec<String> = crept
        .iter()
        .map(|series| {
            let (from, to) = (Unit::Ms.show(series.from_ms.round()), Unit::Ms.show(series.to_ms.round()));
            format!("{}: p95 {from} → {to} over {} builds", series.label, series.builds)
        })
        .collect();
    Some(Finding::new(
        FindingKind::Creep,
        format!(
            "{} became slower bit by bit over the last {} builds, {} in all: no single build shows it, and the baseline \
             moves along.",
            words::list(&labels, 3),
            worst.builds,
            words::change(worst.to_ms / worst.from_ms),
        ),
        format!("Theil–Sen trend, 99.9 % confidence: {}", words::list(&evidence, 3)),
        "Compare with a commit from the beginning, look for data that grows in the environment, and write a limit in \
               ms where one is missing: `loadforge-ci baseline suggest`.",
    ))
}

/// Whether an endpoint crept up, so that no single build is the one that made it slower.
pub(super) fn is_creeping(endpoint: &Endpoint, baseline: &UsualValues) -> bool {
    rising(endpoint, baseline).is_some()
}

fn rising(endpoint: &Endpoint, baseline: &UsualValues) -> Option<Crept> {
    let now = endpoint.percentile(Percentile::P95)?;
    let builds: Vec<f64> = baseline.courses.get(&endpoint.key())?.iter().copied().chain([now]).collect();
    let points: Vec<(f64, f64)> =
        builds.iter().enumerate().filter(|(_, ms)| **ms > 0.0).map(|(build, ms)| (build as f64, ms.ln())).collect();
    let trend = theil_sen(&points, Z_99_9)?;
    let off_the_line = points.iter().map(|(build, log)| (log - trend.at(*build)).powi(2)).sum::<f64>();
    if off_the_best_step(&points) < off_the_line {
        return None;
    }
    let last = builds.len().saturating_sub(1) as f64;
    let (from_ms, to_ms) = (trend.at(0.0).exp(), trend.at(last).exp());
    let matters = trend.low > 0.0 && to_ms >= LEAST_RISE * from_ms && to_ms - from_ms >= LEAST_MS;
    matters.then(|| Crept { label: endpoint.label(), builds: builds.len(), from_ms, to_ms })
}

/// The sum of squares that two levels leave, where one build parts them best.
fn off_the_best_step(points: &[(f64, f64)]) -> f64 {
    let squares = |part: &[(f64, f64)]| {
        let mean = part.iter().map(|(_, log)| log).sum::<f64>() / part.len() as f64;
        part.iter().map(|(_, log)| (log - mean).powi(2)).sum::<f64>()
    };
    (1..points.len()).map(|at| squares(&points[..at]) + squares(&points[at..])).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{endpoint, results};
    use super::*;

    fn sentence(builds: &[f64]) -> Option<String> {
        let run = |median: f64| results(vec![endpoint("GET", "/a", 500, 0, median)]);
        let (now, before) = builds.split_last().unwrap();
        let baseline = UsualValues::median_of(before.iter().map(|median| UsualValues::of_run(&run(*median))));
        find(&run(*now), &baseline).map(|finding| format!("{}\n{}", finding.sentence, finding.evidence))
    }

    #[test]
    fn small_steps_add_up() {
        let builds: Vec<f64> =
            (0..15).map(|build| 50.0 * 1.03_f64.powi(build) * if build % 2 == 0 { 1.02 } else { 0.98 }).collect();
        insta::assert_snapshot!(sentence(&builds).unwrap(), @r"
        GET /a became slower bit by bit over the last 15 builds, +51 % in all: no single build shows it, and the baseline moves along.
        Theil–Sen trend, 99.9 % confidence: GET /a: p95 102 ms → 154 ms over 15 builds
        ");
    }

    #[test]
    fn noise_one_slow_build_and_short_histories_do_not_creep() {
        let mut rng = fastrand::Rng::with_seed(4);
        let noise: Vec<f64> = (0..20).map(|_| 50.0 * (0.93 + 0.14 * rng.f64())).collect();
        assert_eq!(sentence(&noise), None);
        assert_eq!(sentence(&[&[50.0; 19][..], &[90.0]].concat()), None);
        assert_eq!(sentence(&[50.0, 55.0, 60.0, 66.0, 73.0]), None);
        // Half of the builds at another level: a line through them rises, and two levels explain them better.
        let step: Vec<f64> = (0..16).map(|build| if build < 8 { 50.0 } else { 75.0 } + f64::from(build % 3)).collect();
        assert_eq!(sentence(&step), None);
        let faster: Vec<f64> = (0..15).map(|build| 50.0 * 0.97_f64.powi(build)).collect();
        assert_eq!(sentence(&faster), None);
    }
}
