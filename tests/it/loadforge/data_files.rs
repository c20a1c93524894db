//! Data files of a script: sent for one run under names of their own, and gone afterwards.

use loadforge_ci::loadforge::{RunOutcome, RunPlan, ScriptFile, Session, Signal, StopSignals};
use loadforge_ci::project::DataFile;
use loadforge_ci::results::{Build, ResultsFolder, TestSource};
use serde_json::json;

use super::service::Reply;
use super::support::{World, build, plan};

fn script() -> RunPlan {
    let file =
        |path: &str, content: &[u8]| DataFile { path: path.to_owned(), from_script: None, content: content.to_vec() };
    let data = vec![file("files/users.csv", b"name\nann\n"), file("data/logo.png", &[0, 159, 146, 150])];
    let file = ScriptFile { data, ..ScriptFile::new("perf/checkout.py", "import locust\n") };
    RunPlan {
        test: TestSource::Script(file),
        users: Some(40),
        target_host: Some("https://staging.example.com".parse().unwrap()),
        ..plan()
    }
}

/// The names of the files that are not the team's own.
fn files_left(world: &World) -> Vec<String> {
    let state = world.service.state();
    let ours = state.files.iter().filter(|(id, _)| **id != 3);
    ours.map(|(_, file)| file["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn data_files_are_sent_before_the_test_under_names_of_its_own_and_removed_after_the_run() {
    let mut world = World::new().await;
    assert_eq!(world.run(&script()).await.unwrap().outcome, RunOutcome::Finished);
    let state = world.service.state();
    let order: Vec<String> = state
        .requests
        .iter()
        .map(|request| request.line())
        .filter(|line| line.starts_with("POST") || line.starts_with("DELETE"))
        .collect();
    let lines: Vec<&str> = order.iter().map(|line| line.rsplit_once('/').map_or("", |(start, _)| start)).collect();
    assert_eq!(order[..4], ["POST /api/v2/files", "POST /api/v2/files", "POST /api/v2/tests", "POST /api/v2/run"]);
    assert_eq!(lines[4..], ["DELETE /api/v2/files", "DELETE /api/v2/files", "DELETE /api/v2/tests"]);
    let sent = |line: &str| -> Vec<serde_json::Value> {
        let of_line = state.requests.iter().filter(|request| request.line() == line);
        of_line.map(|sent| sent.body.clone()).collect()
    };
    let test = sent("POST /api/v2/tests").remove(0);
    let (owner, text) = (test["name"].as_str().unwrap(), test["locustfile"].as_str().unwrap());
    let files = sent("POST /api/v2/files");
    let names: Vec<_> = files.iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names, [format!("{owner}-file-fea62288-users.csv"), format!("{owner}-file-9136805a-logo.txt")]);
    assert!(names.iter().all(|name| text.contains(name)), "{text}");
    assert_eq!(files[0]["content"], "bmFtZQphbm4K");
    drop(state);
    assert_eq!(files_left(&world), [""; 0]);
    assert!(world.service.state().files.contains_key(&3), "the team's own file stays");
    assert!(!world.record().sent_files);
}

#[tokio::test]
async fn data_files_are_removed_however_the_run_ends() {
    let mut refused = World::new().await;
    refused.service.fail("POST /api/v2/tests", 1, Reply::Json(422, json!({})));
    refused.run(&script()).await.unwrap_err();
    assert_eq!(files_left(&refused), [""; 0], "the test was refused");

    for request in ["POST /api/v2/files", "POST /api/v2/run", "GET /api/v2/result/"] {
        let mut stopped = World::new().await;
        let (sender, stop) = StopSignals::channel();
        stopped.service.state().stages = vec![json!({"run_status": 2})];
        stopped.service.state().signal = Some((request.into(), Signal::Terminate, sender));
        stopped.run_until(&script(), stop).await.unwrap();
        assert_eq!(files_left(&stopped), [""; 0], "stopped at {request}");
    }
}

#[tokio::test]
async fn a_file_whose_answer_is_lost_is_found_by_its_name() {
    let mut world = World::new().await;
    world.service.lose("POST /api/v2/files", Reply::Close);
    world.run(&script()).await.unwrap();
    assert_eq!(world.service.state().count("POST /api/v2/files"), 2);
    assert_eq!(files_left(&world), [""; 0]);
}

#[tokio::test]
async fn files_that_cannot_be_removed_are_named_and_removed_by_the_next_run() {
    let mut world = World::new().await;
    world.service.fail("DELETE /api/v2/files", u32::MAX, Reply::Json(403, json!({"message": "Not now."})));
    world.run(&script()).await.unwrap();
    assert!(world.heard("data files of this run may still be among LoadForge's files"), "{:?}", world.said);
    assert!(world.record().sent_files);
    world.service.heal();
    world.run(&RunPlan { build: build("job-2"), ..script() }).await.unwrap();
    assert_eq!(files_left(&world), [""; 0]);
}

#[tokio::test]
async fn a_service_without_files_starts_nothing() {
    let mut world = World::new().await;
    world.service.fail("POST /api/v2/files", u32::MAX, Reply::Json(404, json!({"message": "Not found."})));
    let error = world.run(&script()).await.unwrap_err();
    assert!(error.to_string().contains("failed to send the file `"), "{error}");
    assert_eq!((world.starts(), world.service.state().tests.len()), (0, 1));
}

#[tokio::test]
async fn a_superseded_run_takes_its_data_files_with_it() {
    let mut world = World::new().await;
    world.service.state().stages = vec![json!({"run_status": 2})];
    world.run(&RunPlan { detach: true, ..script() }).await.unwrap();
    assert_eq!(files_left(&world).len(), 2, "a detached run needs them");
    world.folder().remove(ResultsFolder::RUN).unwrap();
    let newer = Build { commit: Some("fffffff".into()), job_number: Some(2), ..build("job-2") };
    let cancel = async |session: &mut Session<'_>| session.cancel_superseded(&newer, &[]).await;
    assert_eq!(world.with(StopSignals::never(), cancel).await.unwrap().cancelled, [100]);
    assert_eq!(files_left(&world), [""; 0]);
}
