//! Which past builds would these gates have failed? Every good run is judged as it would have been on its day: against
//! the runs before it, never those after.

use std::collections::HashMap;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::comparable::{Candidates, OtherRuns, Rules, ThisRun};
use super::history::RunHistory;
use super::index::key;
use super::learned::LearnedBaseline;
use super::record::{EndpointRecord, GoodRun, RunName, age};
use super::table::{self, minute, numbers};
use crate::clean;
use crate::gate::{Options, PlacedGate, judge};
use crate::results::{Endpoint, Results};
use crate::text::{counted, short_commit};
use crate::verdict::{OnInconclusive, Outcome, Row, Subject, TargetPolicy, Verdict};

/// What a replay of gates over the history showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Backtest {
    /// Known-good builds that were replayed.
    pub runs: usize,
    /// When the first and the last of them were started.
    pub span: Option<(Timestamp, Timestamp)>,
    /// One entry per gate, in their order.
    pub gates: Vec<GateRecord>,
}

/// The verdicts one gate would have given on the known-good builds.
#[derive(Debug, Clone, PartialEq)]
pub struct GateRecord {
    /// The gate in its canonical spelling.
    pub gate: String,
    /// Builds it would have passed.
    pub passed: usize,
    /// Builds it would have failed.
    pub failed: Vec<Miss>,
    /// Builds it would have warned about.
    pub warned: Vec<Miss>,
    /// Builds it could not have judged.
    pub not_judged: usize,
    /// Why not, for the first of them.
    pub why_not_judged: Option<String>,
}

/// A known-good build that a gate would have failed or warned about.
#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    /// Which run.
    pub run: RunName,
    /// When it was started.
    pub at: Timestamp,
    /// The commit.
    pub commit: Option<String>,
    /// The rows that missed.
    pub rows: Vec<Row>,
}

/// Replays gates over the good runs that the rules' branch and age admit.
#[must_use]
pub fn backtest(history: &RunHistory, gates: &[PlacedGate], rules: &Rules) -> Backtest {
    let all = history.runs();
    let replayed: Vec<usize> = (0..all.len()).filter(|index| rules.admit(&all[*index])).collect();
    let mut records: Vec<GateRecord> = gates
        .iter()
        .map(|placed| GateRecord {
            gate: placed.gate.to_string(),
            passed: 0,
            failed: Vec::new(),
            warned: Vec::new(),
            not_judged: 0,
            why_not_judged: None,
        })
        .collect();
    // The runs of each fingerprint so far, oldest first.
    let mut earlier: HashMap<String, Vec<&GoodRun>> = HashMap::new();
    for (index, run) in all.iter().enumerate() {
        let same = earlier.entry(key(&run.fingerprint)).or_default();
        if !rules.admit(run) {
            same.push(run);
            continue;
        }
        let results = results_of(run);
        let this = ThisRun::recorded(run, gates);
        let rules = Rules { now: run.at, ..rules.clone() };
        let young = same.iter().copied().rev().take_while(|known| age(known.at, run.at) <= rules.max_age);
        let admitted = young.filter(|known| rules.admit(*known) && !this.is(*known));
        let mut last: Vec<&GoodRun> = admitted.take(rules.runs).collect();
        last.reverse();
        // What is known of runs that are not compared with matters only where there is none to compare with.
        let others = match last.is_empty() {
            true => Candidates::of(&all[..index], &rules, &this).others,
            false => OtherRuns::unknown(),
        };
        same.push(run);
        let on_its_day = LearnedBaseline::from(&last, others, &this);
        for (placed, record) in gates.iter().zip(&mut records) {
            let options = Options {
                on_inconclusive: OnInconclusive::Fail,
                targets: TargetPolicy::Ignore,
                targets_expected: false,
            };
            let verdict = judge(std::slice::from_ref(placed), &results, None, &on_its_day, &options);
            record.count(run, verdict);
        }
    }
    // A default gate about throughput that never had anything to judge is no gate of these runs.
    let judged = |record: &GateRecord| record.passed + record.failed.len() + record.warned.len() > 0;
    let mut placed = gates.iter();
    records.retain(|record| placed.next().is_none_or(|placed| !placed.is_default_throughput() || judged(record)));
    let span = match (replayed.first(), replayed.last()) {
        (Some(first), Some(last)) => Some((all[*first].at, all[*last].at)),
        _ => None,
    };
    Backtest { runs: replayed.len(), span, gates: records }
}

