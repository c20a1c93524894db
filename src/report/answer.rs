//! `answer.json` and the block that ends the step log: what a tired person or a coding agent needs, in at most
//! [`MOST`] bytes, without opening anything else.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::{Format, Story, wording};
use crate::clean;
use crate::results::{Engine, ProblemKind, ResultsFolder};
use crate::text::{counted, duration, short_commit, wrapped};
use crate::verdict::{Finding, FindingKind, Outcome, Row, Verdict};

/// The version of `answer.json` this version writes.
pub const ANSWER_SCHEMA_VERSION: u32 = 1;

/// The longest answer, as text and as JSON, in bytes.
pub const MOST: usize = 2_048;

/// The longest line of it, in characters.
const LONGEST: usize = 200;

/// Maximum number of rows and findings listed; more are counted.
const ROWS: usize = 5;
const FINDINGS: usize = 2;

/// The owner where nobody is named.
const NO_OWNER: &str = "nobody is named; add `owners:` to loadforge.yml";

/// The longest command that is told; a longer one is told without its flags.
const LONGEST_COMMAND: usize = 400;
/// A longer address is left out.
const LONGEST_URL: usize = 400;

/// Columns for the names of the lines.
const NAMES: usize = 13;
/// The name of the line with the code host's page.
const COMPARE: &str = "changed";

/// The format, for the list of formats.
pub(super) const FORMAT: Format = Format {
    file: ResultsFolder::ANSWER,
    about: "the block that ends the step log, as data",
    render: |story, _| Ok(json(story)),
};

/// The verdict in short: what failed, by how much, and what to do now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// Always [`ANSWER_SCHEMA_VERSION`] in files this version writes.
    pub schema_version: u32,
    /// The verdict.
    pub outcome: Outcome,
    /// The verdict in one sentence.
    pub sentence: String,
    /// The rows that did not pass, the worst first.
    pub rows: Vec<AnswerRow>,
    /// How many such rows there are besides.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_rows: usize,
    /// Which attempts at the commit count together, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<String>,
    /// What the numbers mean: code or environment, and what to look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Whether the load generator was healthy.
    pub generator: String,
    /// Users, length and target of the run, as far as they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<String>,
    /// Commit, branch or tag, and run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// Whose the first row is, where something failed or is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Where the report is; a URL, or its name in the results folder.
    pub report: String,
    /// The command to run next, where there is something to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A row that did not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerRow {
    /// How it ended.
    pub outcome: Outcome,
    /// The endpoint, or what else it is about.
    pub endpoint: String,
    /// The measure.
    pub measure: String,
    /// What was measured, with its unit.
    pub value: String,
    /// The operator and the limit.
    pub limit: String,
    /// The change against the good runs, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// Why it ended this way.
    pub why: String,
    /// Whose it is, where somebody is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Since which build the value is worse, where the last builds show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The code host's page with what changed between the last good and the first bad commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The block for the end of the step log, at most [`MOST`] bytes, in lines of at most `width` columns. What is there to
/// be copied, an address or a command, is never broken.
#[must_use]
pub fn text(story: &Story<'_>, width: usize) -> String {
    shortened(story, |answer| lines(answer, width))
}

/// The content of `answer.json`, at most [`MOST`] bytes.
#[must_use]
pub fn json(story: &Story<'_>) -> String {
    // An answer is plain data, which JSON can always write.
    shortened(story, |answer| serde_json::to_string_pretty(answer).unwrap_or_default() + "\n")
}

/// Writes the answer; where it is too long, with fewer rows and then with shorter lines.
fn shortened(story: &Story<'_>, write: impl Fn(&Answer) -> String) -> String {
    let mut text = String::new();
    for (rows, longest) in (1..=ROWS).rev().map(|rows| (rows, LONGEST)).chain([(1, 100), (1, 60), (1, 30)]) {
        text = write(&answer(story, rows, longest));
        if text.len() <= MOST {
            break;
        }
    }
    text
}

