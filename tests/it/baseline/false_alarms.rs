//! What the learned limits promise, on simulated runs. Seeded, so the figures are the same on every machine.

use super::simulation::{Slow, World};

#[test]
fn one_gate_keeps_its_promise_from_five_runs_on() {
    for runs in [5, 10, 20] {
        let rates = World::new(7, 0.07).gate(runs, 1, 12_000);
        assert!(rates.confirmed <= 0.005, "{runs} runs, false alarms {rates:?}");
        assert!(rates.found[1] >= 0.80, "{runs} runs, +50 % {rates:?}");
        assert!(rates.found[2] >= 0.99, "{runs} runs, +100 % {rates:?}");
        // The naive rule is no match, confirmed or not.
        assert!(rates.naive_one_shot > 3.0 * rates.one_shot && rates.naive_confirmed > 5.0 * rates.confirmed);
    }
}

#[test]
fn a_quiet_service_is_watched_more_closely() {
    let rates = World::new(3, 0.03).gate(10, 1, 6_000);
    assert!(rates.found[0] >= 0.70, "+30 % {rates:?}");
}

fn clean_builds_stay_green(slow: Slow) {
    for (cv, runs) in [(0.03, 5), (0.07, 5), (0.12, 12)] {
        let rates = World::new(20, cv).build(20, runs, slow, 800);
        assert!(rates.confirmed <= 0.02, "{slow:?}, {cv}, {runs} runs: {rates:?}");
        assert!(rates.confirmed <= rates.one_shot && rates.one_shot < rates.naive_one_shot, "{rates:?}");
    }
}

#[test]
fn a_clean_build_of_twenty_endpoints_stays_green() {
    clean_builds_stay_green(Slow::EachEndpoint);
}

#[test]
fn a_clean_build_stays_green_also_when_slow_runs_hit_everything_at_once() {
    clean_builds_stay_green(Slow::AllAtOnce);
}
