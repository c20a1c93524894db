//! `gate --confirm` through the binary: what the second run decides, what it costs, and what happens without one.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loadforge_ci::baseline::RunHistory;
use loadforge_ci::emulator::{EngineChoice, EngineOutcome, Job, Live, LoadEngine, Replay, ReplayPace, ServerConfig};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::recording;
use crate::support::service::{Service, signal, until};
use crate::tool::{Ended, Tool};

const CHECKOUT: &str = "POST,/api/v1/carts/[id]/checkout";
const GATE: [&str; 4] =
    ["gate", "--confirm", "--gate", r#"p95 of "POST /api/v1/carts/[id]/checkout" <= +20% vs baseline"#];

/// Plays one recording after the other, then repeats the last one. Records the parameters of each run.
struct InTurn {
    recordings: Mutex<Vec<Replay>>,
    handed: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
}

impl LoadEngine for InTurn {
    fn run<'a>(
        &'a self,
        job: Job,
        live: watch::Sender<Live>,
        stop: watch::Receiver<bool>,
    ) -> Pin<Box<dyn Future<Output = EngineOutcome> + Send + 'a>> {
        Box::pin(async move {
            self.handed.lock().unwrap().push(job.env.clone());
            let replay = {
                let mut left = self.recordings.lock().unwrap();
                if left.len() > 1 { left.remove(0) } else { left[0].clone() }
            };
            replay.run(job, live, stop).await
        })
    }

    fn recover(&self, _: &Path) -> Option<EngineOutcome> {
        None
    }
}

/// A recording of the checkout, its stats changed line by line.
fn recorded(pace: ReplayPace, change: impl Fn(&str) -> Option<String>) -> Replay {
    // A replay reads its history when a run is delivered, so the folder stays until the process ends.
    let folder: &'static tempfile::TempDir = Box::leak(Box::new(tempfile::tempdir().unwrap()));
    recording::write(folder.path(), change);
    Replay::open(folder.path(), pace).unwrap()
}

fn usual() -> Replay {
    recorded(ReplayPace::AtOnce, |line| Some(line.to_owned()))
}

fn slow_checkout(pace: ReplayPace) -> Replay {
    recorded(pace, |line| recording::slower(line, CHECKOUT))
}

/// A service that plays these, a saved test on it, and a repository whose main branch had five usual builds.
struct Repository {
    service: Service,
    tool: Tool,
    test: String,
    handed: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
}

impl Repository {
    fn new(recordings: Vec<Replay>) -> Self {
        let handed = Arc::default();
        let recordings = Mutex::new([vec![usual()], recordings].concat());
        let engine = EngineChoice::Custom(Arc::new(InTurn { recordings, handed: Arc::clone(&handed) }));
        let config =
            ServerConfig { engine, provisioning: Duration::ZERO, seconds_per_minute: 1.0, ..ServerConfig::default() };
        let service = Service::start(config);
        let test = service.save("checkout");
        let tool = service.tool().env("CIRCLECI", "true").env("CIRCLE_BRANCH", "main");
        let repository = Self { service, tool, test, handed };
        repository.run(&[]).expect(0);
        repository.tool.run(&["gate"]).expect(0);
        repository.tool.run(&["baseline", "add"]).expect(0);
        repository.repeat_the_good_run();
        repository
    }

    /// Makes five good runs of one, a day apart.
    fn repeat_the_good_run(&self) {
        let path = self.tool.path("loadforge-history").join(RunHistory::FILE);
        let line: Value = serde_json::from_str(std::fs::read_to_string(&path).unwrap().trim()).unwrap();
        let at: jiff::Timestamp = line["at"].as_str().unwrap().parse().unwrap();
        let lines = (1..=5_i64).map(|days| {
            let mut run = line.clone();
            run["run"]["id"] = json!(1_000 - days);
            run["at"] = json!((at - jiff::SignedDuration::from_hours(24 * days)).to_string());
            format!("{run}\n")
        });
        std::fs::write(&path, lines.collect::<String>()).unwrap();
    }

