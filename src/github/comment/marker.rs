//! The hidden lines of a comment: which comments are ours, and where in them which section is.
//!
//! ```text
//! <!-- loadforge-ci v=1 kind=sticky -->
//! <!-- loadforge-ci:section key=checkout outcome=fail time=1790000000000 id=4f… commit=0f… ran=1789999700000 run=77 -->
//! …
//! <!-- loadforge-ci:end -->
//! ```
//!
//! Values come from outside, so all but letters, digits, `.`, `_` and `/` is percent-encoded: none can end the marker
//! or add an attribute to it.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};

use crate::verdict::Outcome;

/// How every comment of ours begins.
pub(super) const START: &str = "<!-- loadforge-ci ";

const SECTION: &str = "<!-- loadforge-ci:section ";
const END: &str = "<!-- loadforge-ci:end -->";
const CLOSE: &str = " -->";

/// What no section's text may hold, and what replaces it.
const FORGED: (&str, &str) = ("<!-- loadforge-ci", "&lt;!-- loadforge-ci");

/// Maximum length of a key in bytes; a longer one is cut and gets a hash.
const MAX_KEY: usize = 120;

/// What a comment is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MarkerKind {
    /// The one comment that is changed in place.
    Sticky,
    /// A comment for the results of one commit.
    Fresh {
        /// That commit.
        commit: Option<String>,
    },
}

/// A section of a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) key: String,
    pub(super) outcome: Outcome,
    /// When it was judged, Unix milliseconds.
    pub(super) time_ms: i64,
    /// Tells this result from every other of the same test.
    pub(super) id: String,
    pub(super) commit: Option<String>,
    /// When the run was started, Unix milliseconds.
    pub(super) ran_ms: Option<i64>,
    pub(super) run: Option<u64>,
    /// Copied from an earlier comment because the new one replaces it.
    pub(super) carried: bool,
    pub(super) text: String,
}

/// A comment of ours, read or to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CommentBody {
    pub(super) kind: MarkerKind,
    pub(super) sections: Vec<Stored>,
}

/// A key in the form it is kept in.
pub(super) fn key_of(key: &str) -> String {
    if key.len() <= MAX_KEY {
        return key.to_owned();
    }
    let cut = (0..=MAX_KEY - 20).rev().find(|at| key.is_char_boundary(*at)).unwrap_or(0);
    format!("{}~{}", &key[..cut], hash(&[key]))
}

/// Sixteen hexadecimal digits that identify these texts.
pub(super) fn hash(parts: &[&str]) -> String {
    let mut joined = String::new();
    for part in parts {
        // Lengths keep ("ab", "c") apart from ("a", "bc").
        let _ = write!(joined, "{}:{part}", part.len());
    }
    digest(&SHA256, joined.as_bytes()).as_ref()[..8].iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A text in which nothing reads as a marker.
pub(super) fn harmless(text: &str) -> String {
    text.replace(FORGED.0, FORGED.1)
}

/// The first line of a comment.
pub(super) fn first_line(kind: &MarkerKind) -> String {
    match kind {
        MarkerKind::Sticky => format!("{START}v=1 kind=sticky{CLOSE}"),
        MarkerKind::Fresh { commit } => {
            let commit = commit.as_deref().map_or_else(String::new, |commit| format!(" commit={}", encode(commit)));
            format!("{START}v=1 kind=fresh{commit}{CLOSE}")
        }
    }
}

impl Stored {
    /// The line before the section's text.
    pub(super) fn begin(&self) -> String {
        let Self { key, outcome, time_ms, id, commit, ran_ms, run, carried, .. } = self;
        let mut line = format!("{SECTION}key={} outcome={outcome} time={time_ms} id={}", encode(key), encode(id));
        if let Some(commit) = commit {
            let _ = write!(line, " commit={}", encode(commit));
        }
        if let Some(ran_ms) = ran_ms {
            let _ = write!(line, " ran={ran_ms}");
        }
        if let Some(run) = run {
            let _ = write!(line, " run={run}");
        }
        if *carried {
            line.push_str(" carried=1");
        }
        line + CLOSE
    }

    /// When the run was started, if known, and when it was judged.
    pub(super) fn times(&self) -> (i64, i64) {
        (self.ran_ms.unwrap_or(self.time_ms), self.time_ms)
    }

    /// The line after it.
    pub(super) const fn end() -> &'static str {
        END
    }

    fn read(line: &str) -> Option<Self> {
        let attributes = attributes(line.strip_prefix(SECTION)?)?;
        let value = |name: &str| attributes.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
        Some(Self {
            key: value("key")?,
            outcome: match value("outcome")?.as_str() {
                "pass" => Outcome::Pass,
                "warn" => Outcome::Warn,
                "fail" => Outcome::Fail,
                _ => Outcome::Inconclusive,
            },
            time_ms: value("time")?.parse().ok()?,
            id: value("id")?,
            commit: value("commit"),
            ran_ms: value("ran").and_then(|number| number.parse().ok()),
            run: value("run").and_then(|number| number.parse().ok()),
            carried: value("carried").is_some(),
            text: String::new(),
        })
    }
}

