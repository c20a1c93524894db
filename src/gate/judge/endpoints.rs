//! Finds the endpoints of the results that a selector matches.

use std::collections::HashMap;

use crate::gate::Selector;
use crate::results::{Endpoint, Results};

/// Endpoints by name and by `METHOD name`, so that a selector without wildcards does not have to scan all of them.
pub(super) struct EndpointIndex<'a> {
    all: &'a [Endpoint],
    by_name: HashMap<&'a str, Vec<usize>>,
    by_label: HashMap<String, Vec<usize>>,
}

impl<'a> EndpointIndex<'a> {
    pub(super) fn of(results: &'a Results) -> Self {
        let mut index = Self { all: &results.endpoints, by_name: HashMap::new(), by_label: HashMap::new() };
        for (position, endpoint) in results.endpoints.iter().enumerate() {
            index.by_name.entry(&endpoint.name).or_default().push(position);
            index.by_label.entry(format!("{} {}", endpoint.method, endpoint.name)).or_default().push(position);
        }
        index
    }

    /// The endpoints that a selector means, in the order of the results.
    pub(super) fn matching(&self, selector: &Selector) -> Vec<&'a Endpoint> {
        let means = |endpoint: &&Endpoint| selector.matches(&endpoint.method, &endpoint.name);
        if selector.has_wildcard() {
            return self.all.iter().filter(means).collect();
        }
        let named = self.by_name.get(selector.pattern()).into_iter().flatten();
        let labelled = self.by_label.get(selector.pattern()).into_iter().flatten();
        let mut positions: Vec<usize> = named.chain(labelled).copied().collect();
        positions.sort_unstable();
        positions.dedup();
        positions.into_iter().map(|position| &self.all[position]).filter(means).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn endpoint(method: &str, name: &str) -> Endpoint {
        Endpoint { method: method.into(), name: name.into(), ..Endpoint::default() }
    }

    proptest! {
        #[test]
        fn the_index_finds_what_a_look_at_every_endpoint_finds(
            endpoints in prop::collection::vec(("(|GET|g rpc)", "[a /*]{0,4}"), 0..8),
            pattern in "(GET |g rpc | |)[a /*]{1,4}",
        ) {
            let endpoints = endpoints.iter().map(|(method, name)| endpoint(method, name)).collect();
            let results = Results::new(Endpoint::default(), endpoints);
            let selector = Selector::new(&pattern).unwrap();
            let found = EndpointIndex::of(&results).matching(&selector);
            let every = results.endpoints.iter().filter(|endpoint| selector.matches(&endpoint.method, &endpoint.name));
            prop_assert_eq!(found, every.collect::<Vec<_>>());
        }
    }
}
