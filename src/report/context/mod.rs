//! What a Markdown template sees: frozen copies of the verdict and the results, so that the data types can move
//! while templates people wrote keep working. `docs/template.md` documents every key; a test keeps the two equal.

mod view;

use serde::Serialize;

pub(super) use self::view::WhatNowView;
use self::view::{EndpointView, RowView, RunView, SinceView, word};
use super::{Story, wording};
use crate::results::{Endpoint, Percentile};
use crate::verdict::{Confirmation, Outcome, Unit};

/// The version of the context. It rises when a key is removed or changes its meaning, not when one is added.
pub const CONTEXT_VERSION: u32 = 1;

/// Rows of which it is said since when they are worse.
const MOST_DATED: usize = 3;

/// How much of each list a template gets to see; what is left out is counted in `omitted`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Detail {
    pub(super) fail: usize,
    pub(super) inconclusive: usize,
    pub(super) warn: usize,
    pub(super) pass: usize,
    pub(super) endpoints: usize,
    pub(super) failure_texts: usize,
    pub(super) findings: usize,
    /// Leave out whole sections that only explain.
    pub(super) brief: bool,
}

impl Detail {
    /// Everything, for a template of the user's own.
    pub(super) const ALL: Self = Self {
        fail: usize::MAX,
        inconclusive: usize::MAX,
        warn: usize::MAX,
        pass: usize::MAX,
        endpoints: usize::MAX,
        failure_texts: usize::MAX,
        findings: usize::MAX,
        brief: false,
    };

    /// What a person reads in `summary.md`; the rest is in `report.html` and `verdict.json`.
    pub(super) const SUMMARY: Self = Self {
        fail: 1000,
        inconclusive: 500,
        warn: 500,
        pass: 200,
        endpoints: 200,
        failure_texts: 100,
        findings: 50,
        ..Self::ALL
    };
}

/// The template's context. The documentation of each key is `docs/template.md`.
#[derive(Debug, Serialize)]
pub(super) struct Context {
    context_version: u32,
    tool: Tool,
    verdict: VerdictView,
    since: Vec<SinceView>,
    counts: Counts,
    rows: Rows,
    omitted: Omitted,
    has_baseline: bool,
    mention_owners: bool,
    brief: bool,
    problems: Vec<ProblemView>,
    notes: Vec<String>,
    findings: Vec<FindingView>,
    total: EndpointView,
    endpoints: Vec<EndpointView>,
    failures: Vec<ClassView>,
    run: RunView,
    confirmation: ConfirmationView,
    control: ControlView,
    links: LinksView,
}

#[derive(Debug, Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct VerdictView {
    outcome: String,
    word: &'static str,
    headline: String,
    sentence: String,
    attempts: Option<String>,
    evidence: Option<String>,
    common_mode: Option<String>,
}

#[derive(Debug, Serialize)]
struct Counts {
    fail: usize,
    inconclusive: usize,
    waiting: usize,
    warn: usize,
    pass: usize,
    rows: usize,
    endpoints: usize,
}

#[derive(Debug, Serialize)]
struct Rows {
    fail: Vec<RowView>,
    inconclusive: Vec<RowView>,
    warn: Vec<RowView>,
    pass: Vec<RowView>,
}

#[derive(Debug, Serialize)]
struct Omitted {
    fail: usize,
    inconclusive: usize,
    warn: usize,
    pass: usize,
    endpoints: usize,
    failure_texts: usize,
    findings: usize,
}

#[derive(Debug, Serialize)]
struct ProblemView {
    kind: String,
    message: String,
    detail: Option<String>,
}

#[derive(Debug, Serialize)]
struct FindingView {
    kind: String,
    sentence: String,
    evidence: String,
    next: String,
}

#[derive(Debug, Serialize)]
struct ClassView {
    class: String,
    occurrences: u64,
    share: String,
    texts: Vec<TextView>,
}

#[derive(Debug, Serialize)]
struct TextView {
    endpoint: String,
    error: String,
    occurrences: u64,
}

#[derive(Debug, Serialize)]
struct ConfirmationView {
    run_id: Option<String>,
    cost: Option<String>,
}

#[derive(Debug, Serialize)]
struct ControlView {
    host: Option<String>,
    run_id: Option<u64>,
    cost: Option<String>,
    sentence: Option<String>,
}

#[derive(Debug, Serialize)]
struct LinksView {
    report: Option<String>,
    summary: Option<String>,
    job: Option<String>,
    run: Option<String>,
}

