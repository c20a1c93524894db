//! The file of the attempts: read whatever it holds, bounded, and the same attempt once.

use std::fs;

use loadforge_ci::attempts::{AttemptLine, AttemptsFile, JobAttempt, LONGEST_LINE, MOST_ATTEMPTS, RecordedAttempts};
use loadforge_ci::verdict::{Outcome, Row};
use proptest::prelude::*;

use super::support::{attempt, gate, row};

fn in_a_folder() -> (tempfile::TempDir, AttemptsFile) {
    let folder = tempfile::tempdir().unwrap();
    let file = AttemptsFile::beside_history(folder.path().join("loadforge-history"));
    (folder, file)
}

#[test]
fn attempts_are_kept_in_their_order_and_the_same_one_once() {
    let (_folder, file) = in_a_folder();
    assert_eq!(file.read().unwrap(), RecordedAttempts::default());
    for number in [1, 2, 1] {
        file.add(attempt(number, vec![row("/login", 600.0)])).unwrap();
    }
    let runs: Vec<String> = file.read().unwrap().attempts.into_iter().map(|one| one.run).collect();
    assert_eq!(runs, ["run 1", "run 2"]);
    let text = fs::read_to_string(file.path()).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(text.lines().next().unwrap().contains(r#""commit":"4be1d2a"#), "{text}");
}

#[test]
fn a_run_judged_again_by_other_gates_keeps_the_rows_of_both() {
    let (_folder, file) = in_a_folder();
    file.add(attempt(1, vec![row("/login", 600.0)])).unwrap();
    file.add(attempt(1, vec![row("/cart", 100.0)])).unwrap();
    let kept = file.read().unwrap().attempts.remove(0);
    let gates: Vec<&str> = kept.rows.iter().map(|row| row.gate.as_str()).collect();
    assert_eq!(gates, [gate("/login"), gate("/cart")]);
    assert_eq!(kept.verdict, Outcome::Fail, "one of its steps failed");
}

#[test]
fn a_line_that_was_cut_off_costs_that_line_and_a_later_version_is_kept() {
    let (_folder, file) = in_a_folder();
    file.add(attempt(1, vec![row("/login", 600.0)])).unwrap();
    let whole = fs::read_to_string(file.path()).unwrap();
    let newer = r#"{"schema_version":99,"what":"ever"}"#;
    fs::write(file.path(), format!("{newer}\n{whole}{}", &whole[..whole.len() / 2])).unwrap();
    let read = file.read().unwrap();
    assert_eq!((read.attempts.len(), read.damaged, read.newer.len()), (1, 1, 1));
    file.add(attempt(2, vec![row("/login", 400.0)])).unwrap();
    let text = fs::read_to_string(file.path()).unwrap();
    assert!(text.starts_with(newer) && text.lines().count() == 3, "{text}");
}

#[test]
fn the_file_is_bounded_and_keeps_what_could_fail() {
    let (_folder, file) = in_a_folder();
    let many = |number| {
        let rows = (0..4_000).map(|index| row(&format!("/orders/{index}/{}", "x".repeat(200)), 100.0));
        attempt(number, rows.chain([row("/slow", 900.0), row("/close", 499.0)]).collect())
    };
    file.add(many(1)).unwrap();
    let line = fs::read_to_string(file.path()).unwrap();
    assert!(line.len() <= LONGEST_LINE + 1 && line.len() > LONGEST_LINE / 2, "{}", line.len());
    let kept = file.read().unwrap().attempts.remove(0).rows;
    for endpoint in ["/slow", "/close"] {
        assert!(kept.iter().any(|row| row.gate == gate(endpoint)), "{endpoint} is gone");
    }
    for number in 2..60 {
        file.add(attempt(number, vec![row("/login", 400.0)])).unwrap();
    }
    let runs: Vec<String> = file.read().unwrap().attempts.into_iter().map(|one| one.run).collect();
    assert_eq!((runs.len(), runs.last().unwrap().as_str()), (MOST_ATTEMPTS, "run 59"));
}

#[test]
fn of_a_file_that_is_too_long_the_end_is_read() {
    let (_folder, file) = in_a_folder();
    file.add(attempt(1, vec![row("/login", 400.0)])).unwrap();
    let line = fs::read_to_string(file.path()).unwrap();
    let junk = "x".repeat((MOST_ATTEMPTS + 1) * (LONGEST_LINE + 1));
    fs::write(file.path(), format!("{junk}\n{line}")).unwrap();
    let read = file.read().unwrap();
    assert_eq!((read.attempts.len(), read.damaged), (1, 0));
}

fn attempts() -> impl Strategy<Value = JobAttempt> {
    let rows = proptest::collection::vec(("[a-z/\"\\\\\n ]{0,8}", 0.0..1e6_f64), 0..4);
    (1..6_i64, rows).prop_map(|(number, rows)| {
        let rows: Vec<Row> = rows.iter().map(|(endpoint, value)| row(endpoint, *value)).collect();
        attempt(number, rows)
    })
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in any::<String>(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = AttemptLine::parse(&text);
        let _ = RecordedAttempts::parse(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn what_is_written_is_read_back(attempt in attempts()) {
        let recorded = RecordedAttempts { attempts: vec![attempt], ..RecordedAttempts::default() };
        prop_assert_eq!(&RecordedAttempts::parse(&recorded.text()), &recorded);
    }

    #[test]
    fn a_cut_anywhere_costs_one_line_at_most(list in proptest::collection::vec(attempts(), 1..5), cut in 0.0..1.0_f64) {
        let mut recorded = RecordedAttempts::default();
        list.into_iter().for_each(|attempt| recorded.add(attempt));
        let text = recorded.text();
        let mut at = (text.len() as f64 * cut) as usize;
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let whole = text[..at].matches('\n').count();
        let read = RecordedAttempts::parse(&text[..at]);
        prop_assert!(read.attempts.len() >= whole && read.attempts.len() <= whole + 1);
        prop_assert!(read.attempts.iter().zip(&recorded.attempts).all(|(read, written)| read == written));
    }

    #[test]
    fn adding_is_idempotent(list in proptest::collection::vec(attempts(), 1..8)) {
        let mut once = RecordedAttempts::default();
        list.iter().for_each(|attempt| once.add(attempt.clone()));
        let mut again = once.clone();
        again.add(list.last().unwrap().clone());
        prop_assert_eq!(again.attempts.len(), once.attempts.len());
        let runs: std::collections::BTreeSet<&str> = once.attempts.iter().map(|one| one.run.as_str()).collect();
        prop_assert_eq!(runs.len(), once.attempts.len(), "each attempt once");
    }
}
