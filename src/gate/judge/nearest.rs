//! Suggestions for a selector that matches nothing.

use std::cell::Cell;

use crate::gate::Selector;
use crate::results::{Endpoint, Results};
use crate::text::counted;

/// How many names are listed.
const LISTED: usize = 3;

/// The most comparisons of names in one judgment: a file of 20,000 gates that match nothing is explained by its first ones.
const MOST_COMPARISONS: usize = 300_000;

/// The names of all endpoints, and how many more comparisons may be made.
pub(super) struct NearestNames<'a> {
    results: &'a Results,
    left: Cell<usize>,
}

impl<'a> NearestNames<'a> {
    pub(super) const fn of(results: &'a Results) -> Self {
        Self { results, left: Cell::new(MOST_COMPARISONS) }
    }

    /// Why the selector matches nothing, with the nearest endpoints.
    pub(super) fn no_match(&self, selector: &Selector) -> String {
        let endpoints = &self.results.endpoints;
        if endpoints.is_empty() {
            let mut reason = "the results hold no single endpoints, only all requests together".to_owned();
            for note in &self.results.notes {
                reason.push_str("; ");
                reason.push_str(note);
            }
            return reason;
        }
        if selector.pattern() == "*" {
            let hint = "`*` matches within one path segment only; `**` matches every endpoint";
            return format!("no endpoint matches {selector}: {hint}");
        }
        let Some(left) = self.left.get().checked_sub(endpoints.len()) else {
            return format!("no endpoint matches {selector}; the run called {}", counted(endpoints.len(), "endpoint"));
        };
        self.left.set(left);
        let wanted = selector.pattern().replace('*', "").to_lowercase();
        let names: Vec<String> =
            nearest(&wanted, endpoints).into_iter().map(|endpoint| format!("\"{}\"", endpoint.label())).collect();
        let more = if endpoints.len() > LISTED { "the nearest are" } else { "there are only" };
        format!("no endpoint matches {selector}; {more} {}", names.join(", "))
    }
}

/// The endpoints whose names are most similar to `wanted`, most similar first. A name is compared letter by letter
/// only when its letters alone do not rule it out.
fn nearest<'e>(wanted: &str, endpoints: &'e [Endpoint]) -> Vec<&'e Endpoint> {
    let letters = Letters::of(wanted);
    let mut best: Vec<(f64, &Endpoint)> = Vec::with_capacity(LISTED + 1);
    for endpoint in endpoints {
        let (label, name) = (endpoint.label().to_lowercase(), endpoint.name.to_lowercase());
        let least = best.get(LISTED - 1).map(|(near, _)| *near);
        let may_be_near = |name: &str| least.is_none_or(|least| letters.most_alike(&Letters::of(name)) > least);
        let near = |name: &str| {
            if may_be_near(name) { strsim::normalized_levenshtein(wanted, name) } else { 0.0 }
        };
        let near = near(&label).max(near(&name));
        if least.is_none_or(|least| near > least) {
            let place = best.partition_point(|(other, _)| *other >= near);
            best.insert(place, (near, endpoint));
            best.truncate(LISTED);
        }
    }
    best.into_iter().map(|(_, endpoint)| endpoint).collect()
}

/// How many letters of each kind a text has; kinds share places.
struct Letters {
    counts: [u32; 64],
    all: u32,
}

impl Letters {
    fn of(text: &str) -> Self {
        let mut letters = Self { counts: [0; 64], all: 0 };
        for letter in text.chars() {
            letters.counts[letter as usize % 64] += 1;
            letters.all += 1;
        }
        letters
    }

    /// The normalized Levenshtein similarity that two texts have at most: each letter that one has too many of costs a
    /// change.
    fn most_alike(&self, other: &Self) -> f64 {
        let (mut more, mut less) = (0, 0);
        for (mine, theirs) in self.counts.iter().zip(&other.counts) {
            more += mine.saturating_sub(*theirs);
            less += theirs.saturating_sub(*mine);
        }
        match self.all.max(other.all) {
            0 => 1.0,
            longer => 1.0 - f64::from(more.max(less)) / f64::from(longer),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_nearest_names_are_those_that_comparing_all_finds(
            wanted in "(/[a-c]{0,3}){0,3}", names in proptest::collection::vec("(/[a-cä]{0,3}){0,3}", 1..30),
        ) {
            let endpoints: Vec<Endpoint> = names
                .iter()
                .map(|name| Endpoint { method: "GET".into(), name: name.clone(), ..Endpoint::default() })
                .collect();
            let near = |name: &str| strsim::normalized_levenshtein(&wanted, &name.to_lowercase());
            let mut all: Vec<(f64, &Endpoint)> = endpoints
                .iter()
                .map(|endpoint| (near(&endpoint.label()).max(near(&endpoint.name)), endpoint))
                .collect();
            all.sort_by(|a, b| b.0.total_cmp(&a.0));
            let expected: Vec<String> = all.iter().take(LISTED).map(|(_, endpoint)| endpoint.label()).collect();
            let found: Vec<String> = nearest(&wanted, &endpoints).iter().map(|endpoint| endpoint.label()).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
