//! Cleans text from outside: the one place that removes control and bidirectional characters.
//!
//! Endpoint names, failure texts, branch names, hosts and messages come from other people. [`line()`] leaves nothing that
//! steers a terminal, forges a log line or hides text; logs, errors and every report use it. What the format of a report
//! escapes besides (Markdown, HTML) is in `report::escape`.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

/// Combining marks in a row that are kept. No script needs more, and a pile of them covers the lines around it.
const MOST_MARKS: u32 = 4;

/// What becomes of a character.
enum CharAction {
    Keep,
    Space,
    Drop,
    Show(char),
}

/// One line of text without anything that acts or hides: terminal color codes are removed, other control
/// characters are shown as their pictures (`␛`), line ends and odd spaces become spaces, characters that are
/// invisible or turn the reading direction become `�`, and piles of combining marks are cut down.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = after_color_code(rest) {
            rest = after;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        if c.width() == Some(0) {
            marks += 1;
        } else {
            marks = 0;
        }
        match fate(c) {
            CharAction::Keep if marks <= MOST_MARKS => out.push(c),
            CharAction::Keep | CharAction::Drop => {}
            CharAction::Space => out.push(' '),
            CharAction::Show(picture) => out.push(picture),
        }
    }
    Cow::Owned(out)
}

/// The lines of a longer text (a traceback), each cleaned by [`line()`]; at most `most`, then one that counts the rest.
pub fn lines(text: &str, most: usize) -> Vec<String> {
    let all = text.lines().count();
    let mut lines: Vec<String> =
        text.lines().take(most).map(|line| self::line(&line.replace('\t', "    ")).into()).collect();
    if all > most {
        lines.push(format!("… {} more lines", all - most));
    }
    lines
}

/// Running text from outside (a service's message) on one line, with single spaces, cut at its end to at most `most`
/// characters.
#[must_use]
pub fn sentence(text: &str, most: usize) -> String {
    let line = line(text);
    let mut sentence = String::with_capacity(line.len());
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        if !sentence.is_empty() {
            sentence.push(' ');
        }
        sentence.push_str(word);
    }
    if sentence.chars().count() > most {
        sentence = sentence.chars().take(most.saturating_sub(1)).collect();
        sentence.push('…');
    }
    sentence
}

/// A log message of one or several lines, each cleaned by [`line()`]. A further line that looks like the beginning of
/// another message (`error: …`) is indented, so that no text from outside can forge one.
#[must_use]
pub fn message(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for (index, part) in text.split('\n').enumerate() {
        let cleaned = line(part.strip_suffix('\r').unwrap_or(part));
        if index > 0 {
            out.push('\n');
            if ["error:", "warning:"].iter().any(|word| cleaned.trim_start().starts_with(word)) {
                out.push_str("  ");
            }
        }
        out.push_str(&cleaned);
    }
    Cow::Owned(out)
}

/// The text with at most `most` characters, its middle replaced by `…`, so that the beginning and the telling end
/// of a long path both stay.
#[must_use]
pub fn shorten(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most || text.chars().count() <= most {
        return Cow::Borrowed(text);
    }
    let kept = most.saturating_sub(1);
    let tail = kept / 3;
    let head: String = text.chars().take(kept - tail).collect();
    let end: String = text.chars().skip(text.chars().count() - tail).collect();
    Cow::Owned(format!("{head}…{end}"))
}

/// The text behind a terminal control sequence (`ESC [ … letter`, ECMA-48 section 5.4), if one begins here.
fn after_color_code(text: &str) -> Option<&str> {
    let body = text.strip_prefix("\u{1b}[").or_else(|| text.strip_prefix('\u{9b}'))?;
    let end = body.find(|c: char| !(' '..='?').contains(&c))?;
    body[end..].starts_with(|c: char| ('@'..='~').contains(&c)).then(|| &body[end + 1..])
}

fn fate(c: char) -> CharAction {
    match c {
        ' '..='~' => CharAction::Keep,
        '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => CharAction::Space,
        '\0'..='\u{1f}' => CharAction::Show(char::from_u32(0x2400 + c as u32).unwrap_or('�')),
        '\u{7f}' => CharAction::Show('␡'),
        // Emoji or text style of the character before it.
        '\u{fe0e}' | '\u{fe0f}' => CharAction::Drop,
        _ if is_hidden(c) => CharAction::Show('�'),
        '\u{2800}' => CharAction::Space,
        _ if c.is_whitespace() => CharAction::Space,
        _ => CharAction::Keep,
    }
}

/// Characters that show nothing or turn the reading direction: C1 controls, Unicode's
/// `Default_Ignorable_Code_Point` (DerivedCoreProperties.txt), interlinear annotation, non-characters.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}'
        | '\u{13430}'..='\u{1345f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || (c as u32) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_of_any_script_stays_as_it_is() {
        for text in ["POST /api/v1/auth/login", "größer 注文 заказ 🚀 हिन्दी", "p95 ≤ 5 µs – fine"]
        {
            assert_eq!(line(text), text);
        }
    }

    #[test]
    fn nothing_that_acts_or_hides_is_left() {
        for (text, shown) in [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]8;;http://h\u{7}x", "␛]8;;http://h␇x"),
            ("\u{1b}\u{1b}[m[2J", "␛[2J"),
            ("\u{1b}[31", "␛[31"),
            ("\u{9b}2Jx", "x"),
            ("a\r\nb\tc", "a  b c"),
            ("pay\u{202e}lanosrep\u{200b}!", "pay�lanosrep�!"),
            ("x\u{e0041}\u{ffff}\0", "x��␀"),
            ("❤\u{fe0f}", "❤"),
        ] {
            assert_eq!(line(text), shown, "{text:?}");
        }
        let pile = format!("e{}", "\u{301}".repeat(300));
        assert_eq!(line(&pile).chars().count(), 5);
    }

    #[test]
    fn a_sentence_is_one_line_of_bounded_length() {
        assert_eq!(sentence(" upstream\r\n\u{1b}[31mdown ", 40), "upstream down");
        assert_eq!(sentence(&"x".repeat(100), 10), format!("{}…", "x".repeat(9)));
        assert_eq!(sentence(&"é".repeat(10), 10).chars().count(), 10);
    }

    #[test]
    fn no_further_line_of_a_message_looks_like_a_message() {
        assert_eq!(
            message("a\nerror: forged\r\n\u{1b}[1mwarning: x\n  | 3"),
            "a\n  error: forged\n  warning: x\n  | 3"
        );
        assert_eq!(message("plain"), "plain");
    }

    #[test]
    fn a_long_name_keeps_both_ends() {
        assert_eq!(shorten("/api/v1/customers/orders/items", 20), "/api/v1/custo…/items");
        assert_eq!(shorten("ääää", 4), "ääää");
        assert_eq!(lines("a\n\tb\nc", 2), ["a", "    b", "… 1 more lines"]);
    }
}
