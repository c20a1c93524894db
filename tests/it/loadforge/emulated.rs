//! The client against the LoadForge-compatible server, with a recorded run behind it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use loadforge_ci::emulator::{
    EngineChoice, InjectedFaults, ReplayPace as Replayed, RunningServer, Server, ServerConfig,
};
use loadforge_ci::loadforge::{
    Client, Event, PauseFactor, RunEnd, RunOutcome, RunPlan, ScriptFile, Session, StopSignals,
};
use loadforge_ci::results::{Engine, ResultsFolder, StartApi, TestSource};
use loadforge_ci::series::{CsvFile, load};

use super::support::plan;

fn recording() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/locust/errors/s1_basic")
}

async fn server(faults: InjectedFaults) -> RunningServer {
    let config = ServerConfig {
        engine: EngineChoice::Replay { folder: recording(), pace: Replayed::AsPlanned },
        provisioning: Duration::from_millis(200),
        faults,
        ..ServerConfig::default()
    };
    Server::start(config).await.unwrap()
}

fn client(server: &RunningServer) -> Client {
    Client::builder(server.api_url().parse().unwrap())
        .token(Some("any".into()))
        .pace(PauseFactor::scaled(0.2))
        .build()
        .unwrap()
}

/// Runs a script for one second; returns the outcome and the log.
async fn run(server: &RunningServer, folder: &Path, start_api: StartApi) -> (RunEnd, Vec<String>) {
    let plan = RunPlan {
        test: TestSource::Script(ScriptFile::new("shop.py", "import locust\n")),
        users: Some(4),
        target_host: Some("http://127.0.0.1:9".parse().unwrap()),
        duration: Duration::from_secs(1),
        engine: Engine::Local,
        start_api,
        ..plan()
    };
    let mut log = Vec::new();
    let mut observer = |event: &Event| log.push(event.to_string());
    let (client, folder) = (client(server), ResultsFolder::new(folder));
    let mut session = Session::new(client, folder, &mut observer, StopSignals::never());
    let target = session.resolve(&plan).await.unwrap();
    let end = session.run(&plan, &target).await.unwrap();
    (end, log)
}

#[tokio::test]
async fn a_run_of_a_second_is_seen_to_its_end_and_its_numbers_are_the_recordings() {
    for start_api in [StartApi::V2, StartApi::V1] {
        let (server, dir) = (server(InjectedFaults::default()).await, tempfile::tempdir().unwrap());
        let (end, log) = run(&server, dir.path(), start_api).await;
        assert_eq!(end.outcome, RunOutcome::Finished, "{log:?}");
        let open = |name: &str| CsvFile::open(&recording().join(name)).unwrap();
        let expected =
            load(open("run_stats.csv"), Some(open("run_stats_history.csv")), Some(open("run_failures.csv"))).unwrap();
        let results = end.results.unwrap();
        assert_eq!((results.total, results.endpoints), (expected.total, expected.endpoints));
        assert_eq!((results.timeline, results.failures), (expected.timeline, expected.failures));
        assert!(client(&server).tests().await.unwrap().is_empty(), "the test is deleted");
        server.shutdown().await;
    }
}

#[tokio::test]
async fn a_lost_start_answer_gives_one_run_there_too() {
    let faults = InjectedFaults { lost_start_answers: 1, ..InjectedFaults::default() };
    let (server, dir) = (server(faults).await, tempfile::tempdir().unwrap());
    let (end, log) = run(&server, dir.path(), StartApi::V2).await;
    assert_eq!(end.outcome, RunOutcome::Finished, "{log:?}");
    assert_eq!(client(&server).results().await.unwrap().len(), 1);
    server.shutdown().await;
}

#[tokio::test]
async fn answers_that_pass_are_not_noticed_there_either() {
    let faults =
        InjectedFaults { answer_next_with: vec![500, 503, 429], without_csv: true, ..InjectedFaults::default() };
    let (server, dir) = (server(faults).await, tempfile::tempdir().unwrap());
    let (end, log) = run(&server, dir.path(), StartApi::V2).await;
    assert_eq!(end.outcome, RunOutcome::Finished, "{log:?}");
    let results = end.results.unwrap();
    assert!(results.total.requests > 0 && results.endpoints.is_empty());
    assert!(results.notes[0].contains("no stats CSV"), "{:?}", results.notes);
    server.shutdown().await;
}
