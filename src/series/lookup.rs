//! Finding the endpoint of a row.

use std::collections::HashMap;

use super::plan::join;
use crate::locust::RowEndpoint;

/// The most different endpoints whose order is remembered.
const MOST_REMEMBERED: usize = 4096;

/// Finds endpoints in a map. Locust writes the endpoints in the same order each second, so the one that followed last
/// time is tried first.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    /// The endpoints in the order of the rows, each with what was found.
    order: Vec<(Vec<u8>, Option<usize>)>,
    /// Where each is in the order.
    places: HashMap<Vec<u8>, usize>,
    next: usize,
    key: Vec<u8>,
}

impl Lookup {
    /// The value of an endpoint in the map.
    pub(super) fn find(&mut self, endpoint: RowEndpoint<'_>, map: &HashMap<Vec<u8>, usize>) -> Option<usize> {
        if let Some(&(ref key, found)) = self.order.get(self.next)
            && is_key(key, endpoint)
        {
            self.step(self.next);
            return found;
        }
        join(&mut self.key, endpoint.method, endpoint.name);
        if let Some(&place) = self.places.get(&self.key) {
            self.step(place);
            return self.order[place].1;
        }
        let found = find(&self.key, endpoint, map);
        if self.order.len() < MOST_REMEMBERED {
            self.places.insert(self.key.clone(), self.order.len());
            self.order.push((self.key.clone(), found));
            self.next = 0;
        }
        found
    }

    fn step(&mut self, place: usize) {
        self.next = if place + 1 == self.order.len() { 0 } else { place + 1 };
    }
}

fn is_key(key: &[u8], endpoint: RowEndpoint<'_>) -> bool {
    key.len() == endpoint.method.len() + 1 + endpoint.name.len()
        && key.ends_with(endpoint.name)
        && key.starts_with(endpoint.method)
        && key[endpoint.method.len()] == 0
}

/// Names are compared as text, as results have them: bytes that are not UTF-8 are replaced.
fn find(key: &[u8], endpoint: RowEndpoint<'_>, map: &HashMap<Vec<u8>, usize>) -> Option<usize> {
    if std::str::from_utf8(key).is_ok() {
        return map.get(key).copied();
    }
    let (method, name) = (String::from_utf8_lossy(endpoint.method), String::from_utf8_lossy(endpoint.name));
    let mut text = Vec::new();
    join(&mut text, method.as_bytes(), name.as_bytes());
    map.get(&text).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_found_in_whatever_order() {
        let map: HashMap<Vec<u8>, usize> = (0..9).map(|index| (format!("GET\0/{index}").into_bytes(), index)).collect();
        let mut lookup = Lookup::default();
        for index in [0, 3, 8, 0, 3, 8, 9, 0, 3, 5, 8, 8, 1, 0] {
            let name = format!("/{index}");
            let endpoint = RowEndpoint { method: b"GET", name: name.as_bytes() };
            assert_eq!(lookup.find(endpoint, &map), Some(index).filter(|index| *index < 9));
            assert_eq!(lookup.find(RowEndpoint { method: b"GE", ..endpoint }, &map), None);
        }
        let broken = RowEndpoint { method: b"GET", name: b"/\xff" };
        assert_eq!(lookup.find(broken, &HashMap::from([("GET\0/\u{fffd}".into(), 7)])), Some(7));
    }
}