fn answer(story: &Story<'_>, most_rows: usize, longest: usize) -> Answer {
    let line = |text: &str| clean::shorten(clean::line(text).trim(), longest).into_owned();
    let verdict = story.verdict;
    let rows: Vec<&Row> = [Outcome::Fail, Outcome::Inconclusive, Outcome::Warn]
        .into_iter()
        .flat_map(|outcome| wording::rows_with(verdict, outcome))
        .filter(|row| !row.is_waiting())
        .collect();
    Answer {
        schema_version: ANSWER_SCHEMA_VERSION,
        outcome: verdict.outcome,
        sentence: line(&wording::headline(verdict)),
        rows: rows.iter().take(most_rows).map(|row| answer_row(story, row, &line)).collect(),
        more_rows: rows.len().saturating_sub(most_rows),
        attempts: wording::attempts(verdict).map(|words| line(&words)),
        evidence: evidence(verdict).iter().map(|words| line(words)).collect(),
        generator: line(&generator(story)),
        load: load(story).map(|words| line(&words)),
        build: build(story).map(|words| line(&words)),
        owner: rows.first().map(|row| line(row.owner.as_deref().unwrap_or(NO_OWNER))),
        report: report(story),
        next: next(story, &rows),
    }
}

fn answer_row(story: &Story<'_>, row: &Row, line: &impl Fn(&str) -> String) -> AnswerRow {
    let runs = row.baseline.as_ref().filter(|baseline| baseline.change_percent.is_some()).map(|baseline| baseline.runs);
    AnswerRow {
        outcome: row.outcome,
        endpoint: line(&row.subject.to_string()),
        measure: line(&row.measure),
        value: row.observed_text(),
        limit: row.limit_text(),
        change: runs.map(|runs| format!("{} vs {}", wording::change_text(row), counted(runs, "good run"))),
        why: line(&row.reason.outcome),
        owner: row.owner.as_deref().map(line),
        since: wording::since_text(row).map(|words| line(&words)),
        compare: row
            .since
            .as_deref()
            .and_then(|since| story.compare_link(since))
            .filter(|url| url.len() <= LONGEST_URL),
    }
}

/// The report's URL, whole or not at all; without one its name in the results folder.
fn report(story: &Story<'_>) -> String {
    let url = story.links.report.as_deref().filter(|url| url.len() <= LONGEST_URL);
    url.map_or_else(|| ResultsFolder::REPORT.into(), |url| clean::line(url).into_owned())
}

/// What the evidence points to, or what the control run showed, and the findings: first the one that distinguishes
/// environment from code.
fn evidence(verdict: &Verdict) -> Vec<String> {
    let (environment, code): (Vec<&Finding>, Vec<&Finding>) =
        verdict.findings.iter().partition(|finding| finding.kind == FindingKind::CommonMode);
    let words =
        |finding: &Finding| format!("{} {}", wording::closed(&finding.sentence), wording::closed(&finding.next));
    let pointed = verdict.evidence.as_deref().map(|words| words.trim_start_matches("Evidence:").trim().to_owned());
    let pointed = pointed.or_else(|| verdict.control.as_ref().map(wording::control));
    pointed.into_iter().chain(environment.into_iter().chain(code).take(FINDINGS).map(words)).collect()
}

fn generator(story: &Story<'_>) -> String {
    let of_the_script = |kind: ProblemKind| matches!(kind, ProblemKind::ScriptExceptions | ProblemKind::ListenerRaised);
    match story.results.problems.iter().find(|problem| !of_the_script(problem.kind)) {
        Some(problem) => format!("not healthy: {}", problem.message),
        None if story.run.is_some_and(|run| run.identity.engine == Engine::Local) => {
            "healthy, as far as it was measured".into()
        }
        None => "no problem was reported".into(),
    }
}