impl Context {
    pub(super) fn of(story: &Story<'_>, detail: &Detail) -> Self {
        let (verdict, results) = (story.verdict, story.results);
        let count = |outcome| verdict.rows_with(outcome).count();
        let counts = Counts {
            fail: count(Outcome::Fail),
            inconclusive: count(Outcome::Inconclusive),
            waiting: verdict.rows.iter().filter(|row| row.is_waiting()).count(),
            warn: count(Outcome::Warn),
            pass: count(Outcome::Pass),
            rows: verdict.rows.len(),
            endpoints: results.endpoints.len(),
        };
        let rows =
            |outcome, most| wording::rows_with(verdict, outcome).into_iter().take(most).map(RowView::of).collect();
        Self {
            context_version: CONTEXT_VERSION,
            tool: Tool { name: env!("CARGO_PKG_NAME"), version: crate::VERSION },
            verdict: VerdictView {
                outcome: verdict.outcome.to_string(),
                word: wording::outcome_word(verdict.outcome),
                headline: wording::headline(verdict),
                sentence: verdict.sentence.clone(),
                attempts: wording::attempts(verdict),
                evidence: verdict.evidence.as_deref().map(wording::closed),
                common_mode: wording::common_mode(verdict),
            },
            since: wording::dated_rows(verdict)
                .into_iter()
                .take(MOST_DATED)
                .map(|dated| SinceView::of(story, dated))
                .collect(),
            rows: Rows {
                fail: rows(Outcome::Fail, detail.fail),
                inconclusive: rows(Outcome::Inconclusive, detail.inconclusive),
                warn: rows(Outcome::Warn, detail.warn),
                pass: rows(Outcome::Pass, detail.pass),
            },
            omitted: Omitted {
                fail: counts.fail.saturating_sub(detail.fail),
                inconclusive: counts.inconclusive.saturating_sub(detail.inconclusive),
                warn: counts.warn.saturating_sub(detail.warn),
                pass: counts.pass.saturating_sub(detail.pass),
                endpoints: counts.endpoints.saturating_sub(detail.endpoints),
                failure_texts: results.failures.len().saturating_sub(detail.failure_texts),
                findings: verdict.findings.len().saturating_sub(detail.findings),
            },
            counts,
            mention_owners: verdict.mention_owners,
            has_baseline: verdict.rows.iter().any(|row| row.baseline.is_some()),
            brief: detail.brief,
            problems: results
                .problems
                .iter()
                .map(|problem| ProblemView {
                    kind: word(&problem.kind),
                    message: problem.message.clone(),
                    detail: problem.detail.clone(),
                })
                .collect(),
            notes: results.notes.clone(),
            findings: verdict
                .findings
                .iter()
                .take(detail.findings)
                .map(|finding| FindingView {
                    kind: word(&finding.kind),
                    sentence: wording::closed(&finding.sentence),
                    evidence: wording::closed(&finding.evidence),
                    next: wording::closed(&finding.next),
                })
                .collect(),
            total: EndpointView::of(&results.total),
            endpoints: endpoints(story, detail.endpoints),
            failures: failures(story, detail.failure_texts),
            run: RunView::of(story),
            confirmation: ConfirmationView {
                run_id: verdict.confirmation.as_ref().and_then(run_ids),
                cost: verdict.confirmation.as_ref().map(|second| second.cost.clone()),
            },
            control: ControlView {
                host: verdict.control.as_ref().map(|control| control.host.clone()),
                run_id: verdict.control.as_ref().and_then(|control| control.run_id),
                cost: verdict.control.as_ref().and_then(|control| control.cost.clone()),
                sentence: verdict.control.as_ref().map(|control| wording::closed(&control.sentence)),
            },
            links: LinksView {
                report: story.links.report.clone(),
                summary: story.links.summary.clone(),
                job: story.links.job.clone(),
                run: story.run.and_then(|run| run.monitor_url.clone()),
            },
        }
    }
}

/// The endpoints, slowest p95 first.
fn endpoints(story: &Story<'_>, most: usize) -> Vec<EndpointView> {
    if most == 0 {
        return Vec::new();
    }
    // Kept beside the endpoint, since a percentile can come out of a histogram.
    let p95 = |endpoint: &Endpoint| endpoint.percentile(Percentile::P95).unwrap_or(-1.0);
    let mut all: Vec<(f64, &Endpoint)> = story.results.endpoints.iter().map(|each| (p95(each), each)).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all.into_iter().take(most).map(|(_, endpoint)| EndpointView::of(endpoint)).collect()
}

/// The failures by class; the classes' most frequent texts first, until `most` texts are shown.
fn failures(story: &Story<'_>, most: usize) -> Vec<ClassView> {
    let classes = wording::failure_classes(story.results);
    let all = classes.iter().fold(0_u64, |sum, class| sum.saturating_add(class.occurrences)).max(1);
    let mut left = most;
    classes
        .into_iter()
        .map(|class| {
            let shown_texts = class.failures.len().min(left);
            left -= shown_texts;
            ClassView {
                share: Unit::Percent.show(class.occurrences as f64 * 100.0 / all as f64),
                class: class.name,
                occurrences: class.occurrences,
                texts: class.failures[..shown_texts]
                    .iter()
                    .map(|failure| TextView {
                        endpoint: wording::label(&failure.method, &failure.name),
                        error: failure.error.clone(),
                        occurrences: failure.occurrences,
                    })
                    .collect(),
            }
        })
        .collect()
}

/// The numbers of the further runs: `1003`, or `1003 and 1004`.
fn run_ids(further: &Confirmation) -> Option<String> {
    let second = further.run_id?;
    Some(match further.third_run_id {
        Some(third) => format!("{second} and {third}"),
        None => second.to_string(),
    })
}
