//! What was perhaps meant by a selector that matches nothing.

use std::cell::Cell;

use crate::gate::Selector;
use crate::results::Results;
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
        let mut ranked: Vec<(f64, String)> = endpoints
            .iter()
            .map(|endpoint| {
                let label = endpoint.label();
                let near = |name: &str| strsim::normalized_levenshtein(&wanted, &name.to_lowercase());
                (near(&label).max(near(&endpoint.name)), label)
            })
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let names: Vec<String> = ranked.into_iter().take(LISTED).map(|(_, label)| format!("\"{label}\"")).collect();
        let more = if endpoints.len() > LISTED { "the nearest are" } else { "there are only" };
        format!("no endpoint matches {selector}; {more} {}", names.join(", "))
    }
}