fn load(story: &Story<'_>) -> Option<String> {
    let recipe = &story.run?.fingerprint;
    let parts: Vec<String> = [
        story.stages_in_words().or_else(|| story.peak_users().map(|users| counted(u64::from(users), "user"))),
        recipe.duration_s.map(|seconds| format!("for {}", duration(Duration::from_secs(seconds)))),
        recipe.host.as_ref().map(|host| format!("against {host}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn build(story: &Story<'_>) -> Option<String> {
    let run = story.run?;
    let build = &run.identity.build;
    let commit = build.commit.as_ref().map(|commit| format!("commit {} ", short_commit(commit))).unwrap_or_default();
    let name = build.branch.as_ref().or(build.tag.as_ref()).map(|name| format!("on {name}")).unwrap_or_default();
    let run = run.shown_id().map(|id| format!("run {id}")).unwrap_or_default();
    let code = format!("{commit}{name}");
    let parts: Vec<&str> = [code.trim(), &run].into_iter().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The next command: measure once more what the history alone failed, or longer what had too few requests.
fn next(story: &Story<'_>, rows: &[&Row]) -> Option<String> {
    if story.run.is_some_and(|run| run.identity.engine == Engine::Csv) {
        return None;
    }
    let told = rows.iter().filter(|row| row.outcome == Outcome::Fail).find_map(|row| row.what_now.as_ref());
    if let Some(what_now) = told.filter(|what_now| what_now.rerun.len() <= LONGEST_COMMAND) {
        return Some(clean::line(&what_now.rerun).into_owned());
    }
    let failed_by_history = rows.iter().any(|row| row.outcome == Outcome::Fail && row.baseline.is_some());
    match story.verdict.outcome {
        Outcome::Fail if failed_by_history && story.verdict.confirmation.is_none() => {
            Some("loadforge-ci gate --confirm".into())
        }
        Outcome::Fail => Some("loadforge-ci run && loadforge-ci gate".into()),
        Outcome::Inconclusive => {
            let longer = story.run.and_then(|run| run.fingerprint.duration_s).map(|seconds| seconds.saturating_mul(2));
            let flag = longer.map_or_else(String::new, |seconds| format!(" --duration {seconds}s"));
            Some(format!("loadforge-ci run{flag} && loadforge-ci gate"))
        }
        Outcome::Pass | Outcome::Warn => None,
    }
}

fn lines(answer: &Answer, width: usize) -> String {
    let mut lines = vec![("verdict", answer.sentence.clone())];
    for row in &answer.rows {
        let change = row.change.as_ref().map_or_else(String::new, |change| format!(", {change}"));
        let words = format!("{} {}: {}, limit {}{change}", row.endpoint, row.measure, row.value, row.limit);
        lines.push((word(row.outcome), words));
        lines.push(("why", row.why.clone()));
        lines.extend(row.since.iter().map(|words| ("since", words.clone())));
        lines.extend(row.compare.iter().map(|url| (COMPARE, url.clone())));
    }
    if answer.more_rows > 0 {
        lines.push(("", format!("{} besides, in verdict.json", counted(answer.more_rows as u64, "row"))));
    }
    lines.extend(answer.attempts.iter().map(|words| ("attempts", words.clone())));
    lines.extend(answer.evidence.iter().map(|words| ("evidence", words.clone())));
    lines.push(("generator", answer.generator.clone()));
    lines.extend(answer.load.iter().map(|words| ("load", words.clone())));
    lines.extend(answer.build.iter().map(|words| ("build", words.clone())));
    lines.extend(answer.owner.iter().map(|words| ("owner", words.clone())));
    let mut text = String::new();
    for (name, words) in lines {
        if name == COMPARE {
            text.push_str(&unbroken(name, &words, width));
            continue;
        }
        for (at, line) in wrapped(&words, width.saturating_sub(NAMES).max(20)).iter().enumerate() {
            text.push_str(&format!("{:<NAMES$}{line}\n", if at == 0 { name } else { "" }));
        }
    }
    for (name, words) in [("report", Some(&answer.report)), ("next", answer.next.as_ref())] {
        text.extend(words.map(|words| unbroken(name, words, width)));
    }
    text
}

/// A line that is there to be copied; where it is too long, below its name.
fn unbroken(name: &str, words: &str, width: usize) -> String {
    let fits = NAMES + words.width() <= width;
    if fits { format!("{name:<NAMES$}{words}\n") } else { format!("{name}\n      {words}\n") }
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fail => "failed",
        Outcome::Inconclusive => "inconclusive",
        Outcome::Warn => "warning",
        Outcome::Pass => "passed",
    }
}
