//! What the rows that compare with the history point to together: the code, its environment, the load generator, or
//! nothing conclusive.

use crate::text::counted;
use crate::verdict::{ControlConclusion, Outcome, Row, Subject, Unit, Verdict};

/// One line under the headline: what the evidence of a verdict points to, with its numbers. `None` where no response
/// time was compared with the history, or nothing is wrong.
#[must_use]
pub fn evidence(verdict: &Verdict) -> Option<String> {
    let of_the_runs = of_the_runs(verdict);
    let Some(control) = &verdict.control else { return of_the_runs };
    // Rows that are beyond what the environment explains are red without the control, too.
    let red_alone = of_the_runs.filter(|words| words.starts_with("Evidence: code"));
    let first = match (red_alone, control.conclusion) {
        (Some(words), ControlConclusion::Alike | ControlConclusion::Unclear | ControlConclusion::Missing) => words,
        (_, ControlConclusion::Slower) => "Evidence: code".to_owned(),
        (None, ControlConclusion::Alike) => "Evidence: environment".to_owned(),
        (None, ControlConclusion::Unclear | ControlConclusion::Missing) => {
            "Evidence: not enough to tell code from environment".to_owned()
        }
    };
    Some(format!("{first}; {}", control.sentence))
}

/// The same without a control run.
fn of_the_runs(verdict: &Verdict) -> Option<String> {
    let compared: Vec<&Row> = verdict.rows.iter().filter(|row| is_compared(row)).collect();
    let first = compared.first()?;
    let with = |outcomes: &'static [Outcome]| {
        compared.iter().copied().filter(move |row: &&Row| outcomes.contains(&row.outcome)).collect::<Vec<_>>()
    };
    // A row that only warns moved as far as one that fails.
    let (failed, open) = (with(&[Outcome::Fail, Outcome::Warn]), with(&[Outcome::Inconclusive]));
    if failed.is_empty() && open.is_empty() {
        return None;
    }
    let doubt = verdict.rows.iter().find(|row| row.subject == Subject::Run && row.outcome == Outcome::Inconclusive);
    if let Some(doubt) = doubt {
        return Some(format!("Evidence: load generator. {}", doubt.reason.outcome));
    }
    let knows_environment = |row: &Row| row.baseline.as_ref().is_some_and(|baseline| baseline.shown.is_some());
    let endpoints = subjects(&compared).len();
    if !knows_environment(first) {
        let slower: Vec<&Row> = failed.into_iter().chain(open).collect();
        let good_runs = first.baseline.as_ref().map_or(0, |baseline| baseline.runs);
        return Some(format!(
            "Evidence: not enough to tell code from environment. {} of {} moved: {}; that takes five endpoints with five \
             good runs each, and there {} with {}",
            subjects(&slower).len(),
            counted(endpoints as u64, "endpoint"),
            span(&slower).unwrap_or_default(),
            if endpoints == 1 { "is one".to_owned() } else { format!("are {endpoints}") },
            counted(u64::from(good_runs), "good run"),
        ));
    }
    let runs = match (first.second_observed, first.third_observed) {
        (None, _) => "",
        (Some(_), None) => ", in both runs",
        (Some(_), Some(_)) => ", in all three runs",
    };
    if !failed.is_empty() {
        let moved = subjects(&failed);
        let others: Vec<&Row> = compared.iter().copied().filter(|row| !moved.contains(&&row.subject)).collect();
        let rest = span(&others).map_or_else(String::new, |span| format!("; the others changed by {span}"));
        let by = span(&failed).unwrap_or_default();
        return Some(format!(
            "Evidence: code. {} of {} moved{runs}: {by}{rest}",
            moved.len(),
            counted(endpoints as u64, "endpoint")
        ));
    }
    let slower = subjects(&open).len();
    Some(format!(
        "Evidence: environment. {slower} of {} are slower alike{runs}: all endpoints changed by {}",
        counted(endpoints as u64, "endpoint"),
        span(&compared).unwrap_or_default()
    ))
}

/// A response time of one endpoint that was compared with good runs.
fn is_compared(row: &Row) -> bool {
    row.unit == Unit::Ms
        && matches!(row.subject, Subject::Endpoint(_))
        && row.baseline.as_ref().is_some_and(|baseline| baseline.change_percent.is_some())
        && !row.is_waiting()
}

fn subjects<'a>(rows: &[&'a Row]) -> Vec<&'a Subject> {
    let mut subjects: Vec<&Subject> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    subjects.extend(rows.iter().map(|row| &row.subject).filter(|subject| seen.insert(*subject)));
    subjects
}

