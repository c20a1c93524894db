//! The forms in which a value may be repeated: unchanged, and as URLs, Base64, JSON, HTML, CSV and Python write it.

use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// Minimum length of a value that is hidden, in characters. Hiding shorter ones would make texts unreadable.
pub const FEWEST_CHARS: usize = 6;

/// Minimum length of one line of a multi-line value (a key, a JSON document) that is hidden by itself, in characters.
/// Shorter lines are brackets and field names.
const FEWEST_OF_A_LINE: usize = 12;

/// Every form of a value, each once; none when it is shorter than [`FEWEST_CHARS`].
pub(super) fn of(value: &str) -> Vec<String> {
    let mut forms = Vec::new();
    let value = value.trim();
    if value.chars().count() < FEWEST_CHARS {
        return forms;
    }
    add_forms(value, &mut forms);
    if value.contains('\n') {
        let lines = value.lines().map(str::trim).filter(|line| line.chars().count() >= FEWEST_OF_A_LINE);
        lines.for_each(|line| add_forms(line, &mut forms));
    }
    forms.sort_unstable();
    forms.dedup();
    forms
}

fn add_forms(value: &str, forms: &mut Vec<String>) {
    forms.push(value.to_owned());
    for encoding in [UrlEncoding::Strict, UrlEncoding::Path, UrlEncoding::Uri, UrlEncoding::Form] {
        let encoded = encoding.of(value);
        forms.push(lower_hex(&encoded));
        forms.push(encoded);
    }
    for engine in [&BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE_NO_PAD] {
        forms.extend((0..3).map(|before| base64_inside(engine, value, before)));
    }
    forms.extend(json(value));
    forms.push(value.replace('"', "\"\""));
    forms.push(value.replace('\\', "\\\\").replace('\'', "\\'"));
    for (apostrophe, quote) in [("&#39;", "&quot;"), ("&#x27;", "&quot;"), ("&apos;", "&quot;"), ("'", "\"")] {
        let text = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        forms.push(text.replace('\'', apostrophe).replace('"', quote));
    }
}

/// Which characters an URL keeps.
#[derive(Clone, Copy)]
enum UrlEncoding {
    /// Only RFC 3986's unreserved characters.
    Strict,
    /// Those and `/`, as Python's `quote` does.
    Path,
    /// The reserved ones too, as `encodeURI` does.
    Uri,
    /// `application/x-www-form-urlencoded`: a space is `+`.
    Form,
}

impl UrlEncoding {
    fn of(self, value: &str) -> String {
        let kept = match self {
            Self::Strict => "-._~",
            Self::Path => "-._~/",
            Self::Uri => "-._~!*'();:@&=+$,/?#",
            Self::Form => "-._*",
        };
        let mut out = String::with_capacity(value.len());
        for byte in value.bytes() {
            let c = char::from(byte);
            if c.is_ascii_alphanumeric() || (c.is_ascii() && kept.contains(c)) {
                out.push(c);
            } else if matches!(self, Self::Form) && c == ' ' {
                out.push('+');
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
        out
    }
}

/// The same with the digits of `%2F` in small letters.
fn lower_hex(encoded: &str) -> String {
    let mut out = String::with_capacity(encoded.len());
    let mut left = 0_u8;
    for c in encoded.chars() {
        out.push(if left > 0 { c.to_ascii_lowercase() } else { c });
        left = if c == '%' { 2 } else { left.saturating_sub(1) };
    }
    out
}

/// The characters of a Base64 text that depend on the value alone, when `before` other bytes (modulo 3) come first.
fn base64_inside(engine: &impl base64::Engine, value: &str, before: usize) -> String {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(value.as_bytes());
    let encoded = engine.encode(&bytes);
    // Each character encodes six bits.
    let first = (before * 8).div_ceil(6);
    let last = bytes.len() * 8 / 6;
    encoded.get(first..last).unwrap_or_default().to_owned()
}

/// The inside of a JSON string: in the usual form, in ASCII only, and with `/` escaped.
fn json(value: &str) -> [String; 3] {
    let written = serde_json::Value::from(value).to_string();
    let written = written[1..written.len() - 1].to_owned();
    let mut ascii = String::with_capacity(written.len());
    for c in written.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| ascii.push_str(&format!("\\u{unit:04x}")));
        }
    }
    let slashes = written.replace('/', "\\/");
    [written, ascii, slashes]
}
