//! The file: whole or torn, alone or with others writing.

use std::fs;
use std::process::Command;
use std::time::Duration;

use loadforge_ci::baseline::{GoodRun, HistoryIndex, HistoryLine, Keep, LearnedBaseline, Rules, RunHistory, ThisRun};
use loadforge_ci::gate::LimitSource;
use proptest::prelude::*;

use super::support::{at, good, history_of};

fn ids(history: &RunHistory) -> Vec<u64> {
    history.runs().iter().map(|run| run.run.id).collect()
}

#[test]
fn runs_are_kept_in_order_of_their_start_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut history = RunHistory::open(dir.path().join("new/history")).unwrap();
    assert!(history.runs().is_empty());
    assert!(history.append(&good(2, 2, 400.0)).unwrap());
    assert!(history.append(&good(1, 1, 400.0)).unwrap());
    assert!(!history.append(&good(2, 2, 400.0)).unwrap());
    assert_eq!(ids(&history), [1, 2]);
    let reopened = RunHistory::open(history.folder()).unwrap();
    assert_eq!(reopened.runs(), history.runs());
    // One object a line, readable by a person and by jq.
    let text = fs::read_to_string(history.folder().join(RunHistory::FILE)).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(text.starts_with(r#"{"schema_version":1,"run":{"api":"https://app.loadforge.com/api/v2","id":2}"#));
}

#[test]
fn a_file_cut_anywhere_loses_at_most_its_last_record_and_heals() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(RunHistory::FILE);
    let mut history = RunHistory::open(dir.path()).unwrap();
    for id in 0..3 {
        history.append(&good(id, id as i64, 400.0)).unwrap();
    }
    let whole = fs::read(&file).unwrap();
    for cut in 0..=whole.len() {
        fs::write(&file, &whole[..cut]).unwrap();
        let records = whole[..cut].iter().filter(|byte| **byte == b'\n').count();
        // A record whose line end alone is missing is whole.
        let complete = records + usize::from(whole.get(cut) == Some(&b'\n'));
        let mut torn = RunHistory::open(dir.path()).unwrap();
        assert_eq!(torn.runs().len(), complete, "cut at {cut}");
        // Healing is the same at every cut; a sample keeps the test quick.
        if cut % 97 == 0 || complete > records {
            assert!(torn.append(&good(9, 9, 400.0)).unwrap());
            let healed = RunHistory::open(dir.path()).unwrap();
            assert_eq!(healed.runs().len(), complete + 1, "cut at {cut}");
            assert_eq!(healed.left_out(), (0, 0), "cut at {cut}");
        }
    }
}

#[test]
fn damage_in_the_middle_costs_that_line_alone_and_a_prune_removes_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(RunHistory::FILE);
    let line = |run: &GoodRun| serde_json::to_string(run).unwrap();
    let newer = r#"{"schema_version":2,"something":"else"}"#;
    let text =
        format!("{}\n{{\"schema_version\":1,\"ru\n{newer}\n\n{}\n", line(&good(1, 1, 1.0)), line(&good(2, 2, 1.0)));
    fs::write(&file, text).unwrap();
    let mut history = RunHistory::open(dir.path()).unwrap();
    assert_eq!((ids(&history), history.left_out()), (vec![1, 2], (1, 1)));
    let pruned = history.prune(&Keep::usual(at(3))).unwrap();
    assert_eq!((pruned.kept, pruned.removed), (2, 0));
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 3);
    assert!(text.contains(newer), "lines of a later version stay");
}

#[test]
fn a_prune_keeps_the_newest_of_each_fingerprint_and_nothing_too_old() {
    let dir = tempfile::tempdir().unwrap();
    let mut history = RunHistory::open(dir.path()).unwrap();
    for id in 0..6 {
        history.append(&good(id, id as i64 * 10, 400.0)).unwrap();
    }
    let mut other = good(100, 1, 400.0);
    other.fingerprint.users = Some(2_000);
    history.append(&other).unwrap();
    let keep = |runs, days: u64| Keep { runs, max_age: Duration::from_secs(days * 86_400), now: at(50) };
    assert_eq!(history.prune(&keep(4, 365)).unwrap().removed, 2);
    assert_eq!(ids(&history), [100, 2, 3, 4, 5]);
    assert_eq!(history.prune(&keep(4, 20)).unwrap().removed, 2);
    assert_eq!(ids(&RunHistory::open(dir.path()).unwrap()), [3, 4, 5]);
}

