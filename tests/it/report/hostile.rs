//! Names from outside pass through every report without effect: the structure of each report, read back by a
//! parser of its format, is that of the same story with a harmless name.

use std::fmt::Write as _;

use loadforge_ci::clean;
use loadforge_ci::report::{console, escape, html, junit, markdown};
use proptest::prelude::*;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};
use quick_xml::events::Event as Xml;

use super::sample::Sample;

/// A name in which nothing has a meaning.
const HARMLESS: &str = "name";

fn corpus() -> Vec<String> {
    serde_json::from_str(include_str!("../../fixtures/hostile-names.json")).unwrap()
}

/// Characters that steer a terminal, hide or turn text; written independently of the code under test.
fn acts_or_hides(c: char) -> bool {
    let code = c as u32;
    (c.is_control() && c != '\n')
        || [0x00ad, 0x034f, 0x061c, 0x180e, 0x3164, 0xfeff, 0xffa0, 0x2028, 0x2029].contains(&code)
        || (0x200b..=0x200f).contains(&code)
        || (0x202a..=0x202e).contains(&code)
        || (0x2060..=0x206f).contains(&code)
        || (0xfe00..=0xfe0f).contains(&code)
        || (0xe0000..=0xe0fff).contains(&code)
        || (0xfff9..=0xfffb).contains(&code)
        || code & 0xfffe == 0xfffe
}

fn assert_visible(report: &str, text: &str, name: &str) {
    let bad: Vec<char> = text.chars().filter(|c| acts_or_hides(*c)).collect();
    assert!(bad.is_empty(), "{report} of {name:?} holds {bad:?}");
}

/// The structures must be equal; differences are shown with their context.
fn assert_same(report: &str, found: &str, expected: &str, name: &str) {
    if found == expected {
        return;
    }
    let at = found.bytes().zip(expected.bytes()).take_while(|(a, b)| a == b).count();
    let around = |text: &str| text.get(at.saturating_sub(120)..text.len().min(at + 80)).unwrap_or(text).to_owned();
    panic!("{report} of {name:?} became\n{}\nnot\n{}", around(found), around(expected));
}

/// The block structure of Markdown, the links and the HTML in it, and what GitHub would still look into.
#[derive(Debug, Default, PartialEq)]
struct Shape {
    blocks: String,
    links: Vec<String>,
}

fn shape(text: &str, name: &str) -> Shape {
    let mut shape = Shape::default();
    let mut readable = String::new();
    let mut in_code = false;
    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => {
                assert!(dest_url.starts_with("http://") || dest_url.starts_with("https://"), "{dest_url} in {name:?}");
                shape.links.push(dest_url.to_string());
            }
            Event::End(TagEnd::Link) | Event::SoftBreak => {}
            Event::Start(Tag::Emphasis | Tag::Strikethrough | Tag::Image { .. } | Tag::FootnoteDefinition(_)) => {
                panic!("{name:?} became {event:?}\n{text}");
            }
            Event::InlineHtml(html) => match &*html {
                "<code>" => in_code = true,
                "</code>" => in_code = false,
                other => panic!("{name:?} opened {other}\n{text}"),
            },
            Event::Html(html) => shape.blocks.push_str(&ours(&html, name)),
            Event::Code(_) => readable.push('\u{0}'),
            Event::Text(words) if !in_code => readable.push_str(&words),
            Event::Text(_) => {}
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Start(tag) => {
                readable.push('\n');
                let _ = write!(shape.blocks, "<{:?}>", tag.to_end());
            }
            Event::End(tag) => {
                let _ = write!(shape.blocks, "</{tag:?}>");
            }
            Event::HardBreak
            | Event::Rule
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_) => {
                panic!("{name:?} became {event:?}\n{text}");
            }
        }
    }
    assert_inert(&readable, name);
    shape
}

/// Our own lines of HTML: `<details>` with words of ours, nothing else.
fn ours(html: &CowStr<'_>, name: &str) -> String {
    let line = html.trim();
    let summary = line.strip_prefix("<details><summary>").and_then(|rest| rest.strip_suffix("</summary>"));
    let words = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || " (),'".contains(c));
    assert!(summary.is_some_and(words) || line == "</details>", "{line} in {name:?}");
    line.replace(|c: char| c.is_ascii_digit() || c == ',', "")
}

/// What GitHub finds in text outside code: mentions, references, bare links, emoji, math, commits.
fn assert_inert(text: &str, name: &str) {
    let chars: Vec<char> = text.chars().collect();
    for (index, pair) in chars.windows(2).enumerate() {
        let (c, next) = (pair[0], pair[1]);
        let bad = match c {
            '@' | '#' => next.is_ascii_alphanumeric() || next == '-',
            '$' => true,
            ':' => next.is_ascii_alphabetic() || next == '+' || next == '/',
            _ => false,
        };
        let from = index.saturating_sub(20);
        assert!(!bad, "{name:?} left {:?}", chars[from..chars.len().min(index + 20)].iter().collect::<String>());
    }
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        let commit = word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(!commit, "{name:?} left the commit {word}");
    }
    let lower = text.to_ascii_lowercase();
    for start in ["http://", "https://", "ftp://", "www.", "mailto:", "gh-", "ghsa-", "jira-1"] {
        assert!(!lower.contains(start), "{name:?} left {start}\n{text}");
    }
}