impl GateRecord {
    fn count(&mut self, run: &GoodRun, verdict: Verdict) {
        let rows: Vec<Row> = verdict.rows.into_iter().filter(|row| row.subject != Subject::Run).collect();
        let open = rows.iter().find(|row| row.outcome == Outcome::Inconclusive).map(|row| row.reason.to_string());
        let judged = rows.iter().any(|row| row.outcome != Outcome::Inconclusive);
        let with = |outcome| rows.iter().filter(|row| row.outcome == outcome).cloned().collect::<Vec<_>>();
        let miss = |rows| Miss { run: run.run.clone(), at: run.at, commit: run.commit.clone(), rows };
        let (failed, warned) = (with(Outcome::Fail), with(Outcome::Warn));
        if !failed.is_empty() {
            self.failed.push(miss(failed));
        } else if !warned.is_empty() {
            self.warned.push(miss(warned));
        } else if judged {
            self.passed += 1;
        } else {
            self.not_judged += 1;
        }
        if !judged && self.why_not_judged.is_none() {
            self.why_not_judged = open;
        }
    }
}

impl Backtest {
    /// Known-good builds that at least one gate would have failed.
    #[must_use]
    pub fn builds_failed(&self) -> usize {
        let mut runs: Vec<(&RunName, Timestamp)> =
            self.gates.iter().flat_map(|gate| &gate.failed).map(|miss| (&miss.run, miss.at)).collect();
        runs.sort_by(|a, b| (a.1, &a.0.api, a.0.id).cmp(&(b.1, &b.0.api, b.0.id)));
        runs.dedup();
        runs.len()
    }

    /// The replay as text: one line per gate, then the builds that each would have failed and why.
    #[must_use]
    pub fn render(&self) -> String {
        let Some((first, last)) = self.span else {
            return "No good run is in the history yet: add some with `loadforge-ci baseline add`.\n".into();
        };
        let (first, last) = (day(first), day(last));
        let when = if first == last { format!("of {first}") } else { format!("from {first} to {last}") };
        let mut text = format!(
            "{} {when}; these gates together would have failed {}.\n\n",
            counted(self.runs, "known-good build"),
            self.builds_failed(),
        );
        let mut table = numbers(&["gate", "would have failed", "warned", "passed", "not judged"]);
        for gate in &self.gates {
            table.row(vec![
                table::clean(&gate.gate),
                format!("{} of {}", gate.failed.len(), self.runs),
                gate.warned.len().to_string(),
                gate.passed.to_string(),
                gate.not_judged.to_string(),
            ]);
        }
        text.push_str(&table.render());
        for gate in &self.gates {
            for (word, misses) in [("failed", &gate.failed), ("warned about", &gate.warned)] {
                for miss in misses {
                    let commit = miss.commit.as_deref().map(|commit| format!(", commit {}", short_commit(commit)));
                    let _ = write!(
                        text,
                        "\n{} would have {word} run {} of {}{}:\n",
                        table::clean(&gate.gate),
                        miss.run.id,
                        minute(miss.at),
                        commit.unwrap_or_default(),
                    );
                    for row in &miss.rows {
                        let change = row.baseline.as_ref().and_then(|baseline| baseline.change_percent);
                        let change = change.map(|change| format!(", {change:+.0} % against the baseline"));
                        let _ = writeln!(
                            text,
                            "  {}: {} {}, limit {}{}",
                            table::clean(&row.subject.to_string()),
                            row.measure,
                            row.observed_text(),
                            row.limit_text(),
                            change.unwrap_or_default(),
                        );
                    }
                }
            }
            if let (true, Some(why)) = (gate.not_judged > 0, &gate.why_not_judged) {
                let _ = write!(
                    text,
                    "\n{} could not have judged {} of {}, first because: {}\n",
                    table::clean(&gate.gate),
                    gate.not_judged,
                    self.runs,
                    clean::line(why)
                );
            }
        }
        text
    }
}

/// The results as far as the history kept them; what it did not keep is inconclusive to the gates.
fn results_of(run: &GoodRun) -> Results {
    Results::new(endpoint_of(&run.total), run.endpoints.iter().map(endpoint_of).collect())
}

fn endpoint_of(measured: &EndpointRecord) -> Endpoint {
    Endpoint {
        method: measured.method.clone(),
        name: measured.name.clone(),
        requests: measured.requests,
        failures: measured.failures,
        median_ms: measured.median_ms,
        avg_ms: measured.avg_ms,
        min_ms: measured.min_ms,
        max_ms: measured.max_ms,
        requests_per_s: measured.requests_per_s,
        percentiles: measured.percentiles.clone(),
        ..Endpoint::default()
    }
}

/// The UTC date.
fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}
