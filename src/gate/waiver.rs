//! Waivers: gates that may be missed for a while, up to a value someone answers for.

mod entry;

pub use entry::{WaiverEntry, WaiverError};

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Accepted, Gate, Limit, LimitUnit, Measure, PlacedGate, Scope, Selector, summarize};
use crate::verdict::{OnInconclusive, Operator, Origin, Outcome, Row, Severity, Subject, Unit, Verdict, WaiverNote};

/// An entry of `waivers:` in `loadforge.yml`. All keys but `endpoint` are needed; unknown ones are errors.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(try_from = "WaiverEntry")]
#[schemars(!try_from, deny_unknown_fields)]
pub struct Waiver {
    /// The gate, spelled as among the gates; its severity does not matter.
    #[schemars(with = "String")]
    pub gate: Gate,
    /// The endpoints it holds for, where the gate selects more than one.
    #[schemars(with = "Option<String>")]
    pub endpoint: Option<Selector>,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Its last day.
    #[schemars(with = "String", extend("format" = "date"))]
    pub expires: Date,
    /// The worst value that is accepted: `1200ms`, `5%`, `40/s`, `12`; or `+60%` against the baseline.
    #[schemars(with = "String")]
    pub accept: Accepted,
    /// Where it was written; set by the code that reads the file.
    #[schemars(skip)]
    pub origin: Origin,
}

impl TryFrom<WaiverEntry> for Waiver {
    type Error = WaiverError;

    fn try_from(entry: WaiverEntry) -> Result<Self, WaiverError> {
        let (gate, accept) = (entry.gate()?, entry.accept()?);
        let WaiverEntry { endpoint, owner, reason, expires, .. } = entry;
        if owner.trim().is_empty() || reason.trim().is_empty() {
            return Err(WaiverError::Values("a waiver needs an owner who answers for it and a reason".to_owned()));
        }
        let expires: Date = expires.parse().map_err(|_| {
            WaiverError::Values(format!("`expires: {expires}` is not a date: write its last day as in 2026-12-31"))
        })?;
        // A drift is a change itself, so its limits may have a sign.
        let accept = match (accept, &gate.measure) {
            (Accepted::Change(number), Measure::Drift(_)) => {
                Accepted::Value(Limit { number, unit: LimitUnit::Percent })
            }
            (accept, _) => accept,
        };
        match accept {
            Accepted::Value(limit) if limit.unit() != judged_unit(&gate) => {
                let fitting = match judged_unit(&gate) {
                    Unit::Ms => "a response time such as 1200ms",
                    Unit::Percent => "a percentage such as 5%",
                    Unit::PerSecond => "a throughput such as 40/s",
                    Unit::Count => "a plain number",
                };
                let message = format!("`accept: {accept}` does not fit the gate `{gate}`: write {fitting}");
                return Err(WaiverError::Values(message));
            }
            Accepted::Change(_) if !gate.is_vs_baseline() => {
                let message =
                    format!("`accept: {accept}` is a change, but `{gate}` does not compare with the baseline");
                return Err(WaiverError::Values(message));
            }
            _ => {}
        }
        let no_endpoint = || WaiverError::Values("`endpoint` is empty: leave it out".to_owned());
        let endpoint = endpoint.map(|pattern| Selector::new(&pattern).ok_or_else(no_endpoint)).transpose()?;
        Ok(Self { gate, endpoint, owner, reason, expires, accept, origin: Origin::Default })
    }
}

/// The unit of the rows of a gate.
const fn judged_unit(gate: &Gate) -> Unit {
    if matches!(gate.scope, Scope::Windows { .. }) { Unit::Percent } else { gate.unit() }
}

impl Waiver {
    /// Whether this is the waiver's gate; its severity does not matter.
    fn names(&self, gate: &Gate) -> bool {
        *gate == Gate { severity: gate.severity, ..self.gate.clone() }
    }

    /// Whether the waiver is about a subject of its gate.
    fn is_about(&self, subject: &Subject) -> bool {
        match (&self.endpoint, subject) {
            (None, _) => true,
            (Some(selector), Subject::Endpoint(key)) => selector.matches_key(key),
            (Some(_), _) => false,
        }
    }

    /// Whether the row's value is within what is accepted.
    fn accepts(&self, row: &Row) -> bool {
        let (value, worst) = match self.accept {
            Accepted::Value(limit) => (row.judged_value(), limit.value()),
            Accepted::Change(change) => (row.baseline.as_ref().and_then(|baseline| baseline.change_percent), change),
        };
        value.is_some_and(|value| match row.operator {
            Some(Operator::Greater | Operator::GreaterOrEqual) => value >= worst,
            _ => value <= worst,
        })
    }

