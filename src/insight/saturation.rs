//! Throughput that stays flat while users grow.

use super::words;
use crate::series::RunSeries;
use crate::series::{Z_95, median, theil_sen};
use crate::verdict::{Finding, FindingKind, Unit};

/// Parts the ramp-up is cut into, at most.
const MOST_PARTS: i64 = 40;
/// The part of the ramp-up that is looked at begins with this share of the peak's users.
const FROM_USERS: f64 = 1.0 / 3.0;
/// 1 is throughput that grows with the users, 0 is flat. Below this it is called flat …
const FLAT: f64 = 0.3;
/// … when it is surely below this.
const SURELY_BELOW: f64 = 0.8;
/// How much slower requests must have become at the same time. Users that merely wait do not make a service slow.
const LEAST_SLOWER: f64 = 1.5;

pub(super) fn find(series: &RunSeries) -> Option<Finding> {
    let start = series.total.iter().find(|point| point.users > 0)?.t_s;
    let peak = series.peak();
    let ramp_up_end = peak.since()?;
    let last = series.total.last()?.t_s;
    // As much of the time at the peak as the ramp-up took, so that its level is seen but does not outweigh the rest.
    let end = ramp_up_end.saturating_add(ramp_up_end.saturating_sub(start) / 2).min(last);
    let edges = series.edges((start, end), MOST_PARTS);
    let parts = series.intervals(&edges);
    let levels = series.relative_levels(&edges);
    let peak = f64::from(peak.users());

    let loaded: Vec<(f64, f64)> = parts
        .iter()
        .filter(|part| f64::from(part.users) >= peak * FROM_USERS)
        .map(|part| (f64::from(part.users), part.requests as f64 / part.seconds()))
        .collect();
    let trend = theil_sen(&loaded, Z_95)?;
    let throughput = median(loaded.iter().map(|point| point.1)).filter(|throughput| *throughput > 0.0)?;
    // Elasticity: change of throughput in percent for one percent more users.
    let elasticity = median(loaded.iter().map(|point| point.0))? / throughput;
    if trend.slope * elasticity > FLAT || trend.high * elasticity > SURELY_BELOW {
        return None;
    }

    let level = |of: &dyn Fn(f64) -> bool| {
        let chosen = parts.iter().zip(&levels).filter(|(part, _)| of(f64::from(part.users)));
        median(chosen.filter_map(|(_, level)| *level))
    };
    let slower = level(&|users| users >= peak * 0.8)? / level(&|users| users <= peak * 0.5)?;
    if slower.is_nan() || slower < LEAST_SLOWER {
        return None;
    }
    let users_from = loaded.iter().map(|point| point.0).fold(f64::INFINITY, f64::min);
    let finding = Finding::new(
        FindingKind::Saturation,
        format!(
            "Throughput stays at about {} while users grow from {} to {}: the service, or something before it, is \
             saturated.",
            Unit::PerSecond.show(throughput),
            Unit::Count.show(users_from),
            Unit::Count.show(peak),
        ),
        format!(
            "1 % more users bring {:.2} % more throughput (95 % confidence: at most {:.2} %; 1 would be in step), and \
             response times rise meanwhile: {}",
            trend.slope * elasticity,
            trend.high * elasticity,
            words::change(slower),
        ),
        "Find what is used up at this throughput: CPU, worker threads, database connections, a rate limit. Make sure \
         that the load generator's own CPU is not what is used up. More users than this only queue.",
    );
    Some(finding.during(Some((start, end))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::series_of;

    /// A ramp-up of 30 s to 60 users, then 10 s of all of them.
    fn run(throughput: impl Fn(u64) -> u64, ms: impl Fn(u64) -> f64) -> Option<Finding> {
        let seconds: Vec<_> = (0..40_u64)
            .map(|t| {
                let users = (t + 1).min(30) * 2;
                (users as u32, throughput(users) + t % 3, 0, ms(users))
            })
            .collect();
        find(&series_of(&seconds))
    }

    #[test]
    fn flat_throughput_and_growing_response_times_are_saturation() {
        let finding = run(|users| users.min(20), |users| if users < 20 { 30.0 } else { users as f64 * 4.0 }).unwrap();
        insta::assert_snapshot!(format!("{}\n{}", finding.sentence, finding.evidence), @r"
        Throughput stays at about 21/s while users grow from 20 to 60: the service, or something before it, is saturated.
        1 % more users bring 0.00 % more throughput (95 % confidence: at most 0.06 %; 1 would be in step), and response times rise meanwhile: +700 %
        ");
    }

    #[test]
    fn growing_with_the_users_is_healthy() {
        assert_eq!(run(|users| users, |_| 30.0), None);
        assert_eq!(run(|users| users, |users| users as f64), None, "slower but keeping up");
        assert_eq!(run(|users| users.min(20), |_| 30.0), None, "flat but not slower: the script waits");
        assert_eq!(find(&RunSeries::default()), None);
        assert_eq!(find(&series_of(&[(20, 30, 0, 20.0); 30])), None, "no ramp-up to learn from");
    }
}
