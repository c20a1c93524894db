//! Every finding, shown by a real run of the demo shop with the matching fault turned on.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use loadforge_ci::demo::shop::{Fault, RunningShop, Shop, ShopConfig};
use loadforge_ci::emulator::{EngineChoice, Server, ServerConfig};
use loadforge_ci::insight::{UsualValues, find};
use loadforge_ci::loadforge::{Client, Event, RunPlan, ScriptFile, Session, StopSignals};
use loadforge_ci::results::{Build, Engine, LocalLoad, Results, ResultsFolder, StartApi, TestSource};
use loadforge_ci::series::RunSeries;
use loadforge_ci::verdict::{Finding, FindingKind};

/// A script that sends a lot: 8 requests/s a user while the shop is healthy.
const BUSY: &str = r#"
import os
from locust import HttpUser, constant_throughput, task

class Busy(HttpUser):
    host = os.environ["TARGET_HOST"]
    wait_time = constant_throughput(8)

    @task(3)
    def products(self):
        self.client.get("/api/v1/products", name="/api/v1/products", timeout=10)

    @task(2)
    def product(self):
        self.client.get("/api/v1/products/4", name="/api/v1/products/[id]", timeout=10)

    @task(2)
    def log_in(self):
        body = {"email": os.environ["TEST_USER_EMAIL"], "password": os.environ["TEST_USER_PASSWORD"]}
        self.client.post("/api/v1/auth/login", json=body, name="/api/v1/auth/login", timeout=10)
"#;

/// A script that forgets the names.
const UNNAMED: &str = r#"
import os
import random
from locust import HttpUser, constant, task

class Unnamed(HttpUser):
    host = os.environ["TARGET_HOST"]
    wait_time = constant(0.1)

    @task
    def product(self):
        self.client.get(f"/api/v1/products/{random.randint(1, 240)}", timeout=10)
"#;

/// How much load, for how long.
#[derive(Clone, Copy)]
struct Shape {
    users: u32,
    spawn_rate: u32,
    seconds: u32,
}

const STEADY: Shape = Shape { users: 6, spawn_rate: 6, seconds: 10 };

/// Runs a script against a shop with these faults, one run after the other on the same shop; what each measured.
///
/// The runs go the way of `run --engine local`: our client, our server, real Locust behind it.
async fn runs(source: &str, shape: Shape, faults: Vec<Vec<Fault>>) -> Vec<(Results, RunSeries)> {
    let shop = Shop::start(ShopConfig::default()).await.unwrap();
    let engine = EngineChoice::Locust { processes: Some(1), cache_dir: None };
    let server =
        Server::start(ServerConfig { engine, provisioning: Duration::ZERO, ..ServerConfig::default() }).await.unwrap();
    let plan = plan(source, shape, &shop);
    let mut measured = Vec::new();
    for faults in faults {
        shop.set_faults(faults);
        let folder = tempfile::tempdir().unwrap();
        measured.push(run(&server.api_url(), &plan, folder.path()).await);
    }
    server.shutdown().await;
    shop.shutdown().await;
    measured
}

fn plan(source: &str, shape: Shape, shop: &RunningShop) -> RunPlan {
    RunPlan {
        test: TestSource::Script(ScriptFile::new("script.py", source)),
        users: Some(shape.users),
        spawn_rate: Some(shape.spawn_rate.into()),
        stages: Vec::new(),
        duration: Duration::from_secs(shape.seconds.into()),
        regions: BTreeMap::from([("local".into(), 1)]),
        target_host: Some(shop.url().parse().unwrap()),
        env: shop.env().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect(),
        timeout: Duration::from_secs(300),
        start_api: StartApi::V2,
        detach: false,
        engine: Engine::Local,
        local: LocalLoad::default(),
        build: Build::default(),
    }
}

async fn run(api_url: &str, plan: &RunPlan, folder: &Path) -> (Results, RunSeries) {
    let client = Client::builder(api_url.parse().unwrap()).token(Some("any".to_owned().into())).build().unwrap();
    let folder = ResultsFolder::new(folder);
    let mut unheard = |_: &Event| {};
    let mut session = Session::new(client, folder.clone(), &mut unheard, StopSignals::never());
    let target = session.resolve(plan).await.unwrap();
    let end = session.run(plan, &target).await.unwrap();
    let results = end.results.unwrap_or_else(|| panic!("{:?} {:?}", end.outcome, end.message));
    assert_eq!(results.problems, []);
    let course = RunSeries::of(&results, Some(&folder.file(ResultsFolder::HISTORY))).unwrap();
    (results, course)
}

async fn findings(source: &str, shape: Shape, faults: Vec<Fault>) -> Vec<Finding> {
    let measured = runs(source, shape, vec![faults]).await;
    find(&measured[0].0, &measured[0].1, None)
}

#[track_caller]
fn finding_of(findings: &[Finding], kind: FindingKind) -> &Finding {
    findings.iter().find(|finding| finding.kind == kind).unwrap_or_else(|| panic!("no {kind:?} in {findings:#?}"))
}

fn kinds(findings: &[Finding]) -> Vec<FindingKind> {
    findings.iter().map(|finding| finding.kind).collect()
}

#[tokio::test]
async fn latency_that_grows_is_a_drift() {
    let found = findings(BUSY, STEADY, vec![Fault::GrowingLatency { factor: 31.0 }]).await;
    let drift = finding_of(&found, FindingKind::Drift);
    assert!(drift.sentence.starts_with("Response times of all requests rise"), "{drift:#?}");
    assert_eq!(kinds(&found), [FindingKind::Drift], "{found:#?}");
}

