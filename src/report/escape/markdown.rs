//! Markdown as GitHub reads it (GFM plus mentions, references, emoji and math) and as a person reads it unrendered.
//!
//! A backslash or an entity does not stop GitHub from linking `@name` or `#12`: it looks for them in the rendered
//! text. It never looks inside code. So names are written as [`code`], and in [`prose`] every word that could
//! become anything but itself is written as code too.

use std::fmt::Write as _;

use url::Url;

use crate::clean;

/// The longest name or text shown, in characters.
const LONGEST: usize = 300;

/// A name as code: `` `GET /a` ``. Safe in a table cell, a list, a heading and running text.
#[must_use]
pub fn code(text: &str) -> String {
    let text = clean::line(text);
    let text = clean::shorten(text.trim(), LONGEST);
    if text.is_empty() {
        return "(no name)".to_owned();
    }
    // Inside backticks nothing has a meaning but a backtick and, in a table, a bar.
    if !text.contains(['|', '`']) {
        return format!("`{text}`");
    }
    let www = text.to_ascii_lowercase().contains("www.");
    let mut out = String::from("<code>");
    for c in text.chars() {
        let harmless = !c.is_ascii_punctuation() || "/-,?=%+();".contains(c) || (c == '.' && !www);
        if harmless {
            out.push(c);
        } else {
            // A numeric entity is never structure (CommonMark, "Entity and numeric character references").
            let _ = write!(out, "&#{};", c as u32);
        }
    }
    out.push_str("</code>");
    out
}

/// Running text in which only plain words stay plain; any other becomes code.
#[must_use]
pub fn prose(text: &str) -> String {
    let text = clean::line(text);
    let given = !text.is_empty();
    let text = clean::shorten(text.trim(), 3 * LONGEST);
    if given && text.is_empty() {
        return "–".to_owned(); // nothing to see, but markup around it must not be empty
    }
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let mut out = String::with_capacity(text.len() + 16);
    let mut index = 0;
    while index < words.len() {
        if index > 0 {
            out.push(' ');
        }
        let is_code = |at: usize| words.get(at).is_some_and(|word| needs_code(word, at == 0, at + 1 == words.len()));
        let run = (index..words.len()).take_while(|at| is_code(*at)).count();
        if run == 0 {
            out.push_str(words[index]);
            index += 1;
            continue;
        }
        let joined = words[index..index + run].join(" ");
        let core = trimmed(&joined);
        // Punctuation around the code stays outside, except where a line begins: there it could be structure.
        let start = if index == 0 { 0 } else { core.as_ptr() as usize - joined.as_ptr() as usize };
        let end = core.as_ptr() as usize - joined.as_ptr() as usize + core.len();
        out.push_str(&joined[..start]);
        out.push_str(&code(&joined[start..end]));
        out.push_str(&joined[end..]);
        index += run;
    }
    out
}

/// Owners as they are written in CODEOWNERS, those that are a GitHub user or team as a mention that notifies them; all else
/// as [`prose`].
#[must_use]
pub fn mentions(owners: &str) -> String {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let is_mention = |word: &str| match word.strip_prefix('@').map(|name| name.split_once('/').unwrap_or((name, "-"))) {
        Some((user, team)) => is_name(user) && is_name(team),
        None => false,
    };
    let words = owners.split_whitespace().map(|word| if is_mention(word) { word.to_owned() } else { prose(word) });
    words.collect::<Vec<_>>().join(" ")
}

/// A longer text as a fenced block of code, at most `most` lines.
#[must_use]
pub fn block(text: &str, most: usize) -> String {
    let lines = clean::lines(text, most);
    let longest = lines.iter().map(|line| longest_run(line, '`')).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let mut out = format!("{fence}text\n");
    for line in &lines {
        out.push_str(&clean::shorten(line, LONGEST));
        out.push('\n');
    }
    out.push_str(&fence);
    out
}

/// A link with our own words to an address from outside; the words alone when it is not an http(s) address.
#[must_use]
pub fn link(words: &str, address: &str) -> String {
    web_address(address)
        .map_or_else(|| prose(words), |url| format!("[{}](<{url}>)", prose(words).replace(['[', ']'], "")))
}

