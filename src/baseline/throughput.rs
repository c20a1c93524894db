//! The throughput of a run whose environment slows everything.
//!
//! Users wait for an answer before they send the next request, so a slower machine lowers the throughput of unchanged
//! code. Response times show by how much.

use super::model::UNEVEN;
use super::statistics::FAIL_SPREADS;

/// The factor, at most 1, by which throughput falls when the mean response time rises by this factor and users usually
/// spend the share `busy` of their time waiting. Little's law: users = requests/s × (response time + think time), so
/// 1 / (1 − busy + busy × slower).
pub(super) fn kept_by(slower: f64, busy: f64) -> f64 {
    let busy = busy.clamp(0.0, 1.0);
    1.0 / (1.0 - busy + busy * slower.max(1.0))
}

/// The lower limit of a throughput in such a run. `median` and `limit` are those of good runs, `kept` comes from
/// [`kept_by`]. The margin between the two widens by how unevenly endpoints answer to an environment, as that of a response
/// time does.
pub(super) fn lowered(limit: f64, median: f64, kept: f64) -> f64 {
    if limit <= 0.0 || median <= limit {
        return limit;
    }
    let margin = (median / limit).ln();
    let uneven = FAIL_SPREADS * UNEVEN * kept.ln();
    (median * kept * (-margin.hypot(uneven)).exp()).min(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_that_only_wait_send_half_as_much_when_everything_takes_twice_as_long() {
        assert!((kept_by(2.0, 1.0) - 0.5).abs() < 1e-12);
        // With as much thinking as waiting a third is lost, with nothing but thinking nothing.
        assert!((kept_by(2.0, 0.5) - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(kept_by(2.0, 0.0), 1.0);
        // A faster environment raises no limit, and measuring errors beyond 1 mean that users only wait.
        assert_eq!(kept_by(0.5, 1.0), 1.0);
        assert_eq!(kept_by(2.0, 1.3), 0.5);
    }

    #[test]
    fn a_limit_falls_with_the_environment_and_a_usual_one_leaves_it() {
        assert!((lowered(80.0, 100.0, 1.0) - 80.0).abs() < 1e-9);
        // A loss of 20 % takes the limit from 80 to below 64, by what endpoints answer differently.
        let limit = lowered(80.0, 100.0, 0.8);
        assert!((55.0..64.0).contains(&limit), "{limit}");
        assert!(lowered(80.0, 100.0, 0.5) < limit);
        assert_eq!((lowered(0.0, 100.0, 0.5), lowered(90.0, 0.0, 0.5)), (0.0, 90.0));
    }
}
