use proptest::prelude::*;

use super::*;
use crate::verdict::Shown;

/// Runs of a service whose endpoints usually take 20, 40, 60, ... ms: `scatter(endpoint, run)` is ln of the factor.
fn service(endpoints: usize, runs: usize, scatter: impl Fn(usize, usize) -> f64) -> Vec<Series> {
    let series = |endpoint: usize| Series {
        logs: (0..runs).map(|run| (20.0 * (endpoint + 1) as f64).ln() + scatter(endpoint, run)).collect(),
        sampling: 0.000_4,
    };
    (0..endpoints).map(series).collect()
}

/// A scatter of about 5 % without any randomness.
fn wave(endpoint: usize, run: usize) -> f64 {
    0.07 * ((endpoint * 37 + run * 101) as f64).sin()
}

fn observed(model: &Model, factor: impl Fn(usize) -> f64) -> Vec<Observation> {
    let of = |(index, fit): (usize, &Fit)| Observation {
        center: fit.center,
        spread: fit.spread,
        value: fit.center + factor(index).ln(),
    };
    model.fits().iter().enumerate().map(of).collect()
}

#[test]
fn few_endpoints_or_few_runs_are_no_service() {
    assert!(Model::learn(&[]).is_none());
    assert!(Model::learn(&service(4, 20, wave)).is_none());
    assert!(Model::learn(&service(20, 4, wave)).is_none());
    let mut rare = service(5, 6, wave);
    rare[2].logs[..2].fill(f64::NAN);
    assert!(Model::learn(&rare).is_none());
    assert!(Model::learn(&service(5, 5, wave)).is_some());
}

#[test]
fn noise_that_endpoints_share_is_not_an_endpoints_spread() {
    let shared = |_: usize, run: usize| if run.is_multiple_of(2) { 0.15 } else { -0.15 };
    let model =
        Model::learn(&service(8, 9, |endpoint, run| shared(endpoint, run) + 0.2 * wave(endpoint, run))).unwrap();
    assert!(model.service_spread() < 0.03 && model.fits().iter().all(|fit| fit.spread < 0.05), "{model:?}");
    assert!(model.run_spread > 0.12, "{model:?}");
}

#[test]
fn a_spread_is_between_the_endpoints_own_and_the_services() {
    let uneven = |endpoint: usize, run: usize| wave(endpoint, run) * if endpoint == 0 { 5.0 } else { 1.0 };
    let model = Model::learn(&service(10, 6, uneven)).unwrap();
    let own = own_spread(&model.rest()[0], 10);
    let spread = model.fits()[0].spread;
    assert!(model.service_spread() < spread && spread < own, "{} {spread} {own}", model.service_spread());
}

#[test]
fn the_share_of_slow_runs_is_learned() {
    let usual = Model::learn(&service(10, 20, wave)).unwrap().slow_share();
    assert!(usual < SLOW_SHARE, "{usual}");
    // Each endpoint is slow by 50 % in a tenth of the runs, each in others.
    let slow = |endpoint: usize, run: usize| if (endpoint + run).is_multiple_of(10) { 0.4 } else { 0.0 };
    let learned = Model::learn(&service(10, 20, |endpoint, run| wave(endpoint, run) + slow(endpoint, run))).unwrap();
    assert!((0.08..0.11).contains(&learned.slow_share()), "{}", learned.slow_share());
}

#[test]
fn the_environment_raises_every_limit_and_is_unusual_beyond_the_tolerance() {
    let model = Model::learn(&service(10, 8, wave)).unwrap();
    let tolerance = 1.2_f64.ln();
    let margins = model.margins(tolerance, 3.0, 30, 2);
    let margin = |factor: f64| {
        let environment = Environment::of(&observed(&model, |_| factor));
        let fit = model.fits()[3];
        (model.margin(&margins, fit, environment.shift(fit.center), 0.0).log, model.is_unusual(&environment, tolerance))
    };
    let (quiet, unusual) = margin(1.0);
    assert!(!unusual && (tolerance..0.4).contains(&quiet), "{quiet}");
    let (slow, unusual) = margin(1.4);
    assert!(unusual && slow > quiet + 1.4_f64.ln() - 1e-9, "{slow} {quiet}");
    // A fast environment does not ask for more than is tolerated.
    assert!(margin(0.6).0 >= tolerance);
}

#[test]
fn all_requests_together_are_judged_in_the_same_environment() {
    let shared = |run: usize| if run == 3 { 0.5 } else { 0.0 };
    let series = service(6, 7, |endpoint, run| shared(run) + 0.2 * wave(endpoint, run));
    let model = Model::learn(&series).unwrap();
    let mut total = Series { logs: (0..7).map(|run| 4.0 + shared(run)).collect(), sampling: 0.0 };
    let fit = model.fit(&total).unwrap();
    assert!((fit.center - 4.0).abs() < 0.02 && fit.spread < 0.06, "{fit:?}");
    total.logs[..3].fill(f64::NAN);
    assert_eq!(model.fit(&total), None);
}

