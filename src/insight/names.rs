//! Endpoint names that look like one dynamic URL.

use std::collections::BTreeMap;

use super::words;
use crate::results::Results;
use crate::text::counted;
use crate::verdict::{Finding, FindingKind};

/// Names of one form that make it a finding.
const LEAST_NAMES: usize = 3;

/// Names of one form.
#[derive(Default)]
struct NameGroup<'a> {
    names: Vec<&'a str>,
    requests: u64,
}

pub(super) fn find(results: &Results) -> Option<Finding> {
    let mut groups: BTreeMap<(&str, String), NameGroup<'_>> = BTreeMap::new();
    for endpoint in &results.endpoints {
        if let Some(template) = template(&endpoint.name) {
            let group = groups.entry((&endpoint.method, template)).or_default();
            group.names.push(&endpoint.name);
            group.requests = group.requests.saturating_add(endpoint.requests);
        }
    }
    let mut many: Vec<_> = groups.into_iter().filter(|(_, group)| group.names.len() >= LEAST_NAMES).collect();
    many.sort_by_key(|(_, group)| std::cmp::Reverse(group.names.len()));
    let ((_, template), worst) = many.first()?;
    let names: usize = many.iter().map(|(_, group)| group.names.len()).sum();
    let evidence: Vec<String> = many
        .iter()
        .map(|((method, template), group)| {
            let examples: Vec<String> = group.names.iter().map(|name| (*name).to_owned()).collect();
            let requests = counted(group.requests, "request");
            format!("{method} {template}: {} names, {requests} ({})", examples.len(), words::list(&examples, 2))
        })
        .collect();
    Some(Finding::new(
        FindingKind::DynamicNames,
        match many.len() {
            1 => format!(
                "{} endpoint names look like one dynamic URL; name the request {template} instead.",
                worst.names.len()
            ),
            forms => format!(
                "{names} endpoint names look like {forms} dynamic URLs; name the requests {} instead.",
                words::list(&many.iter().map(|((_, template), _)| template.clone()).collect::<Vec<_>>(), 3)
            ),
        },
        words::list(&evidence, 3),
        format!(
            "Give the request a name in the script, name=\"{template}\": each name alone has too few requests to be judged, \
             and a gate on an endpoint cannot find it."
        ),
    ))
}

/// The name with what differs from call to call replaced: `/orders/17?page=2` → `/orders/[id]?page=[page]`. `None`
/// when nothing looks as if it differed.
fn template(name: &str) -> Option<String> {
    let (path, query) = name.split_once('?').map_or((name, None), |(path, query)| (path, Some(query)));
    let fold = |text: &str| if is_id(text) { "[id]".to_owned() } else { text.to_owned() };
    let mut template = path.split('/').map(fold).collect::<Vec<_>>().join("/");
    if let Some(query) = query {
        let pair = |pair: &str| match pair.split_once('=') {
            // A parameter's value differs from call to call whatever it looks like.
            Some((key, value)) if !value.is_empty() => format!("{key}=[{key}]"),
            _ => fold(pair),
        };
        template = format!("{template}?{}", query.split('&').map(pair).collect::<Vec<_>>().join("&"));
    }
    (template != name).then_some(template)
}

/// Whether a part of a path looks like an identifier: a number, a UUID, a hexadecimal or random token, or a word with
/// a number behind it (`order-1234`). A version such as `v2` does not.
fn is_id(text: &str) -> bool {
    let count = |of: fn(&u8) -> bool| text.bytes().filter(of).count();
    let digits = count(u8::is_ascii_digit);
    if digits == 0 || !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~:".contains(&byte)) {
        return false;
    }
    let is_number = digits == text.len();
    let is_uuid = text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    let is_hex = text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_token = text.len() >= 16 && digits >= 2 && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    let after_word = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_numbered = text.len() - after_word.len() >= 2 && after_word.ends_with(['-', '_', ':']);
    is_number || is_uuid || is_hex || is_token || is_numbered
}

#[cfg(test)]
mod tests {
    use super::super::tests::{endpoint, results};
    use super::*;

    #[test]
    fn what_differs_from_call_to_call_is_folded() {
        for (name, expected) in [
            ("/orders/17", "/orders/[id]"),
            ("/carts/6f1c9f0e-6a9b-4c2f-9d57-2f0f3b1f9a10/items", "/carts/[id]/items"),
            ("/blobs/deadbeef01", "/blobs/[id]"),
            ("/t/Zk3xQ9vTb2LmN8pR", "/t/[id]"),
            ("/orders/order-1234", "/orders/[id]"),
            ("/search?q=red+shoes&page=2", "/search?q=[q]&page=[page]"),
        ] {
            assert_eq!(template(name).as_deref(), Some(expected), "{name}");
        }
        for name in [
            "/api/v1/orders",
            "/api/v2",
            "/health",
            "",
            "/",
            "/carts/[id]/items",
            "/oauth2/token",
            "/s3-upload",
            "log in",
        ] {
            assert_eq!(template(name), None, "{name}");
        }
    }

    #[test]
    fn three_names_of_one_form_are_a_finding() {
        let names = |names: &[&str]| results(names.iter().map(|name| endpoint("GET", name, 5, 0, 20.0)).collect());
        assert_eq!(find(&names(&["/health", "/orders/1", "/orders/2", "/products?page=1"])), None);
        let finding = find(&names(&["/orders/1", "/orders/2", "/orders/3", "/orders/4", "/health"])).unwrap();
        insta::assert_snapshot!(format!("{}\n{}\n{}", finding.sentence, finding.evidence, finding.next), @r#"
        4 endpoint names look like one dynamic URL; name the request /orders/[id] instead.
        GET /orders/[id]: 4 names, 20 requests (/orders/1, /orders/2 and 2 more)
        Give the request a name in the script, name="/orders/[id]": each name alone has too few requests to be judged, and a gate on an endpoint cannot find it.
        "#);
        let finding = find(&names(&["/a/1", "/a/2", "/a/3", "/b/1/x", "/b/2/x", "/b/3/x", "/b/4/x"])).unwrap();
        assert!(finding.sentence.starts_with("7 endpoint names look like 2 dynamic URLs"), "{}", finding.sentence);
    }
}
