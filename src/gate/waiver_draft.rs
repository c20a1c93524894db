//! A waiver to paste for a row that failed.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::gate::{Gate, Scope};
use crate::verdict::{Operator, Row, Severity, Subject, Unit};

/// How far beyond the measured value a drafted waiver accepts: runs differ.
const MARGIN: f64 = 0.1;

/// How long a drafted waiver holds, days.
const DAYS: i32 = 14;

/// The owner where nobody is named.
const NO_OWNER: &str = "your name";

/// An entry of `waivers:` that lets this row pass for two weeks, ready to paste into `loadforge.yml`; the reason is for the
/// owner to write. `None` for a row that no waiver can cover: no gate made it, or nothing was measured.
#[must_use]
pub fn waiver_draft(row: &Row, owner: Option<&str>, today: Date) -> Option<String> {
    row.gate_index?;
    let gate: Gate = row.gate.parse().ok()?;
    let gate = Gate { severity: Severity::Fail, ..gate };
    let accept = accepted(row, &gate)?;
    let expires = today.checked_add(DAYS.days()).ok()?;
    let mut text = format!("waivers:\n  - gate: {}\n", yaml(&gate.to_string()));
    let several = gate.selector.as_ref().is_some_and(crate::gate::Selector::has_wildcard);
    if let (true, Subject::Endpoint(key)) = (several, &row.subject) {
        text.push_str(&format!("    endpoint: {}\n", yaml(&key.to_string())));
    }
    let owner = yaml(owner.unwrap_or(NO_OWNER));
    text.push_str(&format!(
        "    owner: {owner}\n    reason: 'why this is accepted until then'\n    expires: {expires}\n    accept: {accept}\n"
    ));
    Some(text)
}

/// The worst value accepted: the one measured, and a tenth beyond it.
fn accepted(row: &Row, gate: &Gate) -> Option<String> {
    let more_is_worse = !matches!(row.operator, Some(Operator::Greater | Operator::GreaterOrEqual));
    let beyond = |value: f64, step: f64| {
        let steps = if more_is_worse { value + value.abs() * MARGIN } else { value - value.abs() * MARGIN } / step;
        (if more_is_worse { steps.ceil() } else { steps.floor() }) * step
    };
    if gate.is_vs_baseline() {
        let change = row.baseline.as_ref()?.change_percent?;
        return Some(format!("{:+}%", beyond(change, 1.0)));
    }
    let observed = row.observed?;
    Some(match row.unit {
        Unit::Ms => format!("{}ms", beyond(observed, 1.0)),
        Unit::Percent if matches!(gate.scope, Scope::Windows { .. }) => format!("{}%", beyond(observed, 1.0).max(0.0)),
        Unit::Percent => format!("{:.1}%", beyond(observed, 0.1).clamp(-1e9, if is_share(gate) { 100.0 } else { 1e9 })),
        Unit::PerSecond => format!("{:.1}/s", beyond(observed, 0.1).max(0.0)),
        Unit::Count => format!("{}", beyond(observed, 1.0).max(0.0)),
    })
}

/// Whether the gate is about a share of the requests, which ends at 100 %.
fn is_share(gate: &Gate) -> bool {
    !matches!(gate.measure, crate::gate::Measure::Drift(_))
}

/// A text as a single-quoted scalar of YAML.
fn yaml(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::testing::{Always, endpoint, gates as gates_of, learned, results, verdict};
    use crate::gate::{Options, Waiver, WaiverEntry, judge, waive};
    use crate::verdict::{OnInconclusive, Outcome, Verdict};

    const TODAY: Date = jiff::civil::date(2026, 11, 27);

    fn waivers(text: &str) -> Vec<Waiver> {
        #[derive(serde::Deserialize)]
        struct File {
            waivers: Vec<WaiverEntry>,
        }
        let file: File = serde_saphyr::from_str(text).unwrap();
        file.waivers.into_iter().map(|entry| Waiver::try_from(entry).unwrap()).collect()
    }

    /// Every failed row of a verdict passes with the waiver that is drafted for it.
    fn covered(mut judged: Verdict, gates: &[crate::gate::PlacedGate]) -> String {
        let failed: Vec<_> = judged.rows_with(Outcome::Fail).cloned().collect();
        let drafts: Vec<String> = failed.iter().filter_map(|row| waiver_draft(row, Some("@team"), TODAY)).collect();
        assert_eq!(drafts.len(), failed.len());
        let all: Vec<Waiver> = drafts.iter().flat_map(|draft| waivers(draft)).collect();
        waive(&mut judged, gates, &all, TODAY, OnInconclusive::Fail);
        assert_eq!(judged.outcome, Outcome::Warn, "{}", judged.sentence);
        drafts.concat()
    }

    #[test]
    fn what_is_pasted_is_a_waiver_that_covers_the_row() {
        let results = results(vec![endpoint("POST /login it's", 800, 24, 1070.0), endpoint("GET /a", 900, 0, 20.0)]);
        let texts = [
            "p95 of \"POST /login it's\" < 800ms",
            "error_rate of \"**\" < 1%",
            "rps > 900/s",
            "failures < 3",
            "warn: median < 1ms",
        ];
        let gates = gates_of(&texts);
        let drafts = covered(verdict(&texts, &results), &gates);
        insta::assert_snapshot!(drafts, @r#"
        waivers:
          - gate: 'p95 of "POST /login it''s" < 800ms'
            owner: '@team'
            reason: 'why this is accepted until then'
            expires: 2026-12-11
            accept: 1177ms
        waivers:
          - gate: 'error_rate of "**" < 1%'
            endpoint: 'POST /login it''s'
            owner: '@team'
            reason: 'why this is accepted until then'
            expires: 2026-12-11
            accept: 3.3%
        waivers:
          - gate: 'rps > 900/s'
            owner: '@team'
            reason: 'why this is accepted until then'
            expires: 2026-12-11
            accept: 25.5/s
        waivers:
          - gate: 'failures < 3'
            owner: '@team'
            reason: 'why this is accepted until then'
            expires: 2026-12-11
            accept: 27
        "#);
    }

    #[test]
    fn a_comparison_with_the_baseline_is_waived_by_its_change() {
        let gates = gates_of(&["p95 of \"GET /a\" <= +10% vs baseline"]);
        let results = results(vec![endpoint("GET /a", 900, 0, 134.0)]);
        let judged = judge(&gates, &results, None, &Always(learned(110.0, 100.0, 8)), &Options::default());
        let drafts = covered(judged, &gates);
        assert!(drafts.contains("accept: +38%\n") && drafts.contains("expires: 2026-12-11\n"), "{drafts}");
    }

    #[test]
    fn a_row_that_no_waiver_can_cover_has_no_draft() {
        let row = Row::open("the run is sound", crate::verdict::Origin::Default, Subject::Run, "requests", Unit::Count);
        assert_eq!(waiver_draft(&row, None, TODAY), None);
    }
}
