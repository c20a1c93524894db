//! `signal` through the binary, against a stand-in for CircleCI's hook that matches as CircleCI documents it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::background::Background;
use crate::support::service::until;
use crate::tool::{Tool, fixture};

const SECRET: &str = "h00k-s3cret";

/// What the hook was sent, and how it answers.
#[derive(Default)]
struct HookState {
    signals: Vec<Value>,
    paths: Vec<String>,
    /// Answers before the usual one, first to last; 0 never answers.
    answers: Vec<u16>,
}

/// CircleCI's hook of the organization `org-1`.
pub(crate) struct Hook {
    state: Arc<Mutex<HookState>>,
    pub(crate) url: String,
    _serving: Background,
}

impl Hook {
    pub(crate) fn start() -> Self {
        let state = Arc::<Mutex<HookState>>::default();
        let shared = Arc::clone(&state);
        let (serving, port) = Background::start(async move |opened, stopped| {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            opened.send(listener.local_addr().unwrap().port()).unwrap();
            let app = Router::new().fallback(validate).with_state(shared);
            tokio::select! {
                served = axum::serve(listener, app) => served.unwrap(),
                _ = stopped => {}
            }
        });
        Self { state, url: format!("http://127.0.0.1:{port}"), _serving: serving }
    }

    fn answering(self, answers: &[u16]) -> Self {
        self.state.lock().unwrap().answers = answers.to_vec();
        self
    }

    pub(crate) fn signals(&self) -> Vec<Value> {
        self.state.lock().unwrap().signals.clone()
    }

    fn paths(&self) -> Vec<String> {
        self.state.lock().unwrap().paths.clone()
    }
}

async fn validate(
    State(state): State<Arc<Mutex<HookState>>>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let answer = {
        let mut state = state.lock().unwrap();
        state.paths.push(uri.path().to_owned());
        if headers.get("authorization").is_none_or(|value| value != &format!("Bearer {SECRET}")) {
            return StatusCode::UNAUTHORIZED;
        }
        let answer = if state.answers.is_empty() { 200 } else { state.answers.remove(0) };
        if matches!(answer, 0 | 200) {
            state.signals.push(serde_json::from_str(&body).unwrap());
        }
        answer
    };
    if answer == 0 {
        std::future::pending::<()>().await;
    }
    StatusCode::from_u16(answer).unwrap()
}

/// Whether a signal fails a release, by the rules that CircleCI documents: component and environment must be there and
/// equal, the name of the check as well, and what else is sent must be equal too. Values are lower-cased.
pub(crate) fn fails(signal: &Value, release: &Value) -> bool {
    let text = |value: &Value| value.as_str().map(str::to_lowercase);
    let needed = ["component_name", "env", "signal_name"]
        .iter()
        .all(|key| text(&signal[key]).is_some() && text(&signal[key]) == text(&release[key]));
    let optional = ["version", "project_id", "namespace"];
    let filtered = optional.iter().all(|key| signal.get(key).is_none() || text(&signal[key]) == text(&release[key]));
    needed && filtered && text(&signal["status"]).as_deref() == Some("firing")
}

/// A folder with the results of a recorded run, judged by a gate.
fn judged(hook: &Hook, gate: &str) -> Tool {
    let csv = fixture("locust/healthy/s3_checkout/run_stats.csv");
    let tool = Tool::new()
        .env("CIRCLECI", "true")
        .env("CIRCLE_ORGANIZATION_ID", "org-1")
        .env("CIRCLE_WORKFLOW_JOB_ID", "job-7")
        .env("CIRCLE_BUILD_URL", "https://circleci.com/gh/acme/shop/7")
        .env("LOADFORGE_CI_CIRCLECI_URL", &hook.url)
        .env("CIRCLECI_RELEASE_SECRET", SECRET);
    tool.run(&["gate", "--from", csv.to_str().unwrap(), "--gate", gate]).expect_one_of(&[0, 1, 3]);
    tool
}

const SIGNAL: [&str; 7] = ["signal", "--component", "shop", "--environment", "production", "--version", "1.4.2"];

#[test]
fn a_failed_gate_fires_with_the_right_keys_and_a_passed_one_resolves() {
    let hook = Hook::start();
    judged(&hook, "p95 < 1ms").run(&SIGNAL).expect(0);
    judged(&hook, "p95 < 10s").run(&SIGNAL).expect(0);
    let signals = hook.signals();
    assert_eq!(hook.paths(), ["/api/v3/deploy/hooks/org-1/validate"; 2]);
    let keys: Vec<&str> = signals[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["component_name", "env", "link", "reason", "signal_name", "status", "version"]);
    assert!(signals[0]["reason"].as_str().unwrap().contains("limit < 1 ms"), "{signals:?}");
    assert_eq!((signals[0]["status"].clone(), signals[1]["status"].clone()), (json!("firing"), json!("resolved")));
    let release =
        json!({"component_name": "Shop", "env": "production", "version": "1.4.2", "signal_name": "load_test"});
    assert!(fails(&signals[0], &release) && !fails(&signals[1], &release));
    for (key, other) in
        [("component_name", "search"), ("env", "staging"), ("version", "1.4.3"), ("signal_name", "smoke")]
    {
        let mut elsewhere = release.clone();
        elsewhere[key] = json!(other);
        assert!(!fails(&signals[0], &elsewhere), "{key}");
    }
}

