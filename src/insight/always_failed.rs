//! Endpoints whose every request failed, by name, however small their share of the total.

use super::words;
use crate::results::{Endpoint, Results};
use crate::verdict::{Finding, FindingKind, Unit};

/// Endpoints named.
const MOST_NAMED: usize = 5;

/// `None` also where every request of the run failed: that is the verdict itself.
pub(super) fn find(results: &Results) -> Option<Finding> {
    if results.total.always_failed() {
        return None;
    }
    let mut dead: Vec<&Endpoint> = results.endpoints.iter().filter(|endpoint| endpoint.always_failed()).collect();
    dead.sort_by_key(|endpoint| std::cmp::Reverse(endpoint.requests));
    let names: Vec<String> = dead.iter().map(|endpoint| endpoint.label()).collect();
    let causes: Vec<String> = dead
        .iter()
        .map(|endpoint| {
            let count = Unit::Count.show(endpoint.requests as f64);
            let cause = results.main_failure(Some(&endpoint.key()));
            let cause = cause.map_or_else(String::new, |(text, _)| format!(", most often {text}"));
            format!("{}: {count} of {count} failed{cause}", endpoint.label())
        })
        .collect();
    if dead.is_empty() {
        return None;
    }
    Some(Finding::new(
        FindingKind::AlwaysFailed,
        format!("{} failed every time.", words::list(&names, MOST_NAMED)),
        words::list(&causes, MOST_NAMED),
        "Call it once by hand with the same data: it is broken, moved, or the script asks for something that does not \
         exist.",
    ))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{endpoint, results};
    use super::*;
    use crate::results::Failure;

    #[test]
    fn an_endpoint_that_failed_every_time_is_named_however_rare_it_is() {
        let mut run = results(vec![endpoint("GET", "/", 10_000, 3, 20.0), endpoint("POST", "/orders", 4, 4, 2.0)]);
        run.failures = vec![Failure::new("POST", "/orders", "HTTPError('503 Server Error')", 4)];
        let finding = find(&run).unwrap();
        insta::assert_snapshot!(format!("{}\n{}", finding.sentence, finding.evidence), @r"
        POST /orders failed every time.
        POST /orders: 4 of 4 failed, most often HTTPError('503 Server Error')
        ");
    }

    #[test]
    fn nothing_is_told_of_a_run_whose_every_request_failed_or_of_one_without() {
        assert_eq!(find(&results(vec![endpoint("GET", "/", 10, 10, 20.0)])), None);
        assert_eq!(find(&results(vec![endpoint("GET", "/", 10, 9, 20.0), endpoint("GET", "/b", 0, 0, 0.0)])), None);
    }
}