    fn run(&self, more: &[&str]) -> Ended {
        self.tool.run(&[&["run", "--test-id", &self.test, "--duration", "720m"], more].concat())
    }

    fn verdict(&self) -> Value {
        self.tool.json("loadforge-results/verdict.json")
    }

    fn checkout(&self) -> Value {
        let verdict = self.verdict();
        let rows = verdict["rows"].as_array().unwrap();
        rows.iter().find(|row| row["subject"]["endpoint"]["name"] == "/api/v1/carts/[id]/checkout").unwrap().clone()
    }
}

#[test]
fn what_is_slow_twice_fails_and_both_runs_are_in_every_report() {
    let repository = Repository::new(vec![slow_checkout(ReplayPace::AtOnce)]);
    let (tool, service) = (&repository.tool, &repository.service);
    repository.run(&[]).expect(0);
    let gated = tool.run(&GATE).expect(1);
    assert_eq!(service.runs(), 3);
    assert!(gated.stderr.contains("run 2 of at most 3 of this test (1440 test minutes)"), "{}", gated.stderr);
    assert!(gated.stderr.contains("the further runs cost 1440 test minutes, 375 requests so far"), "{}", gated.stderr);
    let verdict = repository.verdict();
    assert_eq!(verdict["confirmation"], json!({ "run_id": 1003, "cost": "1440 test minutes, 375 requests" }));
    let checkout = repository.checkout();
    assert_eq!((&checkout["outcome"], &checkout["observed"]), (&json!("fail"), &checkout["second_observed"]));
    let both = format!("{0} ms, then {0} ms", checkout["observed"].as_f64().unwrap());
    for report in ["summary.md", "report.html", "junit/loadforge.xml"] {
        let text = tool.read(&format!("loadforge-results/{report}"));
        assert!(text.contains(&both), "{report} does not say {both}: {text}");
    }
    assert!(gated.stdout.contains(&both), "{}", gated.stdout);
    let explained = "Several values are those of this run and of run 1003, which decide about comparisons with history";
    assert!(tool.read("loadforge-results/summary.md").contains(explained));
    assert_eq!(tool.json("loadforge-results/confirm/results.json")["total"]["requests"], 375);
    tool.run(&["baseline", "add"]).expect(1);
}

#[test]
fn what_is_slow_once_is_a_warning_and_one_run_is_enough_to_pass() {
    let repository = Repository::new(vec![slow_checkout(ReplayPace::AtOnce), usual()]);
    repository.run(&[]).expect(0);
    let gated = repository.tool.run(&GATE).expect(0);
    assert!(gated.stdout.contains("failed in the first run only"), "{}", gated.stdout);
    assert_eq!(repository.verdict()["outcome"], "warn");
    assert_eq!(repository.service.runs(), 3);
    // The next build is quick again: nothing to confirm.
    repository.run(&[]).expect(0);
    repository.tool.run(&GATE).expect(0);
    assert_eq!(repository.verdict()["confirmation"], Value::Null);
    assert_eq!(repository.service.runs(), 4);
}