#[test]
fn what_was_not_judged_fires_only_when_it_is_asked_for() {
    let hook = Hook::start();
    let open = judged(&hook, "p99.9 of \"/nowhere\" < 1s");
    let silent = open.run(&SIGNAL).expect(0);
    assert!(
        silent.stderr.contains("no signal is sent") && silent.stderr.contains("passes unchecked"),
        "{}",
        silent.stderr
    );
    open.run(&[&SIGNAL[..], &["--firing-on", "inconclusive"]].concat()).expect(0);
    let nothing = Tool::new().env("CIRCLE_ORGANIZATION_ID", "org-1").env("CIRCLECI_RELEASE_SECRET", SECRET);
    let nothing = nothing.env("LOADFORGE_CI_CIRCLECI_URL", &hook.url);
    nothing.run(&[&SIGNAL[..], &["--firing-on", "inconclusive"]].concat()).expect(0);
    assert_eq!(hook.signals().len(), 1);
    nothing.run(&[&SIGNAL[..], &["--firing-on", "incomplete"]].concat()).expect(0);
    assert!(hook.signals()[1]["reason"].as_str().unwrap().starts_with("no load test was started"));
}

#[test]
fn an_attempt_sends_its_signal_once_and_another_attempt_sends_its_own() {
    let hook = Hook::start();
    let tool = judged(&hook, "p95 < 1ms");
    tool.run(&SIGNAL).expect(0);
    let again = tool.run(&SIGNAL).expect(0);
    assert!(again.stderr.contains("has sent its signal already: `firing`"), "{}", again.stderr);
    assert_eq!(hook.signals().len(), 1);
    let tool = tool.env("CIRCLE_WORKFLOW_JOB_ID", "job-8");
    tool.run(&SIGNAL).expect(0);
    assert_eq!(hook.signals().len(), 2);
    tool.run(&[&SIGNAL[..], &["--resend"]].concat()).expect(0);
    assert_eq!(hook.signals().len(), 3);
}

#[test]
fn a_process_that_is_killed_while_it_sends_leaves_one_signal() {
    let hook = Hook::start().answering(&[0]);
    let tool = judged(&hook, "p95 < 1ms");
    let mut killed = tool.command(&SIGNAL).spawn().unwrap();
    until("the hook received the signal", || hook.signals().len() == 1);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let again = tool.run(&SIGNAL).expect(0);
    assert!(again.stderr.contains("may have sent this signal at"), "{}", again.stderr);
    assert_eq!(hook.signals().len(), 1, "exactly one");
    tool.run(&[&SIGNAL[..], &["--signal-required"]].concat()).expect(75);
}

#[test]
fn what_goes_wrong_is_said_and_fails_the_command_only_when_the_signal_is_required() {
    let required = [&SIGNAL[..], &["--signal-required"]].concat();
    let hook = Hook::start();
    let wrong = judged(&hook, "p95 < 1ms").env("CIRCLECI_RELEASE_SECRET", "another-s3cret");
    let said = wrong.run(&SIGNAL).expect(0).stderr;
    assert!(said.contains("does not accept the webhook secret in CIRCLECI_RELEASE_SECRET (HTTP 401)"), "{said}");
    assert!(!said.contains("another-s3cret"), "{said}");
    wrong.run(&required).expect(77);
    let missing = judged(&hook, "p95 < 1ms").env("CIRCLECI_RELEASE_SECRET", "");
    assert!(missing.run(&SIGNAL).expect(0).stderr.contains("CIRCLECI_RELEASE_SECRET holds no webhook secret"));
    assert!(hook.signals().is_empty());

    let down = Hook::start().answering(&[503, 429]);
    let tool = judged(&down, "p95 < 1ms");
    let recovered = tool.run(&SIGNAL).expect(0).stderr;
    assert!(
        recovered.contains("(HTTP 503); trying again") && recovered.contains("sent the signal `firing`"),
        "{recovered}"
    );
    assert_eq!(down.signals().len(), 1);

    let failing = Hook::start().answering(&[500; 8]);
    let tool = judged(&failing, "p95 < 1ms");
    assert!(tool.run(&SIGNAL).expect(0).stderr.contains("could not take the signal after 4 tries (HTTP 500)"));
    // Nothing was delivered, so that a later try may.
    tool.run(&required).expect(75);
    tool.run(&required).expect(0);
    assert_eq!(failing.signals().len(), 1);

    let gone = Hook::start();
    let tool = judged(&gone, "p95 < 1ms");
    drop(gone);
    let said = tool.run(&SIGNAL).expect(0).stderr;
    assert!(said.contains("could not be reached after 4 tries"), "{said}");
    tool.run(&required).expect(75);
}

#[test]
fn a_window_that_is_shorter_than_the_test_is_refused_before_the_start() {
    let tool = Tool::new().file("perf.py", "").env("LOADFORGE_API_TOKEN", "t");
    let line = [
        "run",
        "--locustfile",
        "perf.py",
        "--duration",
        "60m",
        "--window",
        "30m",
        "--target-host",
        "http://127.0.0.1:9",
    ];
    let refused = tool.run(&line).expect(2);
    assert!(
        refused.stderr.contains("the test runs for 1h and the release waits 30m for its signal"),
        "{}",
        refused.stderr
    );
    assert!(!tool.path("loadforge-results/results.json").exists());
}
