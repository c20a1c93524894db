//! Cutting one field out of a large JSON object, so that a text of hundreds of megabytes is there once and not three times.

use std::ops::Range;

/// Cuts a field out of an object, or of the object in its field `data`, and leaves `null` in its place. The value is returned
/// as the text has it. `None` where the field is not there or the text is not JSON, which then is left as it was.
pub fn cut(text: &mut Vec<u8>, field: &str) -> Option<Vec<u8>> {
    let place = find(text, field)?;
    let value = text[place.clone()].to_vec();
    text.splice(place, *b"null");
    Some(value)
}

/// The same for a field that holds a text: returns what is left of the object, and the text, which takes over the
/// memory. Where there is no such text, everything is left.
#[must_use]
pub fn cut_text(mut text: Vec<u8>, field: &str) -> (Vec<u8>, Option<String>) {
    let place = find(&text, field).filter(|place| text[place.start] == b'"' && is_text(&text[place.clone()]));
    let Some(place) = place else { return (text, None) };
    let rest = [&text[..place.start], b"null", &text[place.end..]].concat();
    text.truncate(place.end - 1);
    text.drain(..=place.start);
    let length = unescape(&mut text);
    text.truncate(length);
    // Only valid text was let through, and unescaping keeps it valid.
    (rest, Some(String::from_utf8(text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())))
}

/// Where the value of a field is.
fn find(text: &[u8], field: &str) -> Option<Range<usize>> {
    let mut at = past_space(text, 0);
    if text.get(at) != Some(&b'{') {
        return None;
    }
    at = past_space(text, at + 1);
    let mut data = None;
    while text.get(at) == Some(&b'"') {
        let name = at + 1..string_end(text, at)?;
        at = past_space(text, name.end + 1);
        if text.get(at) != Some(&b':') {
            return None;
        }
        let value = past_space(text, at + 1);
        let end = value_end(text, value)?;
        match &text[name] {
            name if name == field.as_bytes() => return Some(value..end),
            b"data" if text[value] == b'{' => data = Some(value..end),
            _ => {}
        }
        at = past_space(text, end);
        if text.get(at) == Some(&b',') {
            at = past_space(text, at + 1);
        }
    }
    let data = data?;
    let inner = find(&text[data.clone()], field)?;
    Some(data.start + inner.start..data.start + inner.end)
}

fn past_space(text: &[u8], at: usize) -> usize {
    at + text[at.min(text.len())..].iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// The closing quote of the string that begins at `at`.
fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// Behind the value that begins at `at`.
fn value_end(text: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut next = at;
    loop {
        match text.get(next)? {
            b'"' => next = string_end(text, next)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return (next > at).then_some(next),
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => return (next > at).then_some(next),
            _ if depth == 0 => {
                // A number or a word.
                next += 1;
                continue;
            }
            _ => {}
        }
        next += 1;
        if depth == 0 {
            return Some(next);
        }
    }
}

/// Whether a JSON string is one that [`unescape`] reads as any other reader would.
fn is_text(quoted: &[u8]) -> bool {
    if std::str::from_utf8(quoted).is_err() {
        return false;
    }
    let mut rest = quoted;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        rest = &rest[at + 1..];
        match rest.first() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => rest = &rest[1..],
            Some(b'u') => match unit(rest) {
                // A half of a character alone, or the first of two, is for the usual reader.
                Some(unit) if char::from_u32(u32::from(unit)).is_some() => rest = &rest[5..],
                _ => return false,
            },
            _ => return false,
        }
    }
    true
}

/// The number in `uXXXX`.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(text.get(1..5)?).ok()?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

/// Replaces the escapes of a string in its place, which never makes it longer; returns the new length.
fn unescape(text: &mut [u8]) -> usize {
    let (mut read, mut write) = (0, 0);
    loop {
        let plain = memchr::memchr(b'\\', &text[read..]).unwrap_or(text.len() - read);
        text.copy_within(read..read + plain, write);
        (read, write) = (read + plain, write + plain);
        let Some(&escape) = text.get(read + 1) else { return write };
        read += 2;
        let letter = match escape {
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => {
                let unit = unit(&text[read - 1..]).unwrap_or_default();
                read += 4;
                char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            other => char::from(other),
        };
        write += letter.encode_utf8(&mut text[write..]).len();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_field_is_cut_out_of_the_object_or_of_its_data() {
        let text = json!({"id": 7, "a": {"csv": 1}, "csv": "x,\"y\"\r\n\u{1}é", "more": [1, {"b": "]"}]});
        let (rest, csv) = cut_text(text.to_string().into_bytes(), "csv");
        assert_eq!(csv.as_deref(), text["csv"].as_str());
        let rest: Value = serde_json::from_slice(&rest).unwrap();
        assert_eq!((&rest["csv"], &rest["a"], &rest["more"]), (&Value::Null, &text["a"], &text["more"]));
        let wrapped = json!({"data": text}).to_string().into_bytes();
        assert_eq!(cut_text(wrapped.clone(), "csv").1.as_deref(), text["csv"].as_str());
        let mut left = wrapped;
        assert_eq!(cut(&mut left, "more").unwrap(), br#"[1,{"b":"]"}]"#);
        assert_eq!(cut(&mut left, "id").unwrap(), b"7");
        assert_eq!(serde_json::from_slice::<Value>(&left).unwrap()["data"]["id"], Value::Null);
    }

    #[test]
    fn what_is_no_text_is_left_to_the_usual_reader() {
        for text in [r#"{"csv": 5}"#, r#"{"csv": "\ud83d\ude00"}"#, r#"{"csv": "\x"}"#, r#"{"csv": "a"#, "[]", ""] {
            assert_eq!(cut_text(text.as_bytes().to_vec(), "csv"), (text.as_bytes().to_vec(), None), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_the_same_as_the_library_reads_it(text in any::<String>(), other in "[\\[\\]{}\":,\\\\a1 ]{0,20}") {
            let object = json!({"before": other, "csv": text, "behind": [{}]});
            let (rest, csv) = cut_text(object.to_string().into_bytes(), "csv");
            prop_assert_eq!(csv, Some(text));
            prop_assert_eq!(&serde_json::from_slice::<Value>(&rest).unwrap()["before"], &object["before"]);
        }

        #[test]
        fn any_bytes_are_cut_without_a_panic(text in "[\\[\\]{}\":,\\\\acsvu0 ]{0,40}") {
            let _ = cut_text(text.as_bytes().to_vec(), "csv");
            let _ = cut(&mut format!("{{\"csv\":{text}").into_bytes(), "csv");
        }
    }
}
