//! Records runs of unchanged code, on this machine with real Locust: the demo shop, whose endpoints wait, and a service
//! whose endpoints compute: `cargo bench --bench record_services -- FOLDER [RUNS]` (about 50 s for each of the 40 runs).
//!
//! FOLDER receives a history for each service, `demo-shop-40` and `cpu-bound-40`, with what a comparison needs of each
//! run and no more. It is written after each run, so that a recording can be stopped at any time.
#![expect(clippy::print_stdout, reason = "what was recorded is the program's output")]
#![expect(clippy::unwrap_used, reason = "what cannot be set up should panic")]

#[path = "../tests/it/background.rs"]
mod background;
#[path = "record_services/computing.rs"]
mod computing;
#[path = "../tests/it/open_shop.rs"]
mod open_shop;
#[path = "../tests/it/tool.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod tool;

use std::fs;
use std::path::Path;

use loadforge_ci::baseline::{EndpointRecord, GoodRun, RunHistory};
use loadforge_ci::results::Percentile;

use background::Background;
use open_shop::OpenShop;
use tool::Tool;

/// Eight requests of a visitor, one after the other.
const SHOP: &str = r#"
import os
from locust import HttpUser, constant_throughput, task

class Visitor(HttpUser):
    host = os.environ["TARGET_HOST"]
    wait_time = constant_throughput(0.5)

    @task
    def visit(self):
        client = self.client
        client.get("/health", name="/health", timeout=10)
        client.get("/api/v1/products", name="/api/v1/products", timeout=10)
        client.get("/api/v1/products/4", name="/api/v1/products/[id]", timeout=10)
        login = {"email": os.environ["TEST_USER_EMAIL"], "password": os.environ["TEST_USER_PASSWORD"]}
        token = client.post("/api/v1/auth/login", json=login, name="/api/v1/auth/login", timeout=10).json()["access_token"]
        client.headers["Authorization"] = "Bearer " + token
        client.get("/api/v1/account/profile", name="/api/v1/account/profile", timeout=10)
        client.get("/api/v1/orders?status=all&page=1&limit=10", name="/api/v1/orders", timeout=10)
        cart = client.post("/api/v1/carts", json={"currency": "EUR"}, name="/api/v1/carts", timeout=10).json()["id"]
        item = {"product_id": 4, "quantity": 2}
        client.post(f"/api/v1/carts/{cart}/items", json=item, name="/api/v1/carts/[id]/items", timeout=10)
"#;

/// The same against the service that computes.
const COMPUTING: &str = r#"
import os
from locust import HttpUser, constant_throughput, task

class Caller(HttpUser):
    host = os.environ["TARGET_HOST"]
    wait_time = constant_throughput(0.5)

    @task
    def call(self):
        for rounds in os.environ["ROUNDS"].split(","):
            self.client.get("/work/" + rounds, timeout=10)
"#;

/// A service, and the repository whose builds load it.
struct Recorded {
    name: &'static str,
    script: &'static str,
    users: &'static str,
    url: String,
    variables: Vec<&'static str>,
    tool: Tool,
}

impl Recorded {
    fn command(&self, arguments: &[&str], number: usize) -> tool::Ended {
        let commit = format!("{:08x}", 0x51ed_270b_u32.wrapping_mul(u32::try_from(number).unwrap())).repeat(5);
        tool::Ended::of(self.tool.command(arguments).env("CIRCLE_SHA1", commit).output().unwrap())
    }

    /// One more run; whether it was good enough to be recorded.
    fn run(&self, number: usize) -> bool {
        let script = ["run", "--engine", "local", "--locustfile", self.script, "--processes", "1"];
        let load = ["--users", self.users, "--spawn-rate", "20", "--duration", "20s", "--target-host", &self.url];
        let variables = self.variables.iter().flat_map(|name| ["--env", name]);
        let run: Vec<&str> = script.into_iter().chain(load).chain(variables).collect();
        let steps: [&[&str]; 3] =
            [&run, &["gate", "--gate", "requests > 500", "--gate", "error_rate == 0%"], &["baseline", "add"]];
        let failed = steps.iter().find_map(|step| {
            let ended = self.command(step, number);
            (ended.code != 0).then(|| format!("{}: {}", step[0], ended.stderr.lines().last().unwrap_or_default()))
        });
        if let Some(why) = &failed {
            println!("{} run {number} is left out: {why}", self.name);
        }
        failed.is_none()
    }

    /// Writes what was recorded so far, without what no comparison needs.
    fn keep(&self, folder: &Path) -> usize {
        let history = RunHistory::open(self.tool.path("loadforge-history")).unwrap();
        let folder = folder.join(self.name);
        fs::create_dir_all(&folder).unwrap();
        let lines: Vec<String> =
            history.runs().iter().map(|run| serde_json::to_string(&compact(run)).unwrap()).collect();
        fs::write(folder.join(RunHistory::FILE), lines.join("\n") + "\n").unwrap();
        lines.len()
    }
}

fn compact(run: &GoodRun) -> GoodRun {
    let endpoint = |one: &EndpointRecord| EndpointRecord {
        min_ms: None,
        max_ms: None,
        median_ms: None,
        percentiles: one
            .percentiles
            .iter()
            .filter(|(percentile, _)| [Percentile::P50, Percentile::P95].contains(percentile))
            .map(|(percentile, value)| (*percentile, *value))
            .collect(),
        ..one.clone()
    };
    let mut run = run.clone();
    run.total = endpoint(&run.total);
    run.endpoints = run.endpoints.iter().map(endpoint).collect();
    run
}

fn main() {
    // `cargo test --benches` only shows that it compiles and starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let folder = arguments.next().expect("name the folder that receives the histories");
    let runs: usize = arguments.next().map_or(40, |number| number.parse().unwrap());

    let shop = OpenShop::new();
    let (_computing, port) = Background::start(computing::serve);
    let tool =
        |script: &str, text: &str| Tool::new().file(script, text).env("CIRCLECI", "true").env("CIRCLE_BRANCH", "main");
    let mut shop_tool = tool("shop.py", SHOP);
    for (name, value) in shop.env().into_iter().filter(|(name, _)| *name != "TARGET_HOST") {
        shop_tool = shop_tool.env(name, value);
    }
    let services = [
        Recorded {
            name: "demo-shop-40",
            script: "shop.py",
            users: "20",
            url: shop.url(),
            variables: vec!["TEST_USER_EMAIL", "TEST_USER_PASSWORD"],
            tool: shop_tool,
        },
        Recorded {
            name: "cpu-bound-40",
            script: "computing.py",
            users: "12",
            url: format!("http://127.0.0.1:{port}"),
            variables: vec!["ROUNDS"],
            tool: tool("computing.py", COMPUTING)
                .env("ROUNDS", computing::ROUNDS.map(|rounds| rounds.to_string()).join(",")),
        },
    ];
    let mut number = 0;
    let mut kept = [0; 2];
    // A machine on which hardly any run is good is no machine to record on.
    while kept.iter().any(|kept| *kept < runs) && number < 2 * runs {
        number += 1;
        for (service, kept) in services.iter().zip(&mut kept).filter(|(_, kept)| **kept < runs) {
            if service.run(number) {
                *kept = service.keep(Path::new(&folder));
            }
        }
        println!("{number}: {} runs of the shop and {} of the computing service are recorded", kept[0], kept[1]);
    }
}