    fn note(&self) -> WaiverNote {
        WaiverNote { owner: self.owner.clone(), reason: self.reason.clone(), expires: self.expires.to_string() }
    }

    /// Whether a row that no gate makes says that nothing needs this waiver.
    fn wrote(&self, row: &Row) -> bool {
        row.severity == Severity::Warn && row.origin == self.origin && row.gate == self.written_gate()
    }

    /// Its gate as its rows spell it, without a severity.
    fn written_gate(&self) -> String {
        Gate { severity: Severity::Fail, ..self.gate.clone() }.to_string()
    }

    /// The row that says that nothing needs the waiver.
    fn unused(&self, judged: bool, today: Date) -> Row {
        let gate = self.written_gate();
        let why = if judged { "the gate is met without it" } else { "no such gate was judged" };
        let state =
            if self.expires < today { format!("expired on {}", self.expires) } else { "is not used".to_owned() };
        let reason = format!("the waiver of {} for `{gate}` {state}: {why}; remove it", self.owner);
        let measure = self.gate.measure.to_string();
        Row {
            severity: Severity::Warn,
            outcome: Outcome::Warn,
            reason: reason.into(),
            ..Row::open(gate, self.origin.clone(), Subject::Run, measure, judged_unit(&self.gate))
        }
    }
}

/// Applies waivers to a verdict that these gates gave: a missed row that a live waiver covers becomes a warning and
/// carries its note; an expired waiver covers nothing, nor does one whose accepted value is exceeded, and the row says
/// so; a waiver that nothing needs adds a warning of its own. The verdict's outcome and sentence follow.
pub fn waive(
    verdict: &mut Verdict,
    gates: &[PlacedGate],
    waivers: &[Waiver],
    today: Date,
    on_inconclusive: OnInconclusive,
) {
    let mut unused = Vec::new();
    for waiver in waivers {
        let named: Vec<bool> = gates.iter().map(|placed| waiver.names(&placed.gate)).collect();
        let is_named = |index: u32| named.get(index as usize).is_some_and(|named| *named);
        let (mut judged, mut needed) = (false, false);
        let rows = verdict.rows.iter_mut().filter(|row| row.gate_index.is_some_and(is_named));
        for row in rows.filter(|row| waiver.is_about(&row.subject)) {
            judged = true;
            // Whether a row that could not be judged needs the waiver is not known.
            needed |= row.is_missed() || row.outcome == Outcome::Inconclusive;
            if row.is_missed() && row.waiver.is_none() {
                apply(waiver, row, today);
            }
        }
        if !needed {
            unused.push(waiver.unused(judged, today));
        }
    }
    verdict.rows.extend(unused);
    summarize(verdict, on_inconclusive);
}

/// Takes back what [`waive`] did, so that rows can change before it is called again. Outcome and sentence stay as they are.
pub fn unwaive(verdict: &mut Verdict, waivers: &[Waiver]) {
    let says_unused = |row: &Row| {
        row.subject == Subject::Run && row.gate_index.is_none() && waivers.iter().any(|waiver| waiver.wrote(row))
    };
    verdict.rows.retain(|row| !says_unused(row));
    for row in &mut verdict.rows {
        row.reason.waivers.clear();
        if row.waiver.take().is_some() && row.severity == Severity::Fail {
            row.outcome = Outcome::Fail;
        }
    }
}

/// Applies waivers to one row that failed after its verdict was waived.
pub fn waive_row(row: &mut Row, gates: &[PlacedGate], waivers: &[Waiver], today: Date) {
    let Some(placed) = row.gate_index.and_then(|index| gates.get(index as usize)) else { return };
    for waiver in waivers.iter().filter(|waiver| waiver.names(&placed.gate)) {
        if row.is_missed() && row.waiver.is_none() && waiver.is_about(&row.subject) {
            apply(waiver, row, today);
        }
    }
}

fn apply(waiver: &Waiver, row: &mut Row, today: Date) {
    if waiver.expires < today {
        row.reason.waivers.push(format!("its waiver expired on {} ({})", waiver.expires, waiver.owner));
    } else if waiver.accepts(row) {
        row.outcome = Outcome::Warn;
        row.waiver = Some(waiver.note());
    } else {
        let remark = format!("beyond what its waiver accepts, {} ({})", waiver.accept, waiver.owner);
        row.reason.waivers.push(remark);
    }
}

#[cfg(test)]
mod tests;
