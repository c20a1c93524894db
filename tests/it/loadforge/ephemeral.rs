//! Scripts kept in the repository: a test for one run alone, gone afterwards.

use std::time::Duration;

use loadforge_ci::exit::Exit;
use loadforge_ci::loadforge::{RunOutcome, RunPlan, ScriptFile, Session, Signal, StopSignals, sha256};
use loadforge_ci::results::{Build, ResultsFolder, TestSource};
use serde_json::json;

use super::service::Reply;
use super::support::{World, build, plan};

const SCRIPT: &str = "\"\"\"Checkout.\"\"\"\n\nfrom locust import HttpUser\n";

fn script() -> RunPlan {
    RunPlan {
        test: TestSource::Script(ScriptFile::new("perf/checkout.py", SCRIPT)),
        users: Some(40),
        target_host: Some("https://staging.example.com".parse().unwrap()),
        env: vec![("PASSWORD".into(), "geheim".into())],
        ..plan()
    }
}

fn tests_left(world: &World) -> Vec<u64> {
    world.service.state().tests.keys().copied().filter(|id| *id != 4217).collect()
}

#[tokio::test]
async fn a_script_becomes_a_test_runs_and_is_gone() {
    let mut world = World::new().await;
    let end = world.run(&script()).await.unwrap();
    assert_eq!(end.outcome, RunOutcome::Finished);
    assert_eq!(tests_left(&world), [0_u64; 0]);
    let (record, state) = (world.record(), world.service.state());
    let made = &state.requests.iter().find(|request| request.line() == "POST /api/v2/tests").unwrap().body;
    assert_eq!(
        (&made["host_id"], &made["users"], &made["rate"], &made["region"]),
        (&json!(1), &json!(40), &json!(2), &json!("nyc3"))
    );
    let sent = made["locustfile"].as_str().unwrap();
    assert!(sent.starts_with("\"\"\"Checkout.\"\"\"\n__import__(\"os\").environ.update("), "{sent}");
    assert!(made["name"].as_str().unwrap().starts_with("checkout-ci-"));
    assert_eq!(record.fingerprint.script_sha256, Some(sha256(SCRIPT)), "without what changes from run to run");
    assert_eq!((record.test.as_str(), record.ephemeral), ("perf/checkout.py", false));
    let everything = format!("{:?}{}", world.said, std::fs::read_to_string(world.path().join("run.json")).unwrap());
    assert!(!everything.contains("geheim"), "{everything}");
}

#[tokio::test]
async fn the_test_is_deleted_however_the_run_ends() {
    for status in [4, 5, 7] {
        let mut world = World::new().await;
        world.service.state().stages = vec![json!({"run_status": status})];
        assert_eq!(world.run(&script()).await.unwrap().exit(), Exit::RunIncomplete);
        assert_eq!(tests_left(&world), [0_u64; 0], "{status}");
    }
    let mut refused = World::new().await;
    refused.service.fail("POST /api/v2/run", 1, Reply::Json(422, json!({})));
    refused.run(&script()).await.unwrap_err();
    assert_eq!(tests_left(&refused), [0_u64; 0], "the start was refused");

    let mut late = World::new().await;
    late.service.state().stages = vec![json!({"run_status": 2})];
    late.run(&RunPlan { timeout: Duration::from_millis(400), ..script() }).await.unwrap();
    assert_eq!(tests_left(&late), [0_u64; 0], "the time was over");

    for request in ["GET /api/v2/result/", "POST /api/v2/run", "POST /api/v2/tests", "GET /api/v2/results"] {
        let mut stopped = World::new().await;
        let (sender, stop) = StopSignals::channel();
        stopped.service.state().stages = vec![json!({"run_status": 2})];
        stopped.service.state().signal = Some((request.into(), Signal::Terminate, sender));
        let end = stopped.run_until(&script(), stop).await.unwrap();
        assert_eq!(end.exit(), Exit::Terminated);
        assert_eq!(tests_left(&stopped), [0_u64; 0], "stopped at {request}");
        assert!(stopped.service.state().runs.values().all(|run| run.cancelled), "stopped at {request}");
    }
    let mut cut_off = World::new().await;
    let (sender, stop) = StopSignals::channel();
    cut_off.service.state().signal = Some(("POST /api/v2/tests".into(), Signal::Terminate, sender));
    cut_off.service.lose("POST /api/v2/tests", Reply::Silence);
    assert_eq!(cut_off.run_until(&script(), stop).await.unwrap().exit(), Exit::Terminated);
    assert_eq!(tests_left(&cut_off), [0_u64; 0], "stopped while the test was being made");
}