#[test]
fn a_written_limit_needs_no_second_run_and_one_run_says_how_to_confirm() {
    let repository = Repository::new(vec![slow_checkout(ReplayPace::AtOnce)]);
    repository.run(&[]).expect(0);
    repository
        .tool
        .run(&["gate", "--confirm", "--gate", r#"p95 of "POST /api/v1/carts/[id]/checkout" < 1ms"#])
        .expect(1);
    let alone = repository.tool.run(&["gate", GATE[2], GATE[3]]).expect(1);
    assert!(alone.stderr.contains("with --confirm further runs decide"), "{}", alone.stderr);
    assert_eq!(repository.service.runs(), 2);
}

#[test]
fn without_a_second_run_nothing_is_red_and_nothing_is_green() {
    let repository = Repository::new(vec![slow_checkout(ReplayPace::AtOnce)]);
    repository.run(&["--start-api", "v1", "--env", "COLOUR=blue"]).expect(0);
    // The value was not recorded and is nowhere to be found now.
    let open = repository.tool.run(&GATE).expect(3);
    assert!(open.stderr.contains("the variable COLOUR for the script is not set"), "{}", open.stderr);
    assert!(open.stdout.contains("failed once and could not be confirmed"), "{}", open.stdout);
    assert!(repository.tool.read("loadforge-results/summary.md").contains("could not be confirmed"));
    assert_eq!(repository.service.runs(), 2);
    // A written limit that fails beside it is red all the same.
    let written = r#"p95 of "POST /api/v1/carts/[id]/checkout" < 1ms"#;
    repository.tool.run(&[&GATE[..], &["--gate", written]].concat()).expect(1);
    // What failed once and could not be confirmed is no warning, whatever else may be one.
    repository.tool.run(&[&GATE[..], &["--on-inconclusive", "warn"]].concat()).expect(3);
}

#[test]
fn the_second_run_is_handed_the_same_variables() {
    let repository = Repository::new(vec![slow_checkout(ReplayPace::AtOnce)]);
    let env = ["--start-api", "v1", "--env", "COLOUR=blue"];
    repository.run(&env).expect(0);
    repository.tool.run(&[&GATE[..], &env].concat()).expect(1);
    let handed = repository.handed.lock().unwrap();
    let blue: BTreeMap<String, String> = BTreeMap::from([("COLOUR".to_owned(), "blue".to_owned())]);
    assert_eq!(handed[1..], [blue.clone(), blue]);
}

#[test]
fn a_signal_during_the_second_run_cancels_it_and_what_was_measured_is_written() {
    let repository = Repository::new(vec![slow_checkout(ReplayPace::AtOnce), slow_checkout(ReplayPace::AsPlanned)]);
    repository.run(&[]).expect(0);
    let service = &repository.service;
    let child = repository.tool.start(&GATE);
    let second = |field: &str| service.get("/result/1003")[field].clone();
    until("a second run", || service.runs() == 3);
    until("running", || second("run_status") == 2);
    signal(&child, "TERM");
    let ended = Ended::of(child.wait_with_output().unwrap()).expect(143);
    assert_eq!(second("run_status"), 5, "{}", ended.stderr);
    assert_eq!(repository.verdict()["outcome"], "inconclusive");
    assert!(repository.tool.read("loadforge-results/report.html").contains("could not be confirmed"));
}

#[test]
fn a_repeated_step_takes_up_its_second_run_and_a_new_run_gets_a_new_one() {
    let repository = Repository::new(vec![slow_checkout(ReplayPace::AtOnce)]);
    let in_job = |job: &str, arguments: &[&str]| {
        Ended::of(repository.tool.command(arguments).env("CIRCLE_WORKFLOW_JOB_ID", job).output().unwrap())
    };
    let run = ["run", "--test-id", &repository.test, "--duration", "720m"];
    for _ in 0..2 {
        in_job("first", &run).expect(0);
        in_job("first", &GATE).expect(1);
        assert_eq!(repository.service.runs(), 3);
    }
    in_job("second", &run).expect(0);
    in_job("second", &GATE).expect(1);
    assert_eq!(repository.service.runs(), 5);
    assert_eq!(repository.verdict()["confirmation"]["run_id"], 1005);
}

#[test]
fn an_endpoint_that_is_not_called_any_more_stops_the_build() {
    let gone = |line: &str| (!line.starts_with(CHECKOUT)).then(|| line.to_owned());
    let repository = Repository::new(vec![recorded(ReplayPace::AtOnce, gone)]);
    repository.run(&[]).expect(0);
    let gated = repository.tool.run(&["gate"]).expect(1);
    assert!(
        gated.stdout.starts_with("Failed: POST /api/v1/carts/[id]/checkout is not called at all, unlike in the last 5 good runs: rps 0/s, limit"),
        "{}",
        gated.stdout
    );
    assert!(gated.stdout.contains("this run never called it, and each of the last 5 good runs"), "{}", gated.stdout);
    let asked = ["gate", "--gate", r#"p95 of "/api/v1/carts/*/checkout" <= +20% vs baseline"#];
    let open = repository.tool.run(&asked).expect(3);
    assert!(open.stdout.contains("this run never called it"), "{}", open.stdout);
}