#[test]
fn a_prune_waits_until_it_is_worth_copying_the_file() {
    let runs: Vec<GoodRun> = (0..22).map(|id| good(id, id as i64, 400.0)).collect();
    let (dir, mut history) = history_of(&runs);
    let file = dir.path().join(RunHistory::FILE);
    let before = std::fs::read(&file).unwrap();
    let keep = |runs| Keep { runs, max_age: Duration::from_secs(365 * 86_400), now: at(50) };
    let pruned = history.prune(&keep(20)).unwrap();
    assert_eq!((pruned.kept, pruned.removed), (22, 0));
    assert_eq!((history.runs().len(), std::fs::read(&file).unwrap()), (22, before));
    let pruned = history.prune(&keep(19)).unwrap();
    assert_eq!((pruned.kept, pruned.removed), (19, 3));
    assert_eq!(ids(&RunHistory::open(dir.path()).unwrap()), (3..22).collect::<Vec<_>>());
}

#[test]
fn what_others_wrote_since_a_history_was_opened_is_seen() {
    let (dir, mut first) = history_of(&[good(1, 1, 400.0)]);
    let mut second = HistoryIndex::open(dir.path()).unwrap();
    let heads = |index: &HistoryIndex| index.heads().iter().map(|head| head.run.id).collect::<Vec<_>>();
    first.append(&good(2, 2, 400.0)).unwrap();
    assert!(!second.append(&good(2, 2, 400.0)).unwrap());
    assert!(second.append(&good(4, 4, 400.0)).unwrap() && first.append(&good(3, 3, 400.0)).unwrap());
    assert_eq!(ids(&first), [1, 2, 3, 4]);
    assert!(second.append(&good(5, 5, 400.0)).unwrap());
    assert_eq!(heads(&second), [1, 2, 3, 4, 5]);
    // Pruned and cut off by others.
    let keep = Keep { runs: 2, max_age: Duration::from_secs(365 * 86_400), now: at(50) };
    assert_eq!(first.prune(&keep).unwrap().removed, 3);
    assert!(second.append(&good(6, 6, 400.0)).unwrap());
    assert_eq!(heads(&second), [4, 5, 6]);
    let file = std::fs::OpenOptions::new().write(true).open(dir.path().join(RunHistory::FILE)).unwrap();
    file.set_len(file.metadata().unwrap().len() - 9).unwrap();
    assert!(second.append(&good(7, 7, 400.0)).unwrap());
    assert_eq!(heads(&second), [4, 5, 7]);
    assert_eq!(heads(&HistoryIndex::open(dir.path()).unwrap()), [4, 5, 7]);
}

#[test]
fn threads_that_append_and_prune_at_once_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4_u64 {
            let path = dir.path();
            scope.spawn(move || {
                for run in 0..15 {
                    let mut history = RunHistory::open(path).unwrap();
                    history.append(&good(writer * 1_000 + run, run as i64, 400.0)).unwrap();
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..15 {
                RunHistory::open(dir.path()).unwrap().prune(&Keep::usual(at(20))).unwrap();
            }
        });
    });
    let history = RunHistory::open(dir.path()).unwrap();
    assert_eq!((history.runs().len(), history.left_out()), (60, (0, 0)));
}

/// Not a test of its own: what the child processes of the next test do.
#[test]
fn appends_as_a_child_process() {
    let (Ok(folder), Ok(writer)) = (std::env::var("TEST_HISTORY_FOLDER"), std::env::var("TEST_HISTORY_WRITER")) else {
        return;
    };
    let writer: u64 = writer.parse().unwrap();
    for run in 0..10 {
        let mut history = RunHistory::open(&folder).unwrap();
        history.append(&good(writer * 1_000 + run, run as i64, 400.0)).unwrap();
        if run % 5 == 0 {
            history.prune(&Keep::usual(at(20))).unwrap();
        }
    }
}