#[tokio::test]
async fn errors_for_two_seconds_are_a_spike() {
    let spike = Fault::ErrorSpike { from: Duration::from_secs(5), to: Duration::from_secs(7), share: 0.6 };
    let found = findings(BUSY, STEADY, vec![spike]).await;
    let burst = finding_of(&found, FindingKind::ErrorSpike);
    assert!(burst.sentence.contains("after the ramp-up"), "{burst:#?}");
    let (from, to) = burst.span_s.unwrap();
    assert!((2..=4).contains(&(to - from)), "{burst:#?}");
    assert!(finding_of(&found, FindingKind::Failures).sentence.contains("all of them server errors"), "{found:#?}");
    assert_eq!(found.len(), 2, "{found:#?}");
}

#[tokio::test]
async fn errors_while_users_are_added_are_a_spike_inside_the_ramp_up() {
    let spike = Fault::ErrorSpike { from: Duration::ZERO, to: Duration::from_secs(2), share: 0.9 };
    let shape = Shape { users: 10, spawn_rate: 2, seconds: 10 };
    let found = findings(BUSY, shape, vec![spike]).await;
    let burst = finding_of(&found, FindingKind::ErrorSpike);
    assert!(burst.sentence.contains("inside the ramp-up"), "{burst:#?}");
}

#[tokio::test]
async fn a_shop_at_its_limit_is_saturated() {
    let shape = Shape { users: 16, spawn_rate: 2, seconds: 10 };
    let found = findings(BUSY, shape, vec![Fault::Saturation { requests_per_s: 20.0 }]).await;
    let saturation = finding_of(&found, FindingKind::Saturation);
    assert!(saturation.sentence.contains("/s while users grow from "), "{saturation:#?}");
}

#[tokio::test]
async fn a_slower_machine_and_a_slower_network_are_common_mode_and_a_slower_login_is_not() {
    // Changes far above what a busy machine adds to a single endpoint.
    let slower = vec![Fault::AllSlower { factor: 4.0 }];
    let later = vec![Fault::AllLater { by: Duration::from_millis(200) }];
    let login = vec![Fault::SlowLogin { factor: 3.0 }];
    let measured = runs(BUSY, Shape { seconds: 12, ..STEADY }, vec![vec![], slower, later, login]).await;
    let [(usual, course), slower, later, login] = &measured[..] else { panic!("four runs") };
    let baseline = UsualValues::of_run(usual);
    assert_eq!(find(usual, course, Some(&baseline)), [], "a healthy run");
    let found = find(&slower.0, &slower.1, Some(&baseline));
    assert!(
        finding_of(&found, FindingKind::CommonMode).sentence.starts_with("All 3 endpoints are slower"),
        "{found:#?}"
    );
    let found = find(&later.0, &later.1, Some(&baseline));
    assert!(finding_of(&found, FindingKind::CommonMode).sentence.contains("about the same time longer"), "{found:#?}");
    assert_eq!(find(&login.0, &login.1, Some(&baseline)), [], "one slow endpoint is for the gates to judge");
}

#[tokio::test]
async fn a_login_that_gets_slower_bit_by_bit_is_told_from_its_history() {
    // Steps that a busy machine's noise, which moves single builds, does not turn around.
    let builds = (0..12).map(|build| vec![Fault::SlowLogin { factor: 1.0 + 0.25 * f64::from(build) }]);
    let measured = runs(BUSY, Shape { seconds: 3, ..STEADY }, builds.collect()).await;
    let (now, before) = measured.split_last().unwrap();
    let found =
        find(&now.0, &now.1, Some(&UsualValues::median_of(before.iter().map(|run| UsualValues::of_run(&run.0)))));
    let creep = finding_of(&found, FindingKind::Creep);
    assert!(creep.sentence.starts_with("POST /api/v1/auth/login became slower bit by bit"), "{creep:#?}");
}

#[tokio::test]
async fn quick_errors_make_the_shop_faster_because_it_fails() {
    let faults = vec![vec![], vec![Fault::FailFast { share: 0.7 }]];
    let measured = runs(BUSY, Shape { seconds: 6, ..STEADY }, faults).await;
    let found = find(&measured[1].0, &measured[1].1, Some(&UsualValues::of_run(&measured[0].0)));
    let faster = finding_of(&found, FindingKind::FasterBecauseFailing);
    assert!(faster.sentence.contains("/api/v1/auth/login"), "{faster:#?}");
}

#[tokio::test]
async fn urls_without_a_name_are_told_with_the_name_to_use() {
    let shape = Shape { seconds: 4, ..STEADY };
    let found = findings(UNNAMED, shape, vec![]).await;
    let names = finding_of(&found, FindingKind::DynamicNames);
    assert!(names.sentence.ends_with("name the request /api/v1/products/[id] instead."), "{names:#?}");
    assert_eq!(kinds(&found), [FindingKind::DynamicNames], "{found:#?}");
}

#[tokio::test]
async fn failures_are_told_by_class() {
    let faults = vec![Fault::RateLimit { share: 0.3 }, Fault::Resets { share: 0.1 }];
    let found = findings(BUSY, Shape { seconds: 6, ..STEADY }, faults).await;
    let failures = finding_of(&found, FindingKind::Failures);
    assert!(failures.sentence.contains("most often rate limits (429)"), "{failures:#?}");
    assert!(failures.evidence.contains("connections "), "{failures:#?}");
    assert_eq!(kinds(&found), [FindingKind::Failures], "{found:#?}");
}
