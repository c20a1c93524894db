//! Whose each row is, and what to do about those that failed.

use jiff::civil::Date;

use crate::config::Owners;
use crate::gate::waiver_draft;
use crate::results::{Engine, RunRecord};
use crate::text::shell_word;
use crate::verdict::{Origin, Outcome, Row, Subject, Verdict, WhatNow};

/// Where the documentation is.
const DOCS: &str = "https://github.com/loadforge-ci/loadforge-ci/blob/main/";

/// Rows that are told what to do; a run that fails more needs another look first.
const MOST: usize = 50;

/// Names the owner of each row that is no pass, and says what to do about each that failed.
pub(crate) fn say_what_now(verdict: &mut Verdict, owners: &Owners, run: Option<&RunRecord>, today: Date) {
    let confirmed = verdict.confirmation.is_some();
    verdict.mention_owners = owners.mention;
    let mut told = 0;
    for row in verdict.rows.iter_mut().filter(|row| row.outcome != Outcome::Pass && !row.is_waiting()) {
        row.owner = owners.of_subject(&row.subject).map(ToOwned::to_owned);
        row.what_now = None;
        if row.outcome == Outcome::Fail && told < MOST {
            told += 1;
            let waiver = waiver_draft(row, row.owner.as_deref(), today);
            let rerun = rerun(row, run, confirmed);
            row.what_now = Some(WhatNow { rerun, waiver, docs: format!("{DOCS}{}", section(row)) });
        }
    }
}

/// The command that measures a row again: a comparison with the history by a second run, everything else by another.
fn rerun(row: &Row, run: Option<&RunRecord>, confirmed: bool) -> String {
    let build = run.map(|run| &run.identity.build);
    let mut gate = "loadforge-ci gate".to_owned();
    for (flag, value) in build.into_iter().flat_map(|build| [("name", &build.test_name), ("profile", &build.profile)]) {
        gate.extend(value.iter().map(|value| format!(" --{flag} {}", shell_word(value))));
    }
    if row.origin == Origin::Flag {
        gate.push_str(&format!(" --gate {}", shell_word(&row.gate)));
    }
    if row.baseline.is_some() && !confirmed {
        return format!("{gate} --confirm");
    }
    match run.filter(|run| run.identity.engine != Engine::Csv).map(RunRecord::command) {
        Some(command) => format!("{} && {gate}", command.unwrap_or_else(|| "loadforge-ci run".to_owned())),
        // A CSV was judged; whoever wrote it makes another.
        None => gate,
    }
}

/// The page and the section on rows like this one.
fn section(row: &Row) -> &'static str {
    match &row.subject {
        _ if row.stopped_run => "docs/stop.md#what-becomes-of-such-a-run",
        Subject::Run if row.reason.outcome.starts_with("every request failed") => "docs/stop.md#every-request-fails",
        _ if row.baseline.is_some() => "docs/baseline.md",
        _ => "README.md#the-gate-language",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Fingerprint, RunIdentity};
    use crate::verdict::{AgainstBaseline, Unit};

    fn row(gate: &str, origin: Origin) -> Row {
        Row {
            outcome: Outcome::Fail,
            gate_index: Some(0),
            observed: Some(900.0),
            ..Row::open(gate, origin, Subject::All, "p95", Unit::Ms)
        }
    }

    fn run() -> RunRecord {
        let identity = RunIdentity::new(Engine::Loadforge, "https://api");
        let recipe = serde_json::json!({ "test": { "id": 4217 }, "duration_s": 300.0, "timeout_s": 600.0 });
        RunRecord {
            recipe: serde_json::from_value(recipe).ok(),
            ..RunRecord::new(identity, "t", Fingerprint::default())
        }
    }

    #[test]
    fn each_failed_row_has_its_command_its_waiver_and_its_section() {
        let against =
            Row { baseline: Some(AgainstBaseline::default()), ..row("p95 <= +10% vs baseline", Origin::Default) };
        let passed = Row { outcome: Outcome::Pass, ..row("p95 < 2s", Origin::Default) };
        let mut verdict = Verdict::new(vec![row("p95 < 500ms", Origin::Flag), against, passed]);
        say_what_now(&mut verdict, &Owners::default(), Some(&run()), jiff::civil::date(2026, 11, 27));
        let told: Vec<_> = verdict.rows.iter().map(|row| row.what_now.as_ref()).collect();
        let first = told[0].unwrap();
        assert_eq!(
            first.rerun,
            "loadforge-ci run --test-id 4217 --duration 5m && loadforge-ci gate --gate 'p95 < 500ms'"
        );
        assert!(first.waiver.as_ref().unwrap().contains("accept: 990ms"), "{first:?}");
        assert!(first.docs.ends_with("README.md#the-gate-language"));
        assert_eq!(told[1].unwrap().rerun, "loadforge-ci gate --confirm");
        assert_eq!(told[2], None);
    }

    #[test]
    fn every_section_exists() {
        for page in [
            "docs/stop.md#what-becomes-of-such-a-run",
            "docs/stop.md#every-request-fails",
            "docs/baseline.md",
            "README.md#the-gate-language",
        ] {
            let (file, anchor) = page.split_once('#').unwrap_or((page, ""));
            let text = std::fs::read_to_string(format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
            let slug = |heading: &str| heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
            let there = text.lines().any(|line| line.starts_with('#') && slug(line) == anchor);
            assert!(anchor.is_empty() || there, "{page}");
        }
    }
}