#[tokio::test]
async fn a_test_that_cannot_be_deleted_is_named_and_deleted_by_the_next_run() {
    let mut world = World::new().await;
    world.service.fail("DELETE /api/v2/tests", u32::MAX, Reply::Json(403, json!({"message": "Not now."})));
    assert_eq!(world.run(&script()).await.unwrap().outcome, RunOutcome::Finished);
    assert!(world.heard("test 4218, made for this run, could not be deleted"), "{:?}", world.said);
    assert!(world.record().ephemeral);
    world.service.heal();
    world.run(&RunPlan { build: build("job-2"), ..script() }).await.unwrap();
    assert_eq!(tests_left(&world), [0_u64; 0]);
}

#[tokio::test]
async fn a_detached_run_keeps_its_test_until_it_is_collected() {
    let mut world = World::new().await;
    world.run(&RunPlan { detach: true, ..script() }).await.unwrap();
    assert_eq!(tests_left(&world), [4218]);
    world.wait(None).await.unwrap();
    assert_eq!(tests_left(&world), [0_u64; 0]);
}

#[tokio::test]
async fn a_repeated_job_takes_up_the_run_of_the_same_script() {
    let mut world = World::new().await;
    world.run(&RunPlan { detach: true, ..script() }).await.unwrap();
    world.run(&script()).await.unwrap();
    assert_eq!((world.starts(), tests_left(&world)), (1, vec![]));
}

#[tokio::test]
async fn a_test_whose_answer_is_lost_is_found_by_its_name() {
    let mut world = World::new().await;
    world.service.lose("POST /api/v2/tests", Reply::Close);
    world.run(&script()).await.unwrap();
    assert_eq!(world.service.state().count("POST /api/v2/tests"), 1);
    assert_eq!(tests_left(&world), [0_u64; 0]);
}

#[tokio::test]
async fn a_host_that_is_not_there_is_added() {
    let mut world = World::new().await;
    let elsewhere = RunPlan { target_host: Some("http://localhost:9000".parse().unwrap()), ..script() };
    world.service.lose("POST /api/v2/hosts", Reply::Json(500, json!({})));
    world.run(&elsewhere).await.unwrap();
    let state = world.service.state();
    assert_eq!((state.hosts.len(), state.count("POST /api/v2/hosts")), (2, 1));
    assert_eq!(state.hosts[&2], json!({"id": 2, "url": "localhost", "port": 9000, "protocol": "http"}));
}

#[tokio::test]
async fn runs_an_older_commit_left_behind_are_stopped() {
    let mut world = World::new().await;
    // An ephemeral test and a saved one of the older commit, and one of another branch.
    world.service.state().stages = vec![json!({"run_status": 2})];
    world.run(&RunPlan { detach: true, ..script() }).await.unwrap();
    world.folder().remove(ResultsFolder::RUN).unwrap();
    world.run(&RunPlan { detach: true, ..plan() }).await.unwrap();
    let record = world.record();
    let other = Build { branch: Some("other".into()), job_id: None, ..build("") };
    world.run(&RunPlan { detach: true, build: other, users: Some(41), ..script() }).await.unwrap();
    let newer = Build { commit: Some("fffffff".into()), job_number: Some(2), ..build("job-2") };
    let cancel =
        async |session: &mut Session<'_>| session.cancel_superseded(&newer, std::slice::from_ref(&record)).await;
    let found = world.with(StopSignals::never(), cancel).await.unwrap();
    assert_eq!((found.cancelled, found.unknown), (vec![100, 101], vec![]));
    let state = world.service.state();
    let cancelled: Vec<_> = state.runs.values().map(|run| run.cancelled).collect();
    assert_eq!(cancelled, [true, true, false]);
}
