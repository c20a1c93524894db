//! The comment's text, inside GitHub's limit.
//!
//! When everything does not fit, the best results give way first: their folded details go, then whole lines from the
//! end, and what failed is shortened last. Our own section is rendered again for the room there is; the others' text is
//! all we have of them, so it is only cut, and their next run brings it back whole.

use super::marker::{MarkerKind, Stored, first_line, harmless};
use super::size;
use crate::text::short_commit;
use crate::verdict::Outcome;

const FOLDED: &str = "_Details were left out to keep this comment within GitHub's limit; they are in the report._";
const CUT: &str = "_Shortened to keep this comment within GitHub's limit; everything is in the report._";
const FOOTER: &str = "<sub>Kept up to date by loadforge-ci; each load test updates its own part.</sub>";

/// What a comment is made of.
pub(super) struct Parts<'a> {
    pub(super) kind: &'a MarkerKind,
    /// The worst first.
    pub(super) sections: &'a [Stored],
    /// Results that found no place.
    pub(super) left_out: usize,
    /// The section that can be rendered again.
    pub(super) mine: &'a str,
    pub(super) render: &'a (dyn Fn(usize) -> String + Sync),
    /// The pull request's newest commit.
    pub(super) head: &'a str,
}

/// The comment, at most `limit` characters long as long as its hidden lines alone leave room for that.
pub(super) fn compose(parts: &Parts<'_>, limit: usize) -> String {
    let frames: Vec<String> = parts.sections.iter().map(|section| frame(section, parts.head)).collect();
    let top = top(parts);
    let fixed = top.len()
        + frames.iter().map(String::len).sum::<usize>()
        + parts.sections.len() * (Stored::end().len() + 3)
        + FOOTER.len();
    let texts = fit(parts, limit.saturating_sub(fixed));

    let mut body = top;
    for (frame, text) in frames.iter().zip(texts) {
        body.push_str(frame);
        body.push_str(&text);
        body.push('\n');
        body.push_str(Stored::end());
        body.push_str("\n\n");
    }
    if *parts.kind == MarkerKind::Sticky {
        body.push_str(FOOTER);
    }
    body
}

/// The first lines: our marker, and with several tests how they ended together.
fn top(parts: &Parts<'_>) -> String {
    let mut top = first_line(parts.kind);
    top.push('\n');
    if parts.sections.len() > 1 {
        let counts: Vec<String> = [
            (Outcome::Fail, "failed"),
            (Outcome::Inconclusive, "could not be judged"),
            (Outcome::Warn, "passed with warnings"),
            (Outcome::Pass, "passed"),
        ]
        .iter()
        .filter_map(|(outcome, word)| {
            let count = parts.sections.iter().filter(|section| section.outcome == *outcome).count();
            (count > 0).then(|| format!("{count} {word}"))
        })
        .collect();
        top.push_str(&format!("**{} load tests:** {}", parts.sections.len(), counts.join(", ")));
        if parts.left_out > 0 {
            top.push_str(&format!("; {} older left out", parts.left_out));
        }
        top.push_str(".\n\n");
    }
    top
}

/// What precedes a section's text. A result of an earlier commit says so.
fn frame(section: &Stored, head: &str) -> String {
    let mut frame = section.begin();
    frame.push('\n');
    if let Some(commit) = section.commit.as_deref().filter(|commit| !head.is_empty() && *commit != head) {
        frame.insert_str(0, &format!("_The next result is of an earlier commit, {}._\n\n", short_commit(commit)));
    }
    frame
}

/// Every section's text, together at most `room` characters.
fn fit(parts: &Parts<'_>, room: usize) -> Vec<String> {
    let is_mine = |section: &Stored| section.key == parts.mine;
    let share = room / parts.sections.len().max(1);
    let full = rendered(parts.render, room);
    let mut texts: Vec<String> = parts
        .sections
        .iter()
        .map(|section| if is_mine(section) { full.clone() } else { harmless(&section.text) })
        .collect();
    let used = |texts: &[String]| texts.iter().map(|text| size(text)).sum::<usize>();

    // The best gives way first; of our own we keep at least a fair share.
    for (at, section) in parts.sections.iter().enumerate().rev() {
        let others = used(&texts) - size(&texts[at]);
        if others + size(&texts[at]) <= room {
            return texts;
        }
        texts[at] = if is_mine(section) {
            rendered(parts.render, room.saturating_sub(others).max(share))
        } else {
            without_details(&texts[at])
        };
    }
    // Still too much: what needs less than a fair share keeps it, the rest share alike.
    let budgets = shares(&texts.iter().map(|text| size(text)).collect::<Vec<_>>(), room);
    for ((text, section), budget) in texts.iter_mut().zip(parts.sections).zip(budgets) {
        if size(text) > budget {
            *text = if is_mine(section) { rendered(parts.render, budget) } else { cut(text, budget) };
        }
    }
    texts
}

