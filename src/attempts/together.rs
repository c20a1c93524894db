//! A verdict that takes the attempts before it into account.

use std::collections::{HashMap, HashSet};

use super::pooled::{carry, pool};
use super::record::{AttemptRow, JobAttempt};
use super::words::course;
use crate::text::counted;
use crate::verdict::{CommitAttempts, Outcome, Row, Subject, Verdict};

/// Judges each row of a verdict by all attempts, and says so. `earlier` are the attempts that count, oldest first, `gates`
/// the texts of the gates that are judged: what failed of a gate that is not among them is not carried along.
///
/// Waivers must not be applied yet. The verdict's outcome and sentence are still to be made of its rows.
pub fn judge_together(verdict: &mut Verdict, earlier: &[&JobAttempt], gates: &[String]) {
    if earlier.is_empty() {
        return;
    }
    let attempts = earlier.len() + 1;
    let own = verdict.outcome;
    let rows = || earlier.iter().flat_map(|attempt| &attempt.rows);
    let mut before: HashMap<RowKey, Vec<&AttemptRow>> = HashMap::new();
    for row in rows() {
        before.entry(key(&row.gate, &row.subject)).or_default().push(row);
    }
    let mut done = HashSet::new();
    let mut told: Vec<(bool, f64, String)> = Vec::new();
    for row in &mut verdict.rows {
        let key = key(&row.gate, &row.subject);
        let pooled = before.get(&key).and_then(|before| pool(row, before, attempts));
        done.insert(key);
        if let Some(words) = pooled {
            told.push((
                row.outcome != Outcome::Fail,
                row.headroom_percent.unwrap_or(0.0),
                format!("{} {words}", name(row)),
            ));
        }
    }
    // In the order in which they were recorded, so that the same attempts make the same verdict.
    for row in rows().filter(|row| !row.by_gate || gates.contains(&row.gate)) {
        let key = key(&row.gate, &row.subject);
        let carried = before.get(&key).filter(|_| !done.contains(&key)).and_then(|before| carry(before, attempts));
        done.insert(key);
        if let Some(row) = carried {
            told.push((false, 0.0, format!("{} {}", name(&row), row.reason)));
            verdict.rows.push(row);
        }
    }
    told.sort_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)));
    let more = match told.len() {
        0 | 1 => String::new(),
        several => format!(" (and {} more)", several - 1),
    };
    let what = told.into_iter().next().map_or_else(
        || course(&earlier.iter().map(|attempt| attempt.verdict).chain([own]).collect::<Vec<_>>()),
        |(.., words)| words,
    );
    verdict.attempts = Some(CommitAttempts {
        sentence: format!("{} at this commit count together: {what}{more}", counted(attempts, "attempt")),
        earlier: earlier.iter().map(|attempt| attempt.summary()).collect(),
    });
}

/// Which row of an attempt. Attempts judge by the same gates, and a gate's text says all of it.
type RowKey = (String, Subject);

fn key(gate: &str, subject: &Subject) -> RowKey {
    (gate.to_owned(), subject.clone())
}

fn name(row: &Row) -> String {
    match row.subject {
        Subject::All => "all requests together".to_owned(),
        ref other => other.to_string(),
    }
}
