//! What became of several attempts, in words.

use crate::verdict::Outcome;

/// `failed, then passed`; the same several times in a row is counted: `failed 3 times, then passed`.
pub(super) fn course(outcomes: &[Outcome]) -> String {
    let steps: Vec<String> = outcomes
        .chunk_by(|one, next| one == next)
        .map(|same| {
            let word = word(same[0]);
            match same.len() {
                1 => word.to_owned(),
                2 => format!("{word} twice"),
                times => format!("{word} {times} times"),
            }
        })
        .collect();
    steps.join(", then ")
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "passed",
        Outcome::Warn => "warned",
        Outcome::Inconclusive => "could not be judged",
        Outcome::Fail => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_again_is_counted() {
        use Outcome::{Fail, Inconclusive, Pass, Warn};
        assert_eq!(course(&[Fail, Pass]), "failed, then passed");
        assert_eq!(course(&[Fail, Fail, Fail, Pass, Pass]), "failed 3 times, then passed twice");
        assert_eq!(course(&[Inconclusive, Warn]), "could not be judged, then warned");
    }
}
