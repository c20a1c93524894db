use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use proptest::prelude::*;
use url::Url;

use super::*;

fn redactor(values: &[&str]) -> Redactor {
    let mut redactor = Redactor::new();
    for value in values {
        assert!(redactor.add(&SecretString::from(*value), Placeholder::Hidden), "{value}");
    }
    redactor
}

#[test]
fn a_value_is_hidden_in_every_form() {
    let secret = "p@ss/w\u{f6}rd \"&'<1>";
    let redactor = redactor(&[secret]);
    let forms = [
        secret.to_owned(),
        "p%40ss%2Fw%C3%B6rd%20%22%26%27%3C1%3E".into(),
        "p%40ss%2fw%c3%b6rd%20%22%26%27%3c1%3e".into(),
        "p%40ss%2Fw%C3%B6rd+%22%26%27%3C1%3E".into(),
        "p%40ss/w%C3%B6rd%20%22%26%27%3C1%3E".into(),
        "p@ss/w\\u00f6rd \\\"&'<1>".into(),
        "p@ss\\/w\u{f6}rd \\\"&'<1>".into(),
        "p@ss/w\u{f6}rd \"\"&'<1>".into(),
        "p@ss/w\u{f6}rd \"&\\'<1>".into(),
        "p@ss/w\u{f6}rd &quot;&amp;&#39;&lt;1&gt;".into(),
    ];
    for form in forms {
        assert_eq!(redactor.hide(&format!("a {form} b")), "a [hidden] b", "{form}");
    }
}

#[test]
fn base64_is_hidden_at_every_alignment() {
    let redactor = redactor(&["s3cret-canary"]);
    for before in ["", "u", "us", "user:", "user1:"] {
        let text = format!("{before}s3cret-canary:tail");
        for encoded in [BASE64_STANDARD.encode(&text), BASE64_URL_SAFE_NO_PAD.encode(&text)] {
            let hidden = redactor.hide(&encoded);
            assert!(hidden.contains("[hidden]"), "{before}: {hidden}");
            // The remaining text decodes to no part of the middle.
            assert!(hidden.len() <= encoded.len() - 16 + "[hidden]".len(), "{before}: {hidden}");
        }
    }
}

#[test]
fn the_longest_value_comes_first_and_nothing_is_left_of_values_that_overlap() {
    let mut redactor = redactor(&["abcdef", "abcdefghi", "ghi123456"]);
    assert_eq!(redactor.hide("x abcdefghi y abcdef z"), "x [hidden] y [hidden] z");
    assert_eq!(redactor.hide("abcdefghi123456."), "[hidden].");
    redactor.add(&SecretString::from("lf_token_1"), Placeholder::Token);
    assert_eq!(redactor.hide("lf_token_1"), "[token]");
}

#[test]
fn a_short_value_stays_and_that_is_told() {
    let mut redactor = Redactor::new();
    for value in ["", "  ", "local", " abcde\n"] {
        assert!(!redactor.add(&SecretString::from(value), Placeholder::Hidden), "{value}");
    }
    assert_eq!(redactor.hide("http://localhost:80/local"), "http://localhost:80/local");
}

#[test]
fn digits_are_hidden_as_a_word_but_never_inside_a_number() {
    let redactor = redactor(&["123456"]);
    assert_eq!(redactor.hide("the PIN is 123456, wrong"), "the PIN is [hidden], wrong");
    assert_eq!(redactor.hide("0.123456 1234567"), "0.123456 1234567");
    let csv = b"GET,/pin/123456,123456,7\nGET,/b,1,123456\n";
    assert_eq!(redactor.hide_data(csv).as_ref(), b"GET,/pin/[hidden],123456,7\nGET,/b,1,123456\n");
    let json = br#"{"requests": 123456, "name": "/pin/123456", "list": [123456]}"#;
    let expected = br#"{"requests": 123456, "name": "/pin/[hidden]", "list": [123456]}"#;
    assert_eq!(redactor.hide_data(json).as_ref(), expected);
}

#[test]
fn a_key_of_several_lines_is_hidden_line_by_line() {
    let redactor = redactor(&["-----BEGIN KEY-----\nMIIEvQIBADANBgkq\n{\n-----END KEY-----\n"]);
    assert_eq!(redactor.hide("log: MIIEvQIBADANBgkq {"), "log: [hidden] {");
}

#[test]
fn an_address_shows_where_it_leads_and_no_more() {
    for (address, shown) in [
        ("https://u:p%40ss@h.example:8443/a?token=x#y", "https://h.example:8443/a?[hidden]"),
        ("https://u:p@ss@h.example", "https://h.example"),
        ("u:p@h", "h"),
        ("https://h.example/a", "https://h.example/a"),
        ("htp:/x?token=abc", "htp:/x?[hidden]"),
    ] {
        assert_eq!(shown_address(address), shown);
    }
    let address = Url::parse("https://user:p%40ssword@h.example/?token=abcdefg&x=1").unwrap();
    let secrets: Vec<_> = secrets_of(&address).iter().map(|secret| secret.expose_secret().to_owned()).collect();
    assert_eq!(secrets, ["p%40ssword", "p@ssword", "abcdefg", "1"]);
    let token = Url::parse("https://tok3nvalue@h.example/").unwrap();
    assert_eq!(secrets_of(&token)[0].expose_secret(), "tok3nvalue");
}

proptest! {
    #[test]
    fn no_text_keeps_a_value_whole(
        values in prop::collection::vec("[ -~\u{e4}\u{1f511}\n]{6,20}", 1..4),
        parts in prop::collection::vec("[ -~\u{e4}\n]{0,12}", 4),
    ) {
        let mut redactor = Redactor::new();
        let known: Vec<_> =
            values.iter().filter(|value| redactor.add(&SecretString::from(value.as_str()), Placeholder::Hidden)).collect();
        let mut text = String::new();
        for (part, value) in parts.iter().zip(values.iter().cycle()) {
            text.push_str(part);
            text.push_str(value);
        }
        let hidden = redactor.hide(&text);
        for value in known.iter().map(|value| value.trim()).filter(|value| !value.bytes().all(|b| b.is_ascii_digit())) {
            // The placeholder itself may spell a short value together with the text around it.
            let made_up = hidden.replace("[hidden]", "\0");
            prop_assert!(!made_up.contains(value), "{value:?} in {hidden:?}");
        }
    }
}