#[test]
fn an_endpoint_that_a_run_did_not_call_leaves_the_others_as_they_are() {
    let whole = Model::learn(&service(9, 8, wave)).unwrap();
    let mut holes = service(9, 8, wave);
    holes[5].logs[0] = f64::NAN;
    let with_hole = Model::learn(&holes).unwrap();
    for (index, (one, other)) in whole.fits().iter().zip(with_hole.fits()).enumerate() {
        assert!(index == 5 || (one.center - other.center).abs() < 0.02, "{index}: {one:?} {other:?}");
    }
}

fn shown(beyond_two: bool, beyond_three: bool, explained: bool, unusual: bool) -> Shown {
    Shown { beyond_two, beyond_three, explained, unusual }
}

#[test]
fn two_clear_misses_or_three_faint_ones_are_needed() {
    let (clear, faint, none) = (shown(true, true, false, false), shown(false, true, false, false), Shown::default());
    for (runs, standing_) in [
        (vec![none], Standing::Clear),
        (vec![clear], Standing::Undecided),
        (vec![faint], Standing::Undecided),
        (vec![clear, clear], Standing::Slower),
        (vec![clear, faint], Standing::Undecided),
        (vec![faint, none], Standing::Clear),
        (vec![clear, none], Standing::Clear),
        (vec![faint, faint, faint], Standing::Slower),
        (vec![clear, faint, none], Standing::Clear),
    ] {
        assert_eq!(standing(&runs, 3), standing_, "{runs:?}");
    }
    // With two runs at most, and with one alone, what is faint is no miss.
    assert_eq!(standing(&[faint], 2), Standing::Clear);
    assert_eq!(standing(&[clear, faint], 2), Standing::Clear);
    assert_eq!(standing(&[clear], 1), Standing::Slower);
    assert_eq!(standing(&[faint], 1), Standing::Clear);
}

#[test]
fn what_the_environment_explains_is_open() {
    let explained = shown(false, false, true, true);
    let faint = shown(false, true, false, true);
    assert_eq!(standing(&[explained], 1), Standing::Open);
    assert_eq!(standing(&[explained], 3), Standing::Undecided);
    assert_eq!(standing(&[explained, explained], 3), Standing::Open);
    // While everything is slower a third run decides nothing.
    assert_eq!(standing(&[shown(false, true, true, true), faint], 3), Standing::Open);
    // An environment that was slow once has gone.
    assert_eq!(standing(&[explained, Shown::default()], 3), Standing::Clear);
}

fn any_shown() -> impl Strategy<Value = Shown> {
    any::<(bool, bool, bool, bool)>().prop_map(|(two, three, explained, unusual)| Shown {
        beyond_two: two,
        beyond_three: two || three,
        explained: explained && !two,
        unusual,
    })
}

proptest! {
    #[test]
    fn the_last_run_leaves_nothing_undecided(runs in prop::collection::vec(any_shown(), 1..4)) {
        prop_assert_ne!(standing(&runs, runs.len()), Standing::Undecided);
    }

    #[test]
    fn one_quiet_run_of_two_is_never_red(run in any_shown(), first in any::<bool>()) {
        let quiet = Shown::default();
        let runs = if first { [quiet, run] } else { [run, quiet] };
        prop_assert_eq!(standing(&runs, 3), Standing::Clear);
    }

    #[test]
    fn limits_are_numbers_and_grow_with_the_environment(
        table in prop::collection::vec(prop::collection::vec(-0.5_f64..9.0, 6), 5..12),
        values in prop::collection::vec(-0.7_f64..12.0, 12),
    ) {
        let series: Vec<Series> = table.into_iter().map(|logs| Series { logs, sampling: 0.001 }).collect();
        let model = Model::learn(&series).unwrap();
        let run: Vec<Observation> = model.fits().iter().zip(values)
            .map(|(fit, value)| Observation { center: fit.center, spread: fit.spread, value }).collect();
        let environment = Environment::of(&run);
        let margins = model.margins(0.18, 3.0, 60, 2);
        for fit in model.fits() {
            let at = |shift: f64| model.margin(&margins, *fit, shift, 0.0).log;
            let shift = environment.shift(fit.center);
            prop_assert!(at(shift).is_finite() && at(shift) >= 0.18);
            prop_assert!(at(shift.abs() + 0.1) >= at(shift.abs()));
        }
    }
}