/// An http(s) address without user and password, with every character encoded that could end it or its attribute.
#[must_use]
pub fn web_address(address: &str) -> Option<String> {
    let mut url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    let mut out = String::new();
    for c in url.as_str().chars() {
        if c.is_ascii_alphanumeric() || "-._~:/?#@!$&*+,;=%".contains(c) {
            out.push(c);
        } else {
            for byte in c.to_string().bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    Some(out)
}

/// The word without the punctuation around it; a bracket that was opened inside is part of it.
fn trimmed(word: &str) -> &str {
    let mut core = word.trim_start_matches(['(', '"', '\'', '“', '‘']);
    while let Some(last) = core.chars().next_back() {
        let around = match last {
            ')' => core.matches(')').count() > core.matches('(').count(),
            _ => ".,;:!?\"'”’".contains(last),
        };
        if !around {
            break;
        }
        core = &core[..core.len() - last.len_utf8()];
    }
    core
}

/// Whether a word could become anything but itself: markup, a mention, a reference, a link, an emoji, math.
fn needs_code(word: &str, first: bool, last: bool) -> bool {
    // Operators are common in sentences about limits. With a space behind it `<` opens nothing; `>` and `=` mean
    // something only where a line begins.
    match word {
        "<" | "<=" => return last,
        ">" | ">=" | "=" | "==" => return first || last,
        _ => {}
    }
    let signed =
        |word: &str| word.strip_prefix(['+', '-']).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if first && !signed(word) && word.starts_with(|c: char| c.is_ascii_punctuation() && !"(\"".contains(c)) {
        return true;
    }
    let core = trimmed(word);
    if first && core.bytes().all(|byte| byte.is_ascii_digit()) && core.len() < word.len() {
        return true; // `1.` would begin a list
    }
    let bytes = core.as_bytes();
    core.chars().any(|c| c.is_ascii_punctuation() && !".,;()%'\"+=/-!?".contains(c))
        || core.to_ascii_lowercase().contains("www.")
        // `JIRA-12`, `GH-12`, `GHSA-…`: references to issues and advisories
        || bytes.windows(3).any(|three| three[0].is_ascii_alphabetic() && three[1] == b'-' && three[2].is_ascii_digit())
        || core.to_ascii_lowercase().contains("ghsa-")
        // a commit
        || core.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part.len() >= 7 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_about_a_load_test_reads_as_it_was_written() {
        for text in [
            "POST /api/v1/auth/login is 34 % slower than the last 8 good runs: p95 1,070 ms, limit 880 ms.",
            "p99 needs 299 requests, 120 were sent (too few).",
            "p95 1,070 ms < 2,000 ms",
            "+34 %",
            "< 880 ms",
            "–",
            "größer als 注文 – ≈ 5 µs",
        ] {
            assert_eq!(prose(text), text);
        }
    }

    #[test]
    fn a_word_that_could_become_something_else_is_code() {
        for (text, shown) in [
            ("ask @alice, please", "ask `@alice`, please"),
            ("see [my page](http://h/x) now", "see `[my page](http://h/x)` now"),
            ("fixes #12 and o/r#3 and GH-4", "fixes `#12` and `o/r#3` and `GH-4`"),
            ("x=deadbeef1 in deadbeef0 and www.h.example", "`x=deadbeef1` in `deadbeef0` and `www.h.example`"),
            ("<img src=x>", "`<img src=x>`"),
            ("error_rate of \"/users/[id]\"", "`error_rate` of \"`/users/[id]`\""),
            ("a|b", "<code>a&#124;b</code>"),
            ("# heading", "`#` heading"),
            ("1. item", "`1`. item"),
            ("- item", "`-` item"),
            (":smile: $x$ ~~gone~~", "`:smile: $x$ ~~gone~~`"),
            ("", ""),
        ] {
            assert_eq!(prose(text), shown, "{text:?}");
        }
    }

    #[test]
    fn a_name_is_code_whatever_it_holds() {
        assert_eq!(code("GET /a"), "`GET /a`");
        assert_eq!(code("/a|`b`@c"), "<code>/a&#124;&#96;b&#96;&#64;c</code>");
        assert_eq!(code(" \n "), "(no name)");
        assert_eq!(block("a\n```\nb", 9), "````text\na\n```\nb\n````");
    }

    #[test]
    fn only_a_web_address_becomes_a_link() {
        assert_eq!(link("run", "https://u:p@h.example/a)<b>|`"), "[run](<https://h.example/a%29%3Cb%3E%7C%60>)");
        assert_eq!(link("run", "javascript:alert(1)"), "run");
    }
}
