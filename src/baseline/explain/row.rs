//! Which row is meant.

use crate::error::{Explain, nearest};
use crate::exit::Exit;
use crate::gate::{Gate, PlacedGate};
use crate::results::EndpointKey;
use crate::text::counted;

/// Endpoints that are listed where none or several are meant.
const LISTED: usize = 5;

/// A row of a gate that compares with the history.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedRow {
    /// The gate that makes it.
    pub gate: Gate,
    /// The endpoint; `None` for all requests together.
    pub endpoint: Option<EndpointKey>,
}

/// Why a limit cannot be explained.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The text is not the name of a row.
    #[error("`{0}` names no row: expected a measure and an endpoint, or a gate")]
    NotARow(String),
    /// No endpoint has this name.
    #[error("no endpoint is called `{name}`")]
    NoEndpoint {
        /// What was asked for.
        name: String,
        /// Endpoints there are, the most likely one first.
        known: Vec<String>,
    },
    /// Several endpoints are meant.
    #[error("`{text}` means {}, and each has a limit of its own", counted(known.len() as u64, "endpoint"))]
    Several {
        /// What was asked for.
        text: String,
        /// The endpoints.
        known: Vec<String>,
    },
    /// The gate has a written limit.
    #[error("`{0}` has a written limit, which no history is behind")]
    Written(String),
    /// There is no limit.
    #[error("{row} has no learned limit: {why}")]
    NoLimit {
        /// The row.
        row: String,
        /// Why.
        why: String,
    },
}

