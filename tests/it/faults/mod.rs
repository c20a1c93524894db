//! No fault of the service loses sight of a paid run.

mod instrument;

use std::time::Duration;

use instrument::{Answer, Call, Cell, Fault, Nature, Pattern, Story, random_starts, sample};
use jiff::SignedDuration;

fn check(cells: &[Cell]) {
    let mut broken = Vec::new();
    for cell in cells {
        let aftermath = cell.observe();
        let what = aftermath.broken();
        if !what.is_empty() {
            broken.push(format!("{cell}\n  ! {}\n{}", what.join("\n  ! "), aftermath.story()));
        }
    }
    assert!(broken.is_empty(), "{} of {} cells:\n{}", broken.len(), cells.len(), broken.join("\n"));
}

/// A cell that holds, and that says these words or does not.
fn assert_output(cell: &Cell, says: &[&str], never: &[&str]) {
    check(std::slice::from_ref(cell));
    let aftermath = cell.observe();
    for words in says {
        assert!(aftermath.says(words), "{cell} does not say `{words}`:\n{}", aftermath.story());
    }
    for words in never {
        assert!(!aftermath.says(words), "{cell} says `{words}`:\n{}", aftermath.story());
    }
}

const DONE: bool = true;
const NOT_DONE: bool = false;

fn fault(answer: Answer) -> Fault {
    Fault::of(answer, NOT_DONE)
}

#[test]
fn a_sample_of_the_matrix_holds() {
    check(&sample(100));
}

#[test]
fn random_faults_of_the_start_leave_one_run() {
    check(&random_starts(7, 100));
}

#[test]
fn one_refused_look_is_no_end_and_a_service_that_keeps_refusing_costs_no_run_its_name() {
    for status in [400, 401, 402, 403, 405, 409, 419, 422, 423, 501] {
        let once = Cell::new(Story::Saved, &[(Call::Poll, Pattern::Second, fault(Answer::Status(status)))]);
        assert_output(&once, &["run 100 finished"], &["cancelling"]);
    }
    let refused = (Call::Poll, Pattern::AfterFirst, fault(Answer::Status(401)));
    let lost = ["cancelling run 100", "lost sight of run 100", "https://app.loadforge.com/run/monitor/100"];
    assert_output(&Cell::new(Story::Script, &[refused]), &lost, &[]);
    let huge = Cell::new(Story::Saved, &[(Call::Poll, Pattern::Second, fault(Answer::Huge))]);
    assert_output(&huge, &["run 100 finished"], &[]);
    let other = Cell::new(Story::Saved, &[(Call::Poll, Pattern::Second, fault(Answer::WrongId))]);
    assert_output(&other, &["it is about run 50", "run 100 finished"], &[]);
    let wait = Cell::new(Story::Saved, &[(Call::Poll, Pattern::Second, fault(Answer::AbsurdWait))]);
    assert_output(&wait, &["run 100 finished"], &[]);
}

#[test]
fn a_run_of_another_pipeline_is_neither_taken_nor_cancelled() {
    let lost = [(Call::Start, Pattern::Always, fault(Answer::Status(502)))];
    let silent = Nature { rival: true, test_id_in_list: false, ..Nature::default() };
    assert_output(
        &Cell { nature: silent, ..Cell::new(Story::Saved, &lost) },
        &["no run was started"],
        &["run 100 is started"],
    );
    let mute = Nature { test_id_in_result: false, ..silent };
    let unknown = ["it may be another pipeline's", "https://app.loadforge.com/run/monitor/100"];
    for story in [Story::Saved, Story::SavedTooLong, Story::Script] {
        assert_output(
            &Cell { nature: mute, ..Cell::new(story, &lost) },
            &unknown,
            &["run 100 is started", "cancelling run"],
        );
    }
}