/// Our own section in at most `budget` characters, whatever the renderer makes of its budget.
fn rendered(render: &(dyn Fn(usize) -> String + Sync), budget: usize) -> String {
    let text = harmless(render(budget).trim_end());
    if size(&text) > budget { cut(&text, budget) } else { text }
}

/// Divides `room`: no section gets more than it needs, and none gets less than another that needs more.
fn shares(needs: &[usize], room: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..needs.len()).collect();
    order.sort_by_key(|at| needs[*at]);
    let mut budgets = vec![0; needs.len()];
    let mut left = room;
    for (done, at) in order.into_iter().enumerate() {
        budgets[at] = needs[at].min(left / (needs.len() - done));
        left -= budgets[at];
    }
    budgets
}

/// The text without its folded parts.
fn without_details(text: &str) -> String {
    let mut depth = 0_usize;
    let mut kept = String::with_capacity(text.len());
    for line in text.lines() {
        let opened = line.matches("<details").count();
        let closed = line.matches("</details>").count();
        if depth == 0 && opened == 0 {
            kept.push_str(line);
            kept.push('\n');
        }
        depth = (depth + opened).saturating_sub(closed);
    }
    if size(kept.trim_end()) + FOLDED.len() >= size(text) {
        return text.to_owned();
    }
    format!("{}\n\n{FOLDED}", kept.trim_end())
}