#[test]
fn processes_that_append_and_prune_at_once_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let children: Vec<_> = (0..4)
        .map(|writer| {
            Command::new(std::env::current_exe().unwrap())
                .args(["baseline::history::appends_as_a_child_process", "--exact", "-q"])
                .env("TEST_HISTORY_FOLDER", dir.path())
                .env("TEST_HISTORY_WRITER", writer.to_string())
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let history = RunHistory::open(dir.path()).unwrap();
    assert_eq!((history.runs().len(), history.left_out()), (40, (0, 0)));
}

/// What a run measured is read only when the run is compared with, and a line that turns out to be damaged then makes
/// room for an older one.
#[test]
fn the_head_of_a_line_decides_whether_the_rest_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let line = |run: &GoodRun| serde_json::to_string(run).unwrap();
    let broken = |run: &GoodRun| line(run).replace("\"requests\":", "\"requests\":!");
    let mut other = good(4, 4, 1.0);
    other.fingerprint.users = Some(7);
    let lines = [line(&good(1, 1, 1.0)), broken(&good(2, 2, 1.0)), line(&good(3, 3, 1.0)), broken(&other)];
    fs::write(dir.path().join(RunHistory::FILE), lines.join("\n") + "\n").unwrap();
    let index = HistoryIndex::open(dir.path()).unwrap();
    assert_eq!((index.heads().len(), index.left_out()), (4, (0, 0)));
    let rules = Rules { branch: None, runs: 2, max_age: Duration::from_secs(86_400 * 365), now: at(5) };
    let now = good(9, 5, 1.0);
    let this = ThisRun {
        fingerprint: now.fingerprint,
        run: None,
        commit: None,
        exact: true,
        rows: 1,
        endpoints: Vec::new(),
        total: now.total,
        most_runs: 1,
        as_long: true,
    };
    let comparable = index.comparable(&rules, &this).unwrap();
    let learned = LearnedBaseline::over(&comparable, &this);
    assert_eq!(learned.expected().runs, 2, "the runs 1 and 3");
    assert_eq!(RunHistory::open(dir.path()).unwrap().left_out(), (2, 0), "all that is read whole is checked");
}

/// A head that does not fit into the first read is found all the same.
#[test]
fn a_long_head_and_another_order_of_the_fields_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let mut run = good(1, 1, 1.0);
    run.fingerprint.test = "x".repeat(10_000);
    let usual = serde_json::to_string(&run).unwrap();
    let value: serde_json::Value = serde_json::from_str(&usual).unwrap();
    let fields: Vec<String> =
        value.as_object().unwrap().iter().rev().map(|(key, value)| format!("{key:?}:{value}")).collect();
    let turned = format!("{{{}}}", fields.join(","));
    for text in [usual, turned] {
        fs::write(dir.path().join(RunHistory::FILE), text + "\n").unwrap();
        assert_eq!(RunHistory::open(dir.path()).unwrap().runs(), std::slice::from_ref(&run));
    }
}

proptest! {
    #[test]
    fn no_line_is_ever_a_panic(text in any::<String>()) {
        let _ = HistoryLine::parse(&text);
    }

    #[test]
    fn a_changed_byte_is_a_record_or_damage(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = serde_json::to_vec(&good(1, 1, 400.0)).unwrap();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(RunHistory::FILE), &bytes).unwrap();
        let history = RunHistory::open(dir.path()).unwrap();
        let (damaged, newer) = history.left_out();
        // A line end in the middle makes two damaged lines of one.
        prop_assert!(history.runs().len() + damaged + newer >= 1);
        prop_assert!(history.runs().len() <= 1);
    }

    #[test]
    fn every_record_reads_back(id in any::<u64>(), day in 0_i64..3_000, p95 in 0.0..1e9_f64, name in any::<String>()) {
        let mut run = good(id, day, p95);
        run.endpoints[0].name = name;
        let line = serde_json::to_string(&run).unwrap();
        prop_assert!(!line.contains('\n'));
        prop_assert_eq!(HistoryLine::parse(&line), HistoryLine::Run(Box::new(run)));
    }
}
