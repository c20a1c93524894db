//! The service's own words in an error answer.

use serde_json::Value;

use super::wire::Fields;
use crate::clean;
use crate::json;

/// The longest message passed on, characters.
const LONGEST: usize = 300;

/// The message and the messages about single fields. The message is under `message` or `error` (a text or a number);
/// a short plain text is used unchanged, a web page is not used.
pub(super) fn of(body: &[u8], is_html: bool) -> (Option<String>, Vec<(String, String)>) {
    let Ok(value) = json::read(body) else {
        let text = String::from_utf8_lossy(body);
        let plain = !is_html && !text.trim_start().starts_with('<');
        return (plain.then(|| one_line(&text)).filter(|text| !text.is_empty()), Vec::new());
    };
    if let Value::String(text) = &value {
        return (Some(one_line(text)), Vec::new());
    }
    let fields = Fields::of(value);
    let message = fields.text(&["message"]).or_else(|| fields.text(&["error"])).or_else(|| {
        let inner = fields.inner("error");
        inner.text(&["message"])
    });
    let problems = fields.inner("errors");
    let problems = problems.iter().map(|(field, problem)| (one_line(field), one_line(&words(problem)))).collect();
    (message.map(|text| one_line(&text)), problems)
}

fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// The service's words on one line.
fn one_line(text: &str) -> String {
    clean::sentence(text, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_found_wherever_it_is() {
        let message = |body: &str| of(body.as_bytes(), false).0;
        assert_eq!(message(r#"{"error": 400, "message": "No such test"}"#).as_deref(), Some("No such test"));
        assert_eq!(message(r#"{"error": "Plan limit"}"#).as_deref(), Some("Plan limit"));
        assert_eq!(message(r#"{"error": {"message": "Deep"}}"#).as_deref(), Some("Deep"));
        assert_eq!(message(r#"{"error": 17}"#).as_deref(), Some("17"));
        assert_eq!(message(r#""just text""#).as_deref(), Some("just text"));
        assert_eq!(message("upstream\r\n\u{1b}[31mdown").as_deref(), Some("upstream down"));
        assert_eq!(message("<html>x</html>"), None);
        assert_eq!(message("  "), None);
        assert_eq!(message(&"x".repeat(1000)).unwrap().chars().count(), LONGEST);
    }

    #[test]
    fn problems_of_single_fields_are_kept() {
        let body = br#"{"message": "Invalid", "errors": {"duration": ["too short", "odd"], "users": "missing"}}"#;
        let expected = [("duration", "too short, odd"), ("users", "missing")].map(|(a, b)| (a.into(), b.into()));
        assert_eq!(of(body, false).1, expected);
    }
}