impl CommentBody {
    /// Reads a comment. `None` when it is not one of ours; what is outside the sections is written again.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let attributes = attributes(lines.next()?.trim_end().strip_prefix(START)?)?;
        let value = |name: &str| attributes.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
        let kind = if value("kind").as_deref() == Some("fresh") {
            MarkerKind::Fresh { commit: value("commit") }
        } else {
            MarkerKind::Sticky
        };
        let mut sections = Vec::new();
        let mut open: Option<Stored> = None;
        for line in lines {
            let line = line.trim_end_matches('\r');
            if let Some(next) = Stored::read(line) {
                sections.extend(open.replace(next));
            } else if line == END {
                sections.extend(open.take());
            } else if let Some(section) = &mut open {
                section.text.push_str(line);
                section.text.push('\n');
            }
        }
        sections.extend(open);
        for section in &mut sections {
            section.text.truncate(section.text.trim_end().len());
        }
        Some(Self { kind, sections })
    }
}

/// `name=value` pairs up to the end of the comment mark.
fn attributes(rest: &str) -> Option<Vec<(&str, String)>> {
    let inside = rest.strip_suffix(CLOSE)?;
    Some(inside.split(' ').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name, decode(value))).collect())
}

fn encode(value: &str) -> String {
    value.bytes().fold(String::with_capacity(value.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"._/".contains(&byte) {
            out.push(byte.into());
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

fn decode(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| byte == b'%') {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn section(key: &str, text: &str) -> Stored {
        Stored {
            key: key.into(),
            outcome: Outcome::Fail,
            time_ms: 12,
            id: "ab12".into(),
            commit: Some("0f".into()),
            ran_ms: Some(3),
            run: None,
            carried: false,
            text: text.into(),
        }
    }

    fn written(sections: &[Stored]) -> String {
        let mut text = first_line(&MarkerKind::Sticky);
        for section in sections {
            text.push_str(&format!("\n{}\n{}\n{END}\nfooter", section.begin(), harmless(&section.text)));
        }
        text
    }

    #[test]
    fn the_markers_are_hidden_and_read_back() {
        let text = written(&[section("check out -->", "**Failed.**\n\n| a |")]);
        insta::assert_snapshot!(text, @r"
        <!-- loadforge-ci v=1 kind=sticky -->
        <!-- loadforge-ci:section key=check%20out%20%2D%2D%3E outcome=fail time=12 id=ab12 commit=0f ran=3 -->
        **Failed.**

        | a |
        <!-- loadforge-ci:end -->
        footer
        ");
        // A web browser's edit turns line ends into CR LF.
        let read = CommentBody::read(&text.replace('\n', "\r\n")).unwrap();
        assert_eq!(read.sections, [section("check out -->", "**Failed.**\n\n| a |")]);
    }

    #[test]
    fn other_comments_are_not_ours() {
        for text in ["", "hello", " <!-- loadforge-ci v=1 -->", "> <!-- loadforge-ci v=1 -->", "<!-- loadforge-ci"] {
            assert_eq!(CommentBody::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_long_key_stays_short_and_distinct() {
        let long = "é".repeat(200);
        assert!(key_of(&long).len() <= MAX_KEY);
        assert_ne!(key_of(&long), key_of(&(long.clone() + "x")));
    }

    proptest! {
        #[test]
        fn any_key_and_text_come_back_and_touch_nothing_else(key in "\\PC*", text in "(\\PC|\n|<!-- loadforge-ci:end -->|<!-- loadforge-ci:section key=x -->){0,40}") {
            let neighbor = section("neighbor", "kept");
            let read = CommentBody::read(&written(&[section(&key, &text), neighbor.clone()])).unwrap();
            prop_assert_eq!(read.sections.len(), 2);
            prop_assert_eq!(&read.sections[0].key, &key);
            prop_assert_eq!(&read.sections[1], &neighbor);
        }

        #[test]
        fn no_comment_breaks_the_reading(text in "(\\PC|\n|<!-- loadforge-ci |<!-- loadforge-ci:section |key=| -->|%){0,60}") {
            let _ = CommentBody::read(&text);
            let _ = CommentBody::read(&(START.to_owned() + &text));
        }
    }
}