impl Explain for RowError {
    fn exit(&self) -> Exit {
        match self {
            Self::NoLimit { .. } => Exit::Inconclusive,
            _ => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        let named = |known: &[String]| {
            let names: Vec<String> = known.iter().take(LISTED).map(|name| format!("'p95 of \"{name}\"'")).collect();
            names.join(", ")
        };
        match self {
            Self::NotARow(_) => Some("write it as 'p95 of \"POST /login\"', or copy a gate".into()),
            Self::NoEndpoint { known, .. } if known.is_empty() => None,
            Self::NoEndpoint { known, .. } => Some(format!("did you mean {}?", named(known))),
            Self::Several { known, .. } => Some(format!("name one: {}", named(known))),
            Self::Written(_) => Some("name a gate that ends in `vs baseline`".into()),
            Self::NoLimit { .. } => Some("list what the history has with `loadforge-ci baseline show`".into()),
        }
    }
}

/// Finds the row that is meant: by a gate (`p95 of "POST /login" <= +20% vs baseline`), or by a measure and an endpoint as
/// gates and reports write them (`p95 of "POST /login"`, `POST /login p95`, `p95` for all requests). Without a gate in
/// the text the first of `gates` that makes the row applies, and a tolerance of 20 % where none does.
///
/// # Errors
/// When no row is meant, or several are.
pub fn find_row(text: &str, gates: &[PlacedGate], known: &[EndpointKey]) -> Result<ExplainedRow, RowError> {
    let text = text.trim();
    let written = text.parse::<Gate>().ok();
    if let Some(gate) = written.as_ref().filter(|gate| !gate.is_vs_baseline()) {
        return Err(RowError::Written(gate.to_string()));
    }
    let is_written = written.is_some();
    let gate = written.or_else(|| read(text)).ok_or_else(|| RowError::NotARow(text.to_owned()))?;
    let endpoint = match &gate.selector {
        None => None,
        Some(selector) => {
            let matches: Vec<&EndpointKey> = known.iter().filter(|key| selector.matches_key(key)).collect();
            match matches.as_slice() {
                [one] => Some((*one).clone()),
                [] => return Err(none_is_called(selector.pattern(), known)),
                several => {
                    let known = several.iter().map(ToString::to_string).collect();
                    return Err(RowError::Several { text: text.to_owned(), known });
                }
            }
        }
    };
    let makes_it = |other: &&Gate| {
        let same = match (&other.selector, &endpoint) {
            (None, None) => true,
            (Some(selector), Some(key)) => selector.matches_key(key),
            _ => false,
        };
        same && other.is_vs_baseline() && other.measure == gate.measure
    };
    let applies = gates.iter().map(|placed| &placed.gate).find(makes_it).filter(|_| !is_written).cloned();
    Ok(ExplainedRow { gate: applies.unwrap_or(gate), endpoint })
}

/// Reads a measure and an endpoint, in the ways they are written.
fn read(text: &str) -> Option<Gate> {
    let quoted =
        |name: &str| format!("\"{}\"", name.trim().trim_matches('"').replace('\\', r"\\").replace('"', "\\\""));
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (before, last) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
    let rest = rest.trim();
    let named = [
        text.to_owned(),
        format!("{first} of {}", quoted(rest.strip_prefix("of ").unwrap_or(rest))),
        format!("{last} of {}", quoted(before)),
        if matches!(before.trim(), "all requests" | "") { last.to_owned() } else { String::new() },
    ];
    let gate = |row: &String| {
        let rise: Gate = format!("{row} <= +20% vs baseline").parse().ok()?;
        if rise.measure.more_is_better() { format!("{row} >= -20% vs baseline").parse().ok() } else { Some(rise) }
    };
    if before.trim() == "all requests" { gate(&named[3]) } else { named.iter().find_map(gate) }
}

fn none_is_called(name: &str, known: &[EndpointKey]) -> RowError {
    let labels: Vec<String> = known.iter().map(ToString::to_string).collect();
    let names = known.iter().map(|key| key.name.as_str());
    let near = nearest(name, labels.iter().map(String::as_str)).map(ToOwned::to_owned).or_else(|| {
        let name = nearest(name, names)?;
        known.iter().find(|key| key.name == name).map(ToString::to_string)
    });
    let known = near.map_or_else(|| labels.iter().take(LISTED).cloned().collect(), |one| vec![one]);
    RowError::NoEndpoint { name: name.to_owned(), known }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::default_gates;

    fn known() -> Vec<EndpointKey> {
        [("POST", "/login"), ("GET", "/items/[id]"), ("GET", "/items")]
            .map(|(method, name)| EndpointKey { method: method.into(), name: name.into() })
            .into()
    }

    fn found(text: &str) -> String {
        match find_row(text, &default_gates(), &known()) {
            Ok(row) => format!("{} | {}", row.gate, row.endpoint.map_or_else(String::new, |key| key.to_string())),
            Err(fault) => format!("{fault} ({})", fault.hint().unwrap_or_default()),
        }
    }

    #[test]
    fn a_row_is_named_as_gates_and_reports_write_it() {
        let login = "p95 of \"**\" <= +20% vs baseline | POST /login";
        for text in
            ["p95 of \"POST /login\"", "p95 of \"/login\"", "POST /login p95", "p95 POST /login", "p95 of POST /login"]
        {
            assert_eq!(found(text), login, "{text}");
        }
        assert_eq!(
            found("p95 of \"POST /login\" <= +5% vs baseline"),
            "p95 of \"POST /login\" <= +5% vs baseline | POST /login"
        );
        assert_eq!(found("GET /items/[id] p50"), "p50 of \"**\" <= +20% vs baseline | GET /items/[id]");
        assert_eq!(found("p95"), "p95 <= +20% vs baseline | ");
        assert_eq!(found("all requests rps"), "rps >= -20% vs baseline | ");
    }

    #[test]
    fn what_is_no_row_gets_a_suggestion() {
        insta::assert_snapshot!(found("p95 of \"POST /lgoin\""), @r#"no endpoint is called `POST /lgoin` (did you mean 'p95 of "POST /login"'?)"#);
        insta::assert_snapshot!(found("p95 of \"GET **\""), @r#"`p95 of "GET **"` means 2 endpoints, and each has a limit of its own (name one: 'p95 of "GET /items/[id]"', 'p95 of "GET /items"')"#);
        insta::assert_snapshot!(found("p95 < 500ms"), @"`p95 < 500ms` has a written limit, which no history is behind (name a gate that ends in `vs baseline`)");
        insta::assert_snapshot!(found("speed of login"), @r#"`speed of login` names no row: expected a measure and an endpoint, or a gate (write it as 'p95 of "POST /login"', or copy a gate)"#);
    }
}