/// The tags of a page with the names of their attributes, without links, whose number depends on the addresses.
fn tags(page: &str) -> String {
    let mut out = String::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').unwrap();
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap_or_default();
        if tag == "a" || tag == "/a" || tag.starts_with("a ") {
            continue;
        }
        let _ = write!(out, "<{}{name}", if tag.starts_with('/') { "/" } else { "" });
        for (index, part) in tag.split('"').enumerate().filter(|(index, _)| index % 2 == 0) {
            let attribute = if index == 0 { part.split_once(' ').map_or("", |(_, attribute)| attribute) } else { part };
            out.push_str(attribute);
        }
        out.push('>');
        // What a browser takes as raw text; ours holds operators.
        if name == "script" || name == "style" {
            rest = &rest[rest.find("</").unwrap()..];
        }
    }
    out
}

/// The elements of an XML document with the names of their attributes.
fn elements(xml: &str) -> String {
    let mut out = String::new();
    let mut reader = quick_xml::Reader::from_str(xml);
    loop {
        match reader.read_event().unwrap() {
            Xml::Eof => return out,
            Xml::Start(tag) | Xml::Empty(tag) => {
                let _ = write!(out, "<{}", String::from_utf8_lossy(tag.name().as_ref()));
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap();
                    let _ = write!(out, " {}", String::from_utf8_lossy(attribute.key.as_ref()));
                }
                out.push('>');
            }
            Xml::Text(_) | Xml::GeneralRef(_) | Xml::Decl(_) | Xml::End(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn console_text(sample: &Sample) -> String {
    let mut out = Vec::new();
    console::write(&mut out, &sample.story(), &console::ConsoleOptions::default()).unwrap();
    String::from_utf8(out).unwrap()
}

/// The curves hold no name and take most of the time.
fn without_curves(name: &str) -> Sample {
    let mut sample = Sample::hostile(name);
    sample.results.timeline.points.clear();
    sample
}

struct Harmless {
    blocks: String,
    tags: String,
    elements: String,
}

impl Harmless {
    fn new() -> Self {
        let sample = without_curves(HARMLESS);
        let story = sample.story();
        Self {
            blocks: shape(&markdown::summary(&story, None).unwrap(), HARMLESS).blocks,
            tags: tags(&html::page(&story)),
            elements: elements(&junit::xml(&story)),
        }
    }

    fn holds_for(&self, name: &str) {
        let sample = without_curves(name);
        let story = sample.story();

        let summary = markdown::summary(&story, None).unwrap();
        assert_visible("summary.md", &summary, name);
        let shape = shape(&summary, name);
        assert_same("summary.md", &shape.blocks, &self.blocks, name);
        let own: Vec<_> = escape::markdown::web_address(name).into_iter().collect();
        assert!(shape.links.iter().all(|link| own.contains(link)), "{:?} in {name:?}", shape.links);

        let page = html::page(&story);
        assert_visible("report.html", &page, name);
        assert_same("report.html", &tags(&page), &self.tags, name);

        let xml = junit::xml(&story);
        assert_visible("JUnit", &xml, name);
        assert_same("JUnit", &elements(&xml), &self.elements, name);

        let text = console_text(&sample);
        assert_visible("console", &text, name);

        let comment = markdown::comment_section(&story, 5_000);
        assert!(comment.chars().count() <= 5_000);
        assert_visible("comment", &comment, name);
        self::shape(&comment, name);
    }
}

#[test]
fn the_corpus_is_large_and_without_doubles() {
    let mut names = corpus();
    names.sort();
    names.dedup();
    assert!(names.len() >= 200, "{}", names.len());
    assert_eq!(names.len(), corpus().len());
}

#[test]
fn no_name_of_the_corpus_has_an_effect_in_any_report() {
    let harmless = Harmless::new();
    for name in corpus() {
        harmless.holds_for(&name);
    }
}

#[test]
fn a_name_survives_as_itself_where_it_is_harmless_to_show() {
    let sample = Sample::hostile("/a|b`c`<d>@e");
    assert!(
        markdown::summary(&sample.story(), None)
            .unwrap()
            .contains("<code>GET /a&#124;b&#96;c&#96;&#60;d&#62;&#64;e</code>")
    );
    assert!(html::page(&sample.story()).contains("GET /a|b`c`&lt;d&gt;@e"));
    assert!(junit::xml(&sample.story()).contains("GET /a|b`c`&lt;d&gt;@e"));
    assert!(console_text(&sample).contains("GET /a|b`c`<d>@e"));
}

/// Pieces that mean something somewhere, between any other characters.
fn names() -> impl Strategy<Value = String> {
    let pieces = corpus().into_iter().filter(|piece| piece.len() < 60).collect::<Vec<_>>();
    let piece = prop_oneof![3 => proptest::sample::select(pieces), 2 => any::<String>(), 1 => "[ -~]{0,12}", 1 => "[\\x00-\\x20]{1,3}"];
    proptest::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_name_has_an_effect_in_any_report(name in names()) {
        thread_local!(static PLAIN: Harmless = Harmless::new());
        PLAIN.with(|harmless| harmless.holds_for(&name));
    }

    #[test]
    fn shortening_never_exceeds_and_never_panics(name in any::<String>(), most in 0_usize..40) {
        prop_assert!(clean::shorten(&name, most).chars().count() <= most.max(1));
    }
}