/// Whole lines from the start, with what is left open closed.
fn cut(text: &str, budget: usize) -> String {
    // Room for the closing of one code block and a few folds.
    let room = budget.saturating_sub(CUT.len() + 50);
    let (mut length, mut folds, mut fence) = (0, 0_usize, false);
    let mut kept = String::new();
    for line in text.lines() {
        length += size(line) + 1;
        if length > room {
            break;
        }
        let opens = line.matches("<details").count();
        if folds + opens > 3 {
            break;
        }
        fence ^= line.trim_start().starts_with("```");
        folds = (folds + opens).saturating_sub(line.matches("</details>").count());
        kept.push_str(line);
        kept.push('\n');
    }
    if fence {
        kept.push_str("```\n");
    }
    kept.push_str(&"</details>".repeat(folds));
    let shortened = format!("{}\n\n{CUT}", kept.trim_end());
    if size(&shortened) <= budget { shortened } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::comment::MAX_COMMENT;
    use crate::github::comment::marker::CommentBody;
    use proptest::prelude::*;

    fn section(key: &str, outcome: Outcome, text: String) -> Stored {
        Stored {
            key: key.into(),
            outcome,
            time_ms: 1,
            id: key.into(),
            commit: Some("aaaaaaaaaa".into()),
            ran_ms: None,
            run: None,
            carried: false,
            text,
        }
    }

    fn composed(sections: &mut [Stored], render: &(dyn Fn(usize) -> String + Sync), limit: usize) -> String {
        sections.sort_by(|a, b| b.outcome.cmp(&a.outcome).then_with(|| a.key.cmp(&b.key)));
        let parts =
            Parts { kind: &MarkerKind::Sticky, sections, left_out: 0, mine: "mine", render, head: "aaaaaaaaaa" };
        compose(&parts, limit)
    }

    /// A renderer like the real one: the verdict, a row a failing endpoint, then folded rows as far as they fit.
    fn table(failing: usize, folded: usize) -> impl Fn(usize) -> String + Sync {
        move |budget| {
            let mut text = String::from("**Verdict.**\n\n");
            (0..failing).for_each(|row| text.push_str(&format!("| failing {row} |\n")));
            let details =
                format!("<details><summary>All</summary>\n\n{}</details>\n", "| passing row |\n".repeat(folded));
            if text.len() + details.len() <= budget {
                text.push_str(&details);
            }
            text
        }
    }

    #[test]
    fn several_tests_share_a_comment_the_worst_first() {
        let mut old = section("search", Outcome::Pass, "**Search passed.**".into());
        old.commit = Some("bbbbbbbbbb".into());
        let mut sections = [old, section("mine", Outcome::Fail, String::new())];
        insta::assert_snapshot!(composed(&mut sections, &|_| "**Login is slower.**\n".into(), MAX_COMMENT), @r"
        <!-- loadforge-ci v=1 kind=sticky -->
        **2 load tests:** 1 failed, 1 passed.

        <!-- loadforge-ci:section key=mine outcome=fail time=1 id=mine commit=aaaaaaaaaa -->
        **Login is slower.**
        <!-- loadforge-ci:end -->

        _The next result is of an earlier commit, bbbbbbb._

        <!-- loadforge-ci:section key=search outcome=pass time=1 id=search commit=bbbbbbbbbb -->
        **Search passed.**
        <!-- loadforge-ci:end -->

        <sub>Kept up to date by loadforge-ci; each load test updates its own part.</sub>
        ");
    }

    #[test]
    fn passing_tests_lose_their_details_before_a_failing_row_goes() {
        let big = |key: &str, outcome| section(key, outcome, table(3, 2_000)(usize::MAX));
        let mut sections = [
            big("a", Outcome::Pass),
            big("b", Outcome::Pass),
            big("c", Outcome::Fail),
            section("mine", Outcome::Fail, String::new()),
        ];
        let body = composed(&mut sections, &table(400, 100), MAX_COMMENT);
        assert!(size(&body) <= MAX_COMMENT);
        assert!(body.contains("| failing 399 |"), "no failing row is lost");
        assert_eq!(body.matches(FOLDED).count(), 2, "the two passing tests gave way");
        assert_eq!(body.matches("<summary>All</summary>").count(), 2, "the failing ones kept their details");
        assert_eq!(CommentBody::read(&body).unwrap().sections.len(), 4);
    }

    #[test]
    fn when_nothing_else_helps_all_are_cut_at_a_line_and_closed() {
        let text = format!("top\n<details>\n\n```\n{}```\n</details>\n", "line\n".repeat(20_000));
        let mut sections =
            [section("a", Outcome::Fail, "row\n".repeat(30_000)), section("mine", Outcome::Fail, String::new())];
        let body = composed(&mut sections, &move |_| text.clone(), MAX_COMMENT);
        assert!(size(&body) <= MAX_COMMENT && size(&body) > MAX_COMMENT * 9 / 10, "{}", size(&body));
        assert_eq!(body.matches(CUT).count(), 2);
        assert_eq!(body.matches("```").count(), 2);
        assert_eq!(body.matches("<details").count(), body.matches("</details>").count());
    }

    #[test]
    fn room_is_shared_fairly() {
        assert_eq!(shares(&[10, 100, 100], 110), [10, 50, 50]);
        assert_eq!(shares(&[10, 10], 110), [10, 10]);
        assert_eq!(shares(&[], 110), [0_usize; 0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_limit_always_holds_and_every_section_stays(
            sizes in proptest::collection::vec((0_usize..40_000, 0_u8..4), 1..12), own in 0_usize..90_000, limit in 12_000_usize..65_536
        ) {
            let outcomes = [Outcome::Pass, Outcome::Warn, Outcome::Inconclusive, Outcome::Fail];
            let mut sections: Vec<Stored> = sizes
                .iter()
                .enumerate()
                .map(|(at, (size, outcome))| {
                    let details = format!("<details>\n{}\n</details>", "d\n".repeat(size / 4));
                    section(&format!("s{at}"), outcomes[usize::from(*outcome)], format!("{}{details}", "é|\n".repeat(size / 8)))
                })
                .collect();
            sections.push(section("mine", Outcome::Warn, String::new()));
            let count = sections.len();
            let body = composed(&mut sections, &move |_| "x\n".repeat(own / 2), limit);
            prop_assert!(size(&body) <= limit, "{} > {limit}", size(&body));
            prop_assert_eq!(CommentBody::read(&body).unwrap().sections.len(), count);
        }
    }
}
