//! Exactly one run, whatever happens to the start request.

use std::time::Duration;

use loadforge_ci::error::CommandError;
use loadforge_ci::exit::Exit;
use loadforge_ci::loadforge::{RunOutcome, RunPlan, SessionError};
use loadforge_ci::results::{ResultsFolder, RunState, StartApi, TestSource};
use serde_json::json;

use super::service::Reply;
use super::support::{World, build, plan};

const RUN: &str = "POST /api/v2/run";

#[tokio::test]
async fn a_run_is_started_followed_and_collected() {
    let mut world = World::new().await;
    let end = world.run(&plan()).await.unwrap();
    assert_eq!((end.outcome, end.exit(), end.run_id), (RunOutcome::Finished, Exit::Passed, Some(100)));
    let record = world.record();
    let states: Vec<_> = record.states.iter().map(|change| change.state).collect();
    use RunState::{Finished, Intended, Provisioning, Queued, Running};
    assert_eq!(states, [Intended, Queued, Provisioning, Running, Finished]);
    assert!(record.collected);
    assert!(world.heard("run is now: launching load generators"));
    let fingerprint = record.fingerprint;
    assert_eq!((fingerprint.users, fingerprint.duration_s), (Some(50), Some(300)));
    assert_eq!(fingerprint.host.as_deref(), Some("https://staging.example.com:443"));
    insta::assert_snapshot!(
        world.said.iter().filter(|line| !line.starts_with(|c: char| c.is_ascii_digit())).cloned().collect::<Vec<_>>().join("\n"), @r"
    starting `checkout` for 5m against https://staging.example.com:443
    run 100 is started
    collected 100 requests (1 failed) of 2 endpoints
    ");
}

#[tokio::test]
async fn a_timeout_beyond_all_measure_is_none() {
    let mut world = World::new().await;
    let end = world.run(&RunPlan { timeout: Duration::MAX, ..plan() }).await.unwrap();
    assert_eq!(end.outcome, RunOutcome::Finished);
}

#[tokio::test]
async fn the_intent_is_on_disk_before_the_request_is_sent() {
    let mut world = World::new().await;
    world.service.state().watched = Some(world.path().join(ResultsFolder::RUN));
    world.service.state().add_run(4217, json!(5));
    world.run(&plan()).await.unwrap();
    let seen: serde_json::Value = serde_json::from_str(world.service.state().seen_at_start.as_ref().unwrap()).unwrap();
    assert_eq!((&seen["intent"]["test_id"], &seen["intent"]["known_runs"]), (&json!(4217), &json!([100])));
    assert_eq!(seen["run_id"], json!(null));
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_is_found_and_not_repeated() {
    let garbage = Reply::text(200, "{\"run_id\"");
    for reply in [Reply::Close, Reply::Json(500, json!({})), Reply::html(504), garbage, Reply::Json(200, json!({}))] {
        for test_id_in_rows in [true, false] {
            let mut world = World::new().await;
            world.service.state().test_id_in_rows = test_id_in_rows;
            world.service.state().add_run(4217, json!(5));
            world.service.lose(RUN, reply.clone());
            let end = world.run(&plan()).await.unwrap();
            assert_eq!((end.outcome, end.run_id), (RunOutcome::Finished, Some(101)), "{reply:?}");
            assert_eq!((world.starts(), world.runs()), (1, 2), "{reply:?}");
            assert!(world.heard("it is not known whether the run was started"));
        }
    }
}

#[tokio::test]
async fn a_start_that_is_never_answered_is_found_too() {
    let mut world = World::new().await;
    world.timeout = Some(Duration::from_millis(300));
    world.service.lose(RUN, Reply::Silence);
    assert_eq!(world.run(&plan()).await.unwrap().run_id, Some(100));
    assert_eq!((world.starts(), world.runs()), (1, 1));
}

#[tokio::test]
async fn looking_survives_an_outage() {
    let mut world = World::new().await;
    world.service.lose(RUN, Reply::Close);
    // The first list is the one before the start; the faults begin after it.
    world.service.lose("GET /api/v2/results", Reply::Json(200, json!([])));
    world.service.fail("GET /api/v2/results", 9, Reply::Json(503, json!({})));
    assert_eq!(world.run(&plan()).await.unwrap().run_id, Some(100));
    assert_eq!(world.starts(), 1);
}

#[tokio::test]
async fn a_start_that_did_not_happen_is_repeated() {
    let mut world = World::new().await;
    world.service.fail(RUN, 1, Reply::Close);
    assert_eq!(world.run(&plan()).await.unwrap().run_id, Some(100));
    assert_eq!((world.starts(), world.runs()), (2, 1));
    assert!(world.heard("no run was started"));
}

#[tokio::test]
async fn a_service_that_keeps_failing_is_given_up_with_its_own_words() {
    for (reply, code, starts) in [
        (Reply::Json(500, json!({"message": "Server Error"})), Exit::Unavailable, 3),
        (Reply::text(503, "maintenance"), Exit::Unavailable, 3),
        (Reply::Close, Exit::Unavailable, 3),
        (Reply::Json(429, json!({"message": "Too Many Attempts."})), Exit::Unavailable, 6),
        (Reply::html(200), Exit::NotAllowed, 1),
        (Reply::Json(403, json!({"message": "Plan limit reached"})), Exit::NotAllowed, 1),
        (Reply::Json(422, json!({"message": "Invalid", "errors": {"duration": "too long"}})), Exit::Usage, 1),
    ] {
        let mut world = World::new().await;
        world.service.fail(RUN, u32::MAX, reply.clone());
        let failure = CommandError::from(world.run(&plan()).await.unwrap_err());
        assert_eq!((failure.exit, world.starts(), world.runs()), (code, starts, 0), "{reply:?}");
        assert!(failure.message.starts_with("failed to start a run of test 4217: "), "{failure}");
        let looks_next_time = world.record().intent.is_some();
        assert_eq!(looks_next_time, !matches!(reply, Reply::Json(400..=499, _)), "after a definite no there is no run");
    }
}

#[tokio::test]
async fn a_busy_service_is_asked_again() {
    let mut world = World::new().await;
    world.service.fail(RUN, 2, Reply::Json(429, json!({"message": "Too Many Attempts."})));
    assert_eq!(world.run(&plan()).await.unwrap().run_id, Some(100));
    assert_eq!((world.starts(), world.runs()), (3, 1));
    assert!(world.heard("trying again in"));
}

#[tokio::test]
async fn between_two_candidates_is_never_guessed() {
    let mut world = World::new().await;
    world.service.state().test_id_in_rows = false;
    world.service.state().test_id_in_result = false;
    world.service.fail(RUN, 1, Reply::Close);
    world.service.lose("GET /api/v2/results", Reply::Json(200, json!([])));
    for _ in 0..2 {
        world.service.state().add_run(4217, json!(5));
    }
    for _ in 0..2 {
        let error = world.run(&plan()).await.unwrap_err();
        assert!(matches!(&error, SessionError::Ambiguous { runs, .. } if *runs == [100, 101]), "{error}");
        let failure = CommandError::from(error);
        assert_eq!((failure.exit, world.starts()), (Exit::Unavailable, 1));
        assert!(failure.message.contains("100, 101"), "{failure}");
    }
    // Whoever looked and knows which it is can say so.
    assert_eq!(world.wait(Some(101)).await.unwrap().outcome, RunOutcome::Finished);
}

#[tokio::test]
async fn a_run_that_may_be_another_pipelines_is_named_and_neither_believed_nor_cancelled() {
    let mut world = World::new().await;
    world.service.state().test_id_in_rows = false;
    world.service.state().test_id_in_result = false;
    world.service.lose(RUN, Reply::Json(502, json!({})));
    let failure = CommandError::from(world.run(&plan()).await.unwrap_err());
    assert_eq!((failure.exit, world.starts()), (Exit::Unavailable, 1));
    insta::assert_snapshot!(failure.message, @"run 100 appeared after our start request, but the service does not say which test it is of: it may be another pipeline's");
    assert!(failure.hint.unwrap().contains("`wait --run-id 100`"));
    assert!(!world.service.state().runs[&100].cancelled);
    // What its result says of its test is looked at before anything is believed.
    world.service.state().test_id_in_result = true;
    assert_eq!(world.run(&plan()).await.unwrap().run_id, Some(100));
    assert_eq!(world.starts(), 1);
}

#[tokio::test]
async fn a_repeated_job_takes_up_its_run() {
    let mut world = World::new().await;
    let detached = world.run(&RunPlan { detach: true, ..plan() }).await.unwrap();
    assert_eq!((detached.outcome, detached.exit()), (RunOutcome::Detached, Exit::Passed));
    let end = world.run(&plan()).await.unwrap();
    assert_eq!((end.outcome, end.run_id, world.starts()), (RunOutcome::Finished, Some(100), 1));
    assert!(world.heard("continuing with run 100"));
    // Collected already: the same job shows it again without asking the service, another starts its own.
    let looks = world.service.state().count("GET /api/v2/result/100");
    let again = world.run(&plan()).await.unwrap();
    assert_eq!((again.run_id, again.results), (Some(100), end.results));
    assert_eq!(world.service.state().count("GET /api/v2/result/100"), looks);
    let other = world.run(&RunPlan { build: build("job-2"), ..plan() }).await.unwrap();
    assert_eq!((other.run_id, world.starts()), (Some(101), 2));
}

#[tokio::test]
async fn a_job_that_died_during_the_start_finds_its_run() {
    let mut world = World::new().await;
    world.run(&RunPlan { detach: true, ..plan() }).await.unwrap();
    let mut record = world.record();
    record.run_id = None;
    record.states.truncate(1);
    world.folder().write_json(ResultsFolder::RUN, &record).unwrap();
    assert_eq!(world.run(&plan()).await.unwrap().run_id, Some(100));
    assert_eq!(world.starts(), 1);
    // When there is none, it starts one.
    record.collected = false;
    record.intent.as_mut().unwrap().known_runs.push(100);
    world.folder().write_json(ResultsFolder::RUN, &record).unwrap();
    assert_eq!(world.run(&plan()).await.unwrap().run_id, Some(101));
}

#[tokio::test]
async fn a_record_of_another_test_or_of_a_lost_run_is_not_taken_up() {
    let mut world = World::new().await;
    world.service.state().tests.insert(5, json!({"id": 5, "name": "other"}));
    world.run(&RunPlan { detach: true, ..plan() }).await.unwrap();
    world.run(&RunPlan { test: TestSource::Id(5), ..plan() }).await.unwrap();
    assert_eq!(world.starts(), 2);
    assert!(world.heard("it is of another test (test: 4217, now 5)"), "{:?}", world.said);
    world.run(&RunPlan { detach: true, ..plan() }).await.unwrap();
    world.service.state().forget_run(102);
    assert_eq!(world.run(&plan()).await.unwrap().run_id, Some(103));
    assert!(world.heard("the service does not know run 102 any more"));
}

#[tokio::test]
async fn what_an_earlier_run_left_is_gone_before_the_next_starts() {
    let mut world = World::new().await;
    for name in [ResultsFolder::RESULTS, ResultsFolder::VERDICT, ResultsFolder::JUNIT, ResultsFolder::COMMENT] {
        world.folder().write(name, "old").unwrap();
    }
    world.service.fail(RUN, 1, Reply::Json(422, json!({})));
    world.run(&plan()).await.unwrap_err();
    for name in [ResultsFolder::RESULTS, ResultsFolder::VERDICT, ResultsFolder::JUNIT, ResultsFolder::COMMENT] {
        assert!(!world.folder().file(name).exists(), "{name}");
        assert!(world.folder().previous().file(name).exists(), "{name} is kept beside it");
    }
}

#[tokio::test]
async fn the_original_start_call_carries_the_environment() {
    let mut world = World::new().await;
    world.service.state().token = Some("s3cret-token".into());
    let env = vec![("STAGE".to_owned(), "blue".into())];
    world.run(&RunPlan { start_api: StartApi::V1, env, ..plan() }).await.unwrap();
    let state = world.service.state();
    let start = state.requests.iter().find(|request| request.path == "/api/v1/tests/4217/start").unwrap();
    assert_eq!(start.headers["authorization"], "Token s3cret-token");
    assert_eq!(start.body["env"], json!({"STAGE": "blue"}));
}

#[tokio::test]
async fn a_test_is_found_by_its_name() {
    let mut world = World::new().await;
    let named = |name: &str| RunPlan { test: TestSource::Name(name.into()), ..plan() };
    assert_eq!(world.resolve(&named("checkout")).await.unwrap().test_id, Some(4217));
    let missing = CommandError::from(world.resolve(&named("chekout")).await.unwrap_err());
    assert_eq!(missing.message, "there is no test named `chekout`; did you mean `checkout`?");
    world.service.state().tests.insert(9, json!({"id": 9, "name": "checkout"}));
    let several = CommandError::from(world.resolve(&named("checkout")).await.unwrap_err());
    assert_eq!(several.message, "2 tests are named `checkout`: 9, 4217");
    assert_eq!((missing.exit, several.exit), (Exit::Usage, Exit::Usage));
}

#[tokio::test]
async fn what_a_saved_test_fixes_cannot_be_asked_for_otherwise() {
    let mut world = World::new().await;
    assert!(world.resolve(&RunPlan { users: Some(50), ..plan() }).await.is_ok(), "the same is fine");
    let failure = CommandError::from(world.resolve(&RunPlan { users: Some(200), ..plan() }).await.unwrap_err());
    assert_eq!(failure.message, "--users asks for 200, but the saved test has 50");
    let elsewhere = RunPlan { target_host: Some("https://prod.example.com".parse().unwrap()), ..plan() };
    let failure = CommandError::from(world.resolve(&elsewhere).await.unwrap_err());
    assert!(failure.message.starts_with("--target-host asks for https://prod.example.com:443"), "{failure}");
}

#[tokio::test]
async fn a_test_that_does_not_exist_is_a_usage_error() {
    let mut world = World::new().await;
    let failure = CommandError::from(world.run(&RunPlan { test: TestSource::Id(1), ..plan() }).await.unwrap_err());
    assert_eq!((failure.exit, failure.message.contains("No such test.")), (Exit::Usage, true), "{failure}");
    assert!(failure.hint.unwrap().contains("--test-id"));
}
