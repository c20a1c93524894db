//! What was perhaps meant by a selector that matches nothing.

use crate::gate::Selector;
use crate::results::Results;

/// How many names are listed.
const LISTED: usize = 3;

/// Why the selector matches nothing, with the nearest endpoints.
pub(super) fn no_match(selector: &Selector, results: &Results) -> String {
    if results.endpoints.is_empty() {
        let mut reason = "the results hold no single endpoints, only all requests together".to_owned();
        for note in &results.notes {
            reason.push_str("; ");
            reason.push_str(note);
        }
        return reason;
    }
    let wanted = selector.pattern().replace('*', "").to_lowercase();
    let mut ranked: Vec<(f64, String)> = results
        .endpoints
        .iter()
        .map(|endpoint| {
            let label = endpoint.label();
            let near = |name: &str| strsim::normalized_levenshtein(&wanted, &name.to_lowercase());
            (near(&label).max(near(&endpoint.name)), label)
        })
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let names: Vec<String> = ranked.into_iter().take(LISTED).map(|(_, label)| format!("\"{label}\"")).collect();
    let more = if results.endpoints.len() > LISTED { "the nearest are" } else { "there are only" };
    format!("no endpoint matches {selector}; {more} {}", names.join(", "))
}
