//! Addresses that hold secrets: a user's password, or a token in the query.

use secrecy::SecretString;
use url::Url;

/// An address for people: without user, password, query and fragment. A text that is not an address loses what is
/// before an `@` and behind a `?` or `#`, in case it is an address.
#[must_use]
pub fn shown_address(text: &str) -> String {
    let text = text.trim();
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let (path, rest) = text.split_at(end);
    let (scheme, path) = path.split_once("://").map_or(("", path), |(scheme, rest)| (scheme, rest));
    let path = path.rsplit('@').next().unwrap_or_default();
    let mark = rest.chars().next().map_or_else(String::new, |mark| format!("{mark}[hidden]"));
    if scheme.is_empty() { format!("{path}{mark}") } else { format!("{scheme}://{path}{mark}") }
}

/// The secret parts of an address: its password (or its user, where there is no password) and the values of its query.
#[must_use]
pub fn secrets_of(address: &Url) -> Vec<SecretString> {
    let user = Some(address.username()).filter(|user| !user.is_empty());
    let login = address.password().or(user).into_iter().flat_map(|written| [written.to_owned(), decoded(written)]);
    let values = address.query_pairs().map(|(name, value)| if value.is_empty() { name } else { value }.into_owned());
    login.chain(values).map(SecretString::from).collect()
}

/// The decoded form of a percent-encoded text.
fn decoded(text: &str) -> String {
    // In a query `+` is a space.
    let query = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(query.as_bytes()).next().map_or_else(String::new, |(_, value)| value.into_owned())
}