#[test]
fn neither_a_wrong_clock_nor_a_late_start_makes_a_second_run() {
    let lost = [(Call::Start, Pattern::Once, Fault::of(Answer::Closed, DONE))];
    for minutes in [-90, -15, 15, 90] {
        let nature = Nature { clock: SignedDuration::from_mins(minutes), ..Nature::default() };
        assert_output(&Cell { nature, ..Cell::new(Story::Saved, &lost) }, &["run 100 finished"], &["run 101"]);
    }
    let late = |seconds| Fault { late: Duration::from_secs(seconds), ..Fault::of(Answer::Status(504), DONE) };
    let soon = Cell::new(Story::Saved, &[(Call::Start, Pattern::Once, late(20))]);
    assert_output(&soon, &["run 100 finished"], &["no run was started"]);
    // After the last look: the second run of our own test is canceled, that of a saved test is named.
    let too_late = |story| Cell::new(story, &[(Call::Start, Pattern::Once, late(90))]);
    assert_output(&too_late(Story::Script), &["one start made it beside run 100", "run 101 is cancelled"], &[]);
    let named = too_late(Story::Saved).observe();
    assert!(named.says("https://app.loadforge.com/run/monitor/101 is of the same test"), "{}", named.story());
}

#[test]
fn a_start_that_was_carried_out_and_answered_badly_is_found() {
    for answer in
        [Answer::Html, Answer::Redirect, Answer::Huge, Answer::Cut, Answer::Hang, Answer::EmptyObject, Answer::WrongId]
    {
        let start = (Call::Start, Pattern::Once, Fault::of(answer, DONE));
        for list in [Answer::Right, Answer::Status(403), Answer::Closed] {
            let faults = [start, (Call::ListRuns, Pattern::Second, fault(list))];
            assert_output(&Cell::new(Story::Saved, &faults), &["run 100 finished"], &[]);
        }
    }
    let during = Cell::new(
        Story::SavedTooLong,
        &[
            (Call::ListTests, Pattern::Thrice, fault(Answer::Slow)),
            (Call::ListRuns, Pattern::Once, fault(Answer::Slow)),
            (Call::Start, Pattern::Once, Fault::of(Answer::Hang, DONE)),
        ],
    );
    assert_output(&during, &["run 100 is cancelled"], &[]);
}

#[test]
fn a_test_made_for_one_run_is_found_whenever_the_program_is_killed() {
    for call in [Call::CreateTest, Call::Start, Call::ListRuns, Call::Poll, Call::DeleteTest] {
        assert_output(&Cell::new(Story::Killed(call), &[]), &["deleted test 9000"], &[]);
    }
    let not_done = Cell::new(Story::Script, &[(Call::DeleteTest, Pattern::Always, fault(Answer::Right))]);
    assert_output(&not_done, &["test 9000, made for this run, could not be deleted"], &["deleted test 9000"]);
    let wrong = Cell::new(Story::Script, &[(Call::CreateTest, Pattern::Once, Fault::of(Answer::WrongId, DONE))]);
    assert_output(&wrong, &["deleted test 9000", "finished"], &[]);
}

#[test]
fn the_timeout_covers_collecting_and_the_log_is_never_silent() {
    let nature = Nature { csv_by_address: true, ..Nature::default() };
    let faults = [(Call::Download, Pattern::Always, fault(Answer::Hang))];
    assert_output(&Cell { nature, ..Cell::new(Story::Saved, &faults) }, &["still waiting for the service"], &[]);
    let finding = Cell::new(Story::SavedTooLong, &[(Call::ListTests, Pattern::Always, fault(Answer::Hang))]);
    assert_output(&finding, &["the overall timeout passed"], &[]);
}

#[test]
fn a_cancellation_is_believed_when_the_service_shows_it() {
    let ignored = Cell::new(Story::SavedTooLong, &[(Call::Cancel, Pattern::Always, fault(Answer::Right))]);
    let words =
        ["run 100 could not be cancelled and may go on (https://app.loadforge.com/run/monitor/100)", "still shows"];
    assert_output(&ignored, &words, &["run 100 is cancelled"]);
    let lost = Cell::new(Story::SavedTooLong, &[(Call::Cancel, Pattern::Always, Fault::of(Answer::Status(500), DONE))]);
    assert_output(&lost, &["run 100 is cancelled"], &[]);
    let cancel = Cell::new(Story::Cancelled, &[(Call::Cancel, Pattern::Always, fault(Answer::Right))]);
    assert_output(&cancel, &["run 100 could not be cancelled", "deleted test 9000"], &[]);
}
