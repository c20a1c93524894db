//! When a row is red, when it is open, and when one more run is needed.

use crate::verdict::Shown;

/// The state of a row after the runs so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing speaks against it.
    Clear,
    /// One more run is needed.
    Undecided,
    /// The code is slower.
    Slower,
    /// Something is slower, and it may be the environment.
    Open,
}

/// The state of a row after these runs, of which there may be `most` at most. A row is slower when two runs exceed the
/// limit for two, or three the limit for three; with one run alone, the limit for two. While everything is slower, no
/// third run is asked for: it would be as slow again.
#[must_use]
pub fn standing(runs: &[Shown], most: usize) -> Standing {
    match runs {
        [] => Standing::Undecided,
        [only] if most < 2 => match only {
            Shown { beyond_two: true, .. } => Standing::Slower,
            Shown { explained: true, .. } => Standing::Open,
            _ => Standing::Clear,
        },
        [first] => {
            let missed = if most > 2 { first.beyond_three } else { first.beyond_two };
            if missed || first.explained { Standing::Undecided } else { Standing::Clear }
        }
        [first, second] => {
            let low = first.beyond_three && second.beyond_three;
            if first.beyond_two && second.beyond_two {
                Standing::Slower
            } else if most > 2 && low && !(first.unusual && second.unusual) {
                Standing::Undecided
            } else {
                open_or_clear(first, second)
            }
        }
        [first, second, third, ..] => {
            if [first, second, third].iter().all(|run| run.beyond_three) {
                Standing::Slower
            } else {
                open_or_clear(first, second)
            }
        }
    }
}

fn open_or_clear(first: &Shown, second: &Shown) -> Standing {
    let high = |run: &Shown| run.explained || run.beyond_three;
    if high(first) && high(second) && (first.explained || second.explained) { Standing::Open } else { Standing::Clear }
}
