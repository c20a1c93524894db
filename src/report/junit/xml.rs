//! Writing XML: elements with attributes and text, indented.

use std::fmt::Write as _;

/// An XML document that grows.
pub(super) struct Xml {
    text: String,
    depth: usize,
}

impl Xml {
    pub(super) fn new() -> Self {
        Self { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned(), depth: 0 }
    }

    /// Opens an element that holds others.
    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.begin(name, attributes);
        self.text.push('>');
        self.depth += 1;
    }

    /// Closes an element that holds others.
    pub(super) fn close(&mut self, name: &str) {
        self.depth -= 1;
        self.indent();
        let _ = write!(self.text, "</{name}>");
    }

    /// Writes an element that holds a text.
    pub(super) fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.begin(name, attributes);
        self.text.push('>');
        escape(&mut self.text, text);
        let _ = write!(self.text, "</{name}>");
    }

    /// The document.
    pub(super) fn finish(mut self) -> String {
        self.text.push('\n');
        self.text
    }

    fn begin(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.indent();
        let _ = write!(self.text, "<{name}");
        for (attribute, value) in attributes {
            let _ = write!(self.text, " {attribute}=\"");
            escape(&mut self.text, value);
            self.text.push('"');
        }
    }

    fn indent(&mut self) {
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n("    ", self.depth));
    }
}

/// Appends a text without its meaning to XML; characters that XML 1.0 does not allow are left out.
fn escape(out: &mut String, text: &str) {
    let mut rest = text;
    let special = |c: char| matches!(c, '<' | '>' | '&' | '\'' | '"' | '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}');
    while let Some(at) = rest.find(special) {
        out.push_str(&rest[..at]);
        let mut following = rest[at..].chars();
        match following.next() {
            Some('<') => out.push_str("&lt;"),
            Some('>') => out.push_str("&gt;"),
            Some('&') => out.push_str("&amp;"),
            Some('\'') => out.push_str("&apos;"),
            Some('"') => out.push_str("&quot;"),
            Some(space @ ('\t' | '\n' | '\r')) => out.push(space),
            _ => {}
        }
        rest = following.as_str();
    }
    out.push_str(rest);
}
