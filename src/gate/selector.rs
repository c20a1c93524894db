//! Which endpoints a gate is about.

use std::fmt;

use crate::results::EndpointKey;

/// The most words a type of request may have; more would make a long name slow to match.
const MOST_SPLITS: usize = 8;

/// A pattern over endpoint names: `*` matches within one path segment (no `/`), `**` across segments, everything
/// else, `[id]`, `?` and dots included, matches itself. Upper and lower case differ.
///
/// It matches an endpoint whose name matches as a whole; or, split at one of its spaces into `METHOD name`, one whose
/// method and name match the two parts: a type of request may be of several words (`gRPC unary`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Selector {
    text: String,
    whole: Pattern,
    splits: Vec<(Pattern, Pattern)>,
}

impl Selector {
    /// A selector from its pattern, without quotes; `None` when it is empty.
    #[must_use]
    pub fn new(pattern: &str) -> Option<Self> {
        let part = |(space, _)| (Pattern::new(&pattern[..space]), Pattern::new(&pattern[space + 1..]));
        let splits = pattern.match_indices(' ').take(MOST_SPLITS).map(part).collect();
        (!pattern.is_empty()).then(|| Self { text: pattern.into(), whole: Pattern::new(pattern), splits })
    }

    /// The pattern, without quotes.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.text
    }

    /// Whether it contains `*`; otherwise it means the endpoints of one name or label.
    #[must_use]
    pub fn has_wildcard(&self) -> bool {
        self.text.contains('*')
    }

    /// Whether the selector matches an endpoint.
    #[must_use]
    pub fn matches(&self, method: &str, name: &str) -> bool {
        self.whole.matches(name)
            || self.splits.iter().any(|(methods, names)| methods.matches(method) && names.matches(name))
    }

    /// Whether the selector matches an endpoint.
    #[must_use]
    pub fn matches_key(&self, key: &EndpointKey) -> bool {
        self.matches(&key.method, &key.name)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.text.replace('\\', r"\\").replace('"', "\\\""))
    }
}

/// A compiled pattern: stretches of literal text with wildcards between.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Pattern {
    /// The literal text it begins with.
    head: Vec<u8>,
    /// The rest, from the first wildcard on.
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    /// This byte. Bytes are safe: a literal's bytes match only whole characters of valid UTF-8.
    Byte(u8),
    /// Any bytes without `/`.
    Segment,
    /// Any bytes.
    Across,
}

impl Pattern {
    fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut index = bytes.iter().position(|byte| *byte == b'*').unwrap_or(bytes.len());
        let head = bytes[..index].to_vec();
        let mut parts = Vec::with_capacity(bytes.len() - index);
        while let Some(&byte) = bytes.get(index) {
            if byte == b'*' {
                let stars = bytes[index..].iter().take_while(|byte| **byte == b'*').count();
                parts.push(if stars == 1 { Part::Segment } else { Part::Across });
                index += stars;
            } else {
                parts.push(Part::Byte(byte));
                index += 1;
            }
        }
        Self { head, parts }
    }

    /// Runs all ways through the pattern at once: time grows with pattern × text, never exponentially.
    fn matches(&self, text: &str) -> bool {
        // Most endpoints differ within the literal head of a pattern.
        let Some(text) = text.as_bytes().strip_prefix(self.head.as_slice()) else { return false };
        let parts = self.parts.as_slice();
        if parts.is_empty() {
            return text.is_empty();
        }
        // at[i]: the text so far can be consumed by parts[..i].
        let mut at = vec![false; parts.len() + 1];
        at[0] = true;
        skip_wildcards(parts, &mut at);
        let mut next = vec![false; parts.len() + 1];
        for &byte in text {
            next.fill(false);
            for (index, part) in parts.iter().enumerate().filter(|(index, _)| at[*index]) {
                match part {
                    Part::Byte(literal) if *literal == byte => next[index + 1] = true,
                    Part::Segment if byte != b'/' => next[index] = true,
                    Part::Across => next[index] = true,
                    _ => {}
                }
            }
            skip_wildcards(parts, &mut next);
            std::mem::swap(&mut at, &mut next);
        }
        at[parts.len()]
    }
}

