//! Following a run: every end, outages, time limits, signals.

use std::time::{Duration, Instant};

use loadforge_ci::error::CommandError;
use loadforge_ci::exit::Exit;
use loadforge_ci::loadforge::{RunOutcome, RunPlan, Session, SessionError, Signal, StopSignals};
use loadforge_ci::results::{ProblemKind, ResultsFolder, RunState};
use serde_json::json;

use super::service::Reply;
use super::support::{World, finished, good_stages, plan};

const RESULT: &str = "GET /api/v2/result/";

#[tokio::test]
async fn every_end_has_its_words_and_its_exit_code() {
    let mut text = String::new();
    for code in 3..=8 {
        let mut world = World::new().await;
        let mut last = finished();
        last["run_status"] = json!(code);
        last["message"] = json!(if code == 3 { None } else { Some("the reason") });
        world.service.state().stages = vec![json!({"run_status": 2}), last];
        let end = world.run(&plan()).await.unwrap();
        // A run that was seen running did launch.
        let state = if code == 4 { RunState::EndedEarly } else { RunState::of_code(code) };
        assert_eq!(world.record().state(), Some(state));
        assert!(end.results.is_some(), "nothing measured is lost");
        text += &format!("{code}: {} {}\n", end.exit().code(), end.sentence());
    }
    insta::assert_snapshot!(text, @r"
    3: 0 run 100 finished
    4: 4 run 100 did not complete: ended early (the reason)
    5: 4 run 100 did not complete: cancelled (the reason)
    6: 4 run 100 did not complete: limited by the cloud provider (the reason)
    7: 4 run 100 did not complete: cloud workers failed to launch (the reason)
    8: 4 run 100 did not complete: ended in a way this version does not know (the reason)
    ");
}

#[tokio::test]
async fn a_run_that_measured_nothing_leaves_no_results() {
    let mut world = World::new().await;
    world.service.state().stages = vec![json!({"run_status": 4})];
    let end = world.run(&plan()).await.unwrap();
    assert_eq!((end.outcome, end.results), (RunOutcome::Incomplete(RunState::FailedToLaunch), None));
    assert!(!world.folder().file(ResultsFolder::RESULTS).exists());
}

#[tokio::test]
async fn an_outage_in_the_middle_is_survived_and_told_once() {
    let mut world = World::new().await;
    let stages = good_stages();
    world.service.state().stages = [vec![json!({"run_status": 2})], stages].concat();
    world.service.lose(RESULT, Reply::Json(200, json!({"run_status": 2})));
    for (times, reply) in [
        (2, Reply::Json(503, json!({}))),
        (1, Reply::Close),
        (1, Reply::html(200)),
        (1, Reply::text(200, "{")),
        (1, Reply::with_header(302, "Location: /login")),
        (1, Reply::with_header(429, "Retry-After: 1")),
    ] {
        world.service.fail(RESULT, times, reply);
    }
    assert_eq!(world.run(&plan()).await.unwrap().outcome, RunOutcome::Finished);
    let lines_with = |words: &str| world.said.iter().filter(|line| line.contains(words)).count();
    assert_eq!((lines_with("does not answer"), lines_with("answers again")), (1, 1), "{:?}", world.said);
    assert_eq!(world.starts(), 1);
}

#[tokio::test]
async fn a_run_that_is_not_listed_at_once_is_waited_for() {
    let mut world = World::new().await;
    world.service.fail(RESULT, 2, Reply::Json(404, json!({"message": "No such result."})));
    assert_eq!(world.run(&plan()).await.unwrap().outcome, RunOutcome::Finished);
}

#[tokio::test]
async fn a_silent_service_does_not_silence_the_log() {
    let mut world = World::new().await;
    world.timeout = Some(Duration::from_millis(500));
    world.service.fail(RESULT, 1, Reply::Silence);
    world.run(&plan()).await.unwrap();
    let before = world.said.iter().take_while(|line| !line.contains("does not answer"));
    let signs = before.filter(|line| line.ends_with("queued")).count();
    assert!(signs >= 3, "{:?}", world.said);
}

#[tokio::test]
async fn a_revoked_token_ends_the_wait() {
    let mut world = World::new().await;
    world.service.fail(RESULT, u32::MAX, Reply::Json(401, json!({"message": "Unauthenticated."})));
    let failure = CommandError::from(world.run(&plan()).await.unwrap_err());
    assert_eq!(failure.exit, Exit::NotAllowed);
    assert!(failure.message.contains("run 100"), "{failure}");
    // The run is still recorded, so that it can be taken up with a good token.
    assert_eq!((world.record().run_id, world.record().collected), (Some(100), false));
}

#[tokio::test]
async fn the_overall_timeout_cancels_the_run_and_keeps_what_was_measured() {
    let mut world = World::new().await;
    world.service.state().stages = vec![json!({"run_status": 2, "requests": 40})];
    let end = world.run(&RunPlan { timeout: Duration::from_millis(400), ..plan() }).await.unwrap();
    assert_eq!((end.outcome, end.exit()), (RunOutcome::TimedOut, Exit::TimedOut));
    assert!(world.service.state().runs[&100].cancelled);
    assert_eq!(world.record().state(), Some(RunState::Cancelled));
    let results = end.results.unwrap();
    assert_eq!((results.total.requests, results.problems[0].kind), (40, ProblemKind::EndedEarly));
    // Asking again means wanting another run.
    world.service.state().stages = good_stages();
    assert_eq!(world.run(&plan()).await.unwrap().run_id, Some(101));
}

#[tokio::test]
async fn a_timeout_during_an_outage_says_that_the_run_may_go_on() {
    let mut world = World::new().await;
    world.service.fail(RESULT, u32::MAX, Reply::Json(503, json!({"message": "Down"})));
    world.service.fail("POST /api/v2/run/cancel", u32::MAX, Reply::Json(503, json!({})));
    let error = world.run(&RunPlan { timeout: Duration::from_millis(400), ..plan() }).await.unwrap_err();
    assert!(matches!(error, SessionError::Unreachable { run_id: 100, .. }), "{error}");
    assert_eq!(CommandError::from(error).exit, Exit::Unavailable);
    assert!(world.heard("run 100 could not be cancelled"));
}

#[tokio::test]
async fn a_signal_cancels_the_run_within_its_time() {
    for (signal, exit) in [
        (Signal::Interrupt, Exit::Interrupted),
        (Signal::Terminate, Exit::Terminated),
        (Signal::HangUp, Exit::Terminated),
    ] {
        let mut world = World::new().await;
        world.service.state().stages = vec![json!({"run_status": 2})];
        let (sender, stop) = StopSignals::channel();
        world.service.state().signal = Some((RESULT.into(), signal, sender));
        let began = Instant::now();
        let end = world.run_until(&plan(), stop).await.unwrap();
        assert_eq!((end.outcome, end.exit()), (RunOutcome::Stopped(signal), exit));
        assert!(began.elapsed() < Duration::from_secs(5));
        assert!(world.service.state().runs[&100].cancelled);
        assert_eq!(world.record().state(), Some(RunState::Cancelled));
    }
}

#[tokio::test]
async fn a_signal_during_the_start_leaves_no_run_behind() {
    for reply in [None, Some(Reply::Silence), Some(Reply::Close)] {
        let mut world = World::new().await;
        if let Some(reply) = &reply {
            world.service.lose("POST /api/v2/run", reply.clone());
        }
        let (sender, stop) = StopSignals::channel();
        world.service.state().signal = Some(("POST /api/v2/run".into(), Signal::Terminate, sender));
        let began = Instant::now();
        let end = world.run_until(&plan(), stop).await.unwrap();
        assert_eq!((end.exit(), end.run_id), (Exit::Terminated, Some(100)), "{reply:?}");
        assert!(began.elapsed() < Duration::from_secs(5), "{reply:?}");
        assert!(world.service.state().runs[&100].cancelled, "{reply:?}");
    }
}

#[tokio::test]
async fn a_signal_before_the_start_starts_nothing() {
    let mut world = World::new().await;
    let (sender, stop) = StopSignals::channel();
    world.service.state().signal = Some(("GET /api/v2/results".into(), Signal::Interrupt, sender));
    world.service.fail("GET /api/v2/results", 1, Reply::Silence);
    let end = world.run_until(&plan(), stop).await.unwrap();
    assert_eq!((end.exit(), end.run_id, world.starts()), (Exit::Interrupted, None, 0));
}

#[tokio::test]
async fn a_signal_is_heard_while_the_test_is_looked_up() {
    let mut world = World::new().await;
    let (sender, stop) = StopSignals::channel();
    world.service.state().signal = Some(("GET /api/v2/tests".into(), Signal::Interrupt, sender));
    world.service.fail("GET /api/v2/tests", 1, Reply::Silence);
    let failure = CommandError::from(world.run_until(&plan(), stop).await.unwrap_err());
    assert_eq!((failure.exit, failure.message.as_str()), (Exit::Interrupted, "stopped by SIGINT"));
}

#[tokio::test]
async fn a_run_started_elsewhere_can_be_waited_for() {
    let mut world = World::new().await;
    world.service.state().add_run(4217, json!(5));
    let end = world.wait(Some(100)).await.unwrap();
    assert_eq!((end.outcome, end.run_id), (RunOutcome::Finished, Some(100)));
    let record = world.record();
    assert_eq!((record.test.as_str(), record.fingerprint.users), ("checkout", Some(50)));
    assert_eq!((record.fingerprint.duration_s, record.collected), (Some(300), true));
    let unknown = CommandError::from(world.wait(Some(999)).await.unwrap_err());
    assert_eq!(unknown.exit, Exit::Usage);
}

#[tokio::test]
async fn without_a_run_there_is_nothing_to_wait_for_or_to_cancel() {
    let mut world = World::new().await;
    assert!(matches!(world.wait(None).await, Err(SessionError::NothingRecorded)));
    let cancel = async |session: &mut Session<'_>| session.cancel(None).await;
    assert!(matches!(world.with(StopSignals::never(), cancel).await, Err(SessionError::NothingRecorded)));
}

#[tokio::test]
async fn the_recorded_run_can_be_cancelled_also_when_its_start_was_unclear() {
    let mut world = World::new().await;
    world.run(&RunPlan { detach: true, ..plan() }).await.unwrap();
    let mut record = world.record();
    record.run_id = None;
    world.folder().write_json(ResultsFolder::RUN, &record).unwrap();
    let cancel = async |session: &mut Session<'_>| session.cancel(None).await;
    assert_eq!(world.with(StopSignals::never(), cancel).await.unwrap(), 100);
    assert_eq!(world.with(StopSignals::never(), cancel).await.unwrap(), 100);
    assert!(world.heard("run 100 is over already: cancelled"));
    assert!(world.service.state().runs[&100].cancelled);
    assert_eq!(world.record().state(), Some(RunState::Cancelled));
}