/// The changes of these rows against the medians of the good runs, from the least to the most: `-3 % to +4 %`.
fn span(rows: &[&Row]) -> Option<String> {
    let changes = || rows.iter().filter_map(|row| row.baseline.as_ref()?.change_percent);
    let (low, high) = (changes().reduce(f64::min)?, changes().reduce(f64::max)?);
    let signed = |change: f64| format!("{:+.0} %", if change.abs() < 0.5 { 0.0 } else { change });
    let (low, high) = (signed(low), signed(high));
    Some(if low == high { low } else { format!("{low} to {high}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::EndpointKey;
    use crate::verdict::{AgainstBaseline, Control, Origin, Shown};

    fn row(name: &str, outcome: Outcome, change: f64, known: bool) -> Row {
        let key = EndpointKey { method: "GET".into(), name: name.into() };
        let shown = known.then(Shown::default);
        let baseline = AgainstBaseline { change_percent: Some(change), shown, ..AgainstBaseline::default() };
        Row {
            outcome,
            baseline: Some(baseline),
            ..Row::open("g", Origin::Flag, Subject::Endpoint(key), "p95", Unit::Ms)
        }
    }

    fn says(rows: Vec<Row>) -> String {
        evidence(&Verdict::new(rows)).unwrap_or_default()
    }

    #[test]
    fn a_row_that_only_warns_moved_all_the_same() {
        let mut rows: Vec<Row> = (0..5).map(|n| row(&format!("/{n}"), Outcome::Pass, 1.0, true)).collect();
        rows.push(row("/pay", Outcome::Warn, 60.0, true));
        let words = evidence(&Verdict::new(rows)).unwrap();
        assert_eq!(words, "Evidence: code. 1 of 6 endpoints moved: +60 %; the others changed by +1 %");
    }

    #[test]
    fn the_numbers_tell_code_from_environment() {
        let mut slow = row("/a", Outcome::Fail, 48.2, true);
        slow.second_observed = Some(1.0);
        let rest = |change| row(&format!("/{change}"), Outcome::Pass, change, true);
        assert_eq!(
            says(vec![slow, rest(-3.1), rest(0.2), rest(4.0)]),
            "Evidence: code. 1 of 4 endpoints moved, in both runs: +48 %; the others changed by -3 % to +4 %"
        );
        let open = |change| row(&format!("/{change}"), Outcome::Inconclusive, change, true);
        assert_eq!(
            says(vec![open(28.0), open(33.4), rest(22.0)]),
            "Evidence: environment. 2 of 3 endpoints are slower alike: all endpoints changed by +22 % to +33 %"
        );
    }

    #[test]
    fn a_control_run_has_the_last_word_on_what_is_open() {
        let control = |conclusion, sentence: &str| Control {
            host: "https://good:443".into(),
            run_id: Some(7),
            cost: None,
            conclusion,
            differences: Vec::new(),
            sentence: sentence.into(),
        };
        let with = |outcome, control| {
            let rows = vec![row("/a", outcome, 40.0, true), row("/b", Outcome::Pass, 30.0, true)];
            evidence(&Verdict { control: Some(control), ..Verdict::new(rows) }).unwrap()
        };
        let alike = || control(ControlConclusion::Alike, "the known-good deployment is as slow");
        assert_eq!(with(Outcome::Pass, alike()), "Evidence: environment; the known-good deployment is as slow");
        assert!(with(Outcome::Fail, alike()).starts_with("Evidence: code. 1 of 2 endpoints moved: +40 %; the others"));
        let slower = control(ControlConclusion::Slower, "this build is slower than it");
        assert_eq!(with(Outcome::Fail, slower), "Evidence: code; this build is slower than it");
        let missing = control(ControlConclusion::Missing, "there is no control run: x");
        assert_eq!(
            with(Outcome::Inconclusive, missing),
            "Evidence: not enough to tell code from environment; there is no control run: x"
        );
    }

    #[test]
    fn too_little_and_nothing_wrong_are_said_or_left_out() {
        assert_eq!(
            says(vec![row("/a", Outcome::Fail, 60.0, false), row("/b", Outcome::Pass, 2.0, false)]),
            "Evidence: not enough to tell code from environment. 1 of 2 endpoints moved: +60 %; that takes five endpoints \
             with five good runs each, and there are 2 with 0 good runs"
        );
        assert_eq!(says(vec![row("/a", Outcome::Pass, 6.0, true)]), "");
        assert_eq!(says(Vec::new()), "");
        let lost = Row {
            reason: "3 of 20 users were lost".into(),
            ..Row::open("the run is sound", Origin::Default, Subject::Run, "requests", Unit::Count)
        };
        assert_eq!(
            says(vec![row("/a", Outcome::Fail, 60.0, true), lost]),
            "Evidence: load generator. 3 of 20 users were lost"
        );
    }
}