/// A wildcard may also match nothing.
fn skip_wildcards(parts: &[Part], at: &mut [bool]) {
    for (index, part) in parts.iter().enumerate() {
        if at[index] && !matches!(part, Part::Byte(_)) {
            at[index + 1] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, method: &str, name: &str) -> bool {
        Selector::new(pattern).unwrap().matches(method, name)
    }

    #[test]
    fn a_name_is_literal_but_for_stars() {
        for (pattern, name) in [
            ("/api/v1/carts/[id]/items", "/api/v1/carts/[id]/items"),
            ("/products?page=1&limit=20", "/products?page=1&limit=20"),
            ("/api/v1/carts/*/checkout", "/api/v1/carts/[id]/checkout"),
            ("/api/**", "/api/v1/orders"),
            ("**/checkout", "/api/v1/carts/7/checkout"),
            ("/a*/b**", "/a1/b/c/d"),
            ("**", ""),
            ("*", "login"),
            ("Log in *", "Log in 2"),
            ("/ü*é", "/üßé"),
        ] {
            assert!(matches(pattern, "GET", name), "{pattern} should match {name}");
        }
        for (pattern, name) in [
            ("/api/v1/carts/*/checkout", "/api/v1/carts/7/8/checkout"),
            ("/api/v1/carts/[id]", "/api/v1/carts/i"),
            ("/a.b", "/axb"),
            ("/a", "/a/"),
            ("/A", "/a"),
            ("*", "/login"),
        ] {
            assert!(!matches(pattern, "GET", name), "{pattern} should not match {name}");
        }
    }

    #[test]
    fn a_method_narrows_the_name() {
        assert!(matches("POST /login", "POST", "/login"));
        assert!(!matches("POST /login", "GET", "/login"));
        assert!(matches("* /login", "GET", "/login"));
        assert!(matches("/login", "GET", "/login"));
        assert!(matches("Log in", "POST", "Log in"));
        // A wildcard of the name never reaches into the method.
        assert!(!matches("G*", "GET", "/x"));
    }

    #[test]
    fn a_type_of_several_words_is_typed_as_the_reports_print_it() {
        let key = EndpointKey { method: "gRPC unary".into(), name: "hello.Greeter/SayHello".into() };
        assert!(Selector::new(&key.to_string()).unwrap().matches_key(&key));
        assert!(matches("gRPC * hello.Greeter/*", "gRPC unary", "hello.Greeter/SayHello"));
        assert!(!matches("gRPC stream hello.Greeter/SayHello", "gRPC unary", "hello.Greeter/SayHello"));
    }

    /// What the pattern means, word by word.
    fn naive(pattern: &[u8], text: &[u8]) -> bool {
        match pattern {
            [] => text.is_empty(),
            [b'*', b'*', rest @ ..] => (0..=text.len()).any(|taken| naive(rest, &text[taken..])),
            [b'*', rest @ ..] => {
                (0..=text.len()).any(|taken| !text[..taken].contains(&b'/') && naive(rest, &text[taken..]))
            }
            [literal, rest @ ..] => text.first() == Some(literal) && naive(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn it_means_what_the_naive_reading_means(pattern in "[ab/*]{1,8}", name in "[ab/]{0,10}") {
            prop_assert_eq!(matches(&pattern, "GET", &name), naive(pattern.as_bytes(), name.as_bytes()));
        }

        #[test]
        fn a_name_without_stars_selects_itself(name in "[^*]{1,20}") {
            prop_assert!(matches(&name, "GET", &name));
            let label = format!("GET {name}");
            prop_assert!(matches(&label, "GET", &name));
        }
    }
}
