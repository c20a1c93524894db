//! Round marks on the axes of a chart, and how moments of a run are written.

/// Round values from zero to at least `most`: steps of 1, 2 or 5 times a power of ten, at most `steps` and one more.
pub(super) fn value_marks(most: f64, steps: f64) -> Vec<f64> {
    let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
    let rough = most / steps;
    let power = 10_f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough).unwrap_or(power);
    let count = (most / step).ceil() as u32;
    (0..=count.max(1)).map(|index| f64::from(index) * step).collect()
}

/// Round moments of a run of so many seconds: ten or fewer steps.
pub(super) fn time_marks(seconds: f64) -> Vec<f64> {
    const STEPS: [f64; 16] =
        [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0];
    let step = STEPS.into_iter().find(|step| seconds / step <= 10.0).unwrap_or(86_400.0);
    (0..).map(|index| f64::from(index) * step).take_while(|mark| *mark <= seconds).collect()
}

/// Seconds as a clock: `2:30`, or `1:30 h` from an hour on.
pub(super) fn clock(second: f64) -> String {
    let second = second.max(0.0) as u64;
    if second >= 3600 {
        format!("{}:{:02} h", second / 3600, second / 60 % 60)
    } else {
        format!("{}:{:02}", second / 60, second % 60)
    }
}

/// A percentile on an axis on which every nine takes the same room: 0 for the shortest response time, 1 for p90, 2 for
/// p99, 3 for p99.9.
pub(super) fn nines(fraction: f64) -> f64 {
    // Never -0, which would be written with its sign.
    0.0 - (1.0 - fraction).max(1e-6).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_reach_the_largest_value() {
        assert_eq!(value_marks(620.0, 3.0), [0.0, 500.0, 1000.0]);
        assert_eq!(value_marks(1750.0, 4.5), [0.0, 500.0, 1000.0, 1500.0, 2000.0]);
        assert_eq!(value_marks(34.1, 3.0), [0.0, 20.0, 40.0]);
        assert_eq!(value_marks(0.0, 3.0), value_marks(f64::NAN, 3.0));
        assert_eq!(time_marks(300.0).len(), 11);
        assert_eq!(time_marks(43_200.0), [0.0, 7200.0, 14400.0, 21600.0, 28800.0, 36000.0, 43200.0]);
        assert_eq!([0.0, 150.0, 5400.0].map(clock), ["0:00", "2:30", "1:30 h"]);
    }

    #[test]
    fn every_nine_takes_the_same_room() {
        let places = [0.0, 0.9, 0.99, 0.999].map(|fraction| (nines(fraction) * 1000.0).round());
        assert_eq!(places, [0.0, 1000.0, 2000.0, 3000.0]);
    }
}
