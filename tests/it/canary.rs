//! A secret that is passed in everywhere appears in no output of any command, failing ones included.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use loadforge_ci::emulator::{EngineChoice, ReplayPace, ServerConfig};
use serde_json::json;

use crate::support::github::{Account, GitHub, Pull};
use crate::support::service::Service;
use crate::tool::{Ended, Tool, fixture};

/// In every secret, and in no text that belongs in an output.
const CANARY: &str = "c4n4ry";
const API_TOKEN: &str = "c4n4ry-lf-t0ken";
const GITHUB_TOKEN: &str = "ghp_c4n4ryOfTheBot";
/// A value with characters that every format writes differently.
const PASSWORD: &str = "c4n4ry/p+ss w\u{f6}rd&<1>=c4n4ry";
const IN_URL: &str = "c4n4ry-of-the-url";

/// The folder of inputs, which hold the secrets on purpose.
const INPUTS: &str = "in";

/// The characters of a Base64 text that the canary alone decides, at each alignment.
fn base64_cores() -> Vec<String> {
    (0_usize..3)
        .map(|before| {
            let bytes = [vec![0; before], CANARY.as_bytes().to_vec()].concat();
            BASE64_STANDARD_NO_PAD.encode(&bytes)[(before * 8).div_ceil(6)..bytes.len() * 8 / 6].to_owned()
        })
        .collect()
}

#[track_caller]
fn assert_clean(what: &str, text: &str) {
    for needle in base64_cores().iter().map(String::as_str).chain([CANARY]) {
        if let Some(at) = text.find(needle) {
            let from = text[..at].char_indices().rev().nth(160).map_or(0, |(index, _)| index);
            let near: String = text[from..].chars().take(400).collect();
            panic!("{what} holds {needle}: …{near}…");
        }
    }
}

/// Every file below a folder but the inputs.
fn assert_clean_files(folder: &Path, what: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with(INPUTS) {
                assert_clean_files(&path, what);
            }
        } else {
            assert_clean(&format!("{what}: {}", path.display()), &String::from_utf8_lossy(&fs::read(&path).unwrap()));
        }
    }
}

/// `user:PASSWORD` and the like, as an error text may hold it.
fn encoded() -> Vec<String> {
    let encode = |text: String| BASE64_STANDARD_NO_PAD.encode(text);
    vec![
        "c4n4ry%2Fp%2Bss%20w%C3%B6rd%26%3C1%3E%3Dc4n4ry".into(),
        encode(format!("u:{PASSWORD}")),
        encode(format!("us:{PASSWORD}")),
        encode(format!("use:{PASSWORD}")),
    ]
}

/// A recording whose names and errors hold the password in every form.
fn recording(to: &Path) {
    let from = fixture("locust/errors/s1_basic");
    let forms = encoded();
    for file in ["run_stats.csv", "run_stats_history.csv", "run_failures.csv"] {
        let text = fs::read_to_string(from.join(file)).unwrap();
        let text = text
            .replace("/api/v1/products", &format!("/products/{PASSWORD}"))
            .replace("/api/v1/auth/login", &format!("/login?next={}", forms[0]))
            .replace("Bad Gateway", &format!("Bad Gateway for Basic {} {} {}", forms[1], forms[2], forms[3]));
        fs::write(to.join(file), text).unwrap();
    }
}

/// A service that answers every call with an error that repeats the request, headers and body.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/v2", listener.local_addr().unwrap());
    std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| _ = answer(stream)));
    url
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let token = head.lines().find(|line| line.to_ascii_lowercase().starts_with("authorization")).unwrap_or_default();
    let message = json!({ "message": format!("refused {token} {body}"), "errors": { token: [body] } }).to_string();
    let head = "HTTP/1.1 422 Unprocessable Content\r\ncontent-type: application/json\r\nconnection: close\r\n";
    write!(stream, "{head}content-length: {}\r\n\r\n{message}", message.len())
}

/// A tool whose environment and inputs hold the secrets.
fn tool(api_url: &str) -> Tool {
    let script = "import os\nfrom locust import HttpUser, constant, task\n\
                  S = os.environ['SHOP_PASSWORD']\nprint('password is', S, dict(os.environ))\n\
                  class Loud(HttpUser):\n    wait_time = constant(1)\n    @task\n    def shout(self):\n        \
                  self.client.get('/x?p=' + S, name='/x/' + S, timeout=2)\n";
    let hard_coded = format!("from locust import HttpUser\nPASSWORD = {PASSWORD:?}\nclass A(HttpUser):\n    pass\n");
    Tool::new()
        .env("LOADFORGE_API_URL", api_url)
        .env("LOADFORGE_API_TOKEN", API_TOKEN)
        .env("GITHUB_TOKEN", GITHUB_TOKEN)
        .env("SHOP_PASSWORD", PASSWORD)
        .env("ODD", PASSWORD)
        .env("URL_PASSWORD", IN_URL)
        .env("CIRCLECI", "true")
        .env("CIRCLE_SHA1", format!("{:040x}", 1))
        .env("CIRCLE_BRANCH", "login")
        .env("CIRCLE_PULL_REQUEST", "https://github.com/acme/shop/pull/1")
        .env("CIRCLE_PROJECT_USERNAME", "acme")
        .env("CIRCLE_PROJECT_REPONAME", "shop")
        .env("CIRCLE_WORKFLOW_JOB_ID", "job-1")
        .file("in/loud.py", script)
        .file("in/hard.py", hard_coded)
        .file("in/env.yml", "test:\n  env: [SHOP_PASSWORD, ODD]\n")
        .file("in/host.yml", "test:\n  env: [ODD]\n  target_host: ${ODD}\n  users: 1\n  locustfile: in/loud.py\n")
        .file(
            "in/url.yml",
            "test:\n  target_host: https://u:${URL_PASSWORD}@h.example\n  users: 1\n  locustfile: in/loud.py\n",
        )
        .file("in/users.yml", "test:\n  users: ${SHOP_PASSWORD}\n")
        .file("in/gates.yml", "gates:\n  - p95 of \"${SHOP_PASSWORD}\" << 1ms\n")
        .file(
            "in/template.md",
            "{% for row in rows.fail %}{{ row.endpoint }} {{ row.gate }} {{ row.reason }}{% endfor %}",
        )
        .file("in/broken.md", "{{ '${SHOP_PASSWORD}' }} {{ nope }")
}

/// Runs a command line and looks at everything it left.
async fn run(tool: Tool, line: &str) -> (Tool, Ended) {
    // `~` stands for a space inside an argument.
    let arguments: Vec<String> = line
        .split_whitespace()
        .map(|word| {
            word.replace('~', " ").replace("PASSWORD!", PASSWORD).replace("URL!", IN_URL).replace("TOKEN!", API_TOKEN)
        })
        .collect();
    let (tool, ended) = tokio::task::spawn_blocking(move || {
        let ended = tool.run(&arguments);
        (tool, ended)
    })
    .await
    .unwrap();
    assert!([0, 1, 2, 3, 4, 5, 6, 75, 77].contains(&ended.code), "{line}: {ended:?}");
    assert_clean(&format!("stdout of {line}"), &ended.stdout);
    assert_clean(&format!("stderr of {line}"), &ended.stderr);
    assert_clean_files(&tool.path(""), line);
    (tool, ended)
}

/// Command lines that are refused before anything is sent.
const REFUSED: [&str; 19] = [
    "run --env MY-PW=PASSWORD!",
    "run --env 1=PASSWORD!",
    "run SHOP_PASSWORD=PASSWORD!",
    "run --test-id TOKEN!",
    "run --test-id X=PASSWORD!",
    "run --token TOKEN!",
    "run --target-host u:URL!@h",
    "run --target-host https://u:URL!@h:port/",
    "run --engine local --locustfile in/loud.py --users 1 --target-host https://u:URL!@h.example/?token=URL! --env SHOP_PASSWORD",
    "run --api-url https://u:URL!@h.example/api/v2 --test-id 1",
    "run --api-url https://h.example/?token=URL! --test-id 1",
    "run --config in/host.yml --engine local",
    "run --config in/url.yml --engine local --no-preflight --env SHOP_PASSWORD",
    "run --config in/users.yml --engine local",
    "gate --config in/gates.yml",
    "TOKEN! run",
    "doctor --github-api-url https://u:URL!@h.example --engine local",
    "gate --from in/run_stats.csv --gate p95~of~\"PASSWORD!\"~<<~1ms",
    "emulate --listen 0.0.0.0:0",
];

/// Command lines over a service whose results repeat the secrets; in this order.
const COLLECTED: [&str; 22] = [
    "run -vv --locustfile in/loud.py --users 2 --duration 2m --target-host http://127.0.0.1:9 --env SHOP_PASSWORD",
    "gate -v --gate p95~<~60s --config in/env.yml",
    "baseline add --baseline-branch login",
    "baseline show",
    "baseline suggest",
    "baseline backtest --gate p95~<~60s",
    "gate --gate p95~of~\"/products/PASSWORD!\"~<~1ms --gate error_rate~of~\"**\"~<~0.001%",
    "gate --gate p95~of~\"/nothing/PASSWORD!\"~<~1ms --on-inconclusive warn",
    "gate --template in/template.md --gate p95~<~1ms",
    "gate --template in/broken.md --gate p95~<~1ms",
    "gate --log-format json --gate avg~of~\"**\"~<~1ms",
    "gate --color always --gate max~of~\"**\"~<~1ms",
    "gate --confirm --env SHOP_PASSWORD --gate p95~<=~+1%~vs~baseline",
    "run --locustfile in/loud.py --users 2 --duration 2m --target-host http://127.0.0.1:9 --env SHOP_PASSWORD --results second",
    "run --test-id 102 --start-api v1 --duration 2m --env SHOP_PASSWORD --env ODD --results third",
    "wait --run-id 1001 --results fourth --env SHOP_PASSWORD",
    "wait --run-id 1001 --results fifth --config in/env.yml",
    "cancel --run-id 1001",
    "doctor --locustfile in/loud.py --users 1 --target-host http://127.0.0.1:9 --env SHOP_PASSWORD --github-api-url http://127.0.0.1:9",
    "gate --from in/run_stats.csv --history-csv in/run_stats_history.csv --failures-csv in/run_failures.csv --gate p95~of~\"**\"~<~1ms --results sixth",
    "lint in/loud.py in/hard.py",
    "lint --format json in/hard.py",
];

/// Command lines against a service that repeats every request in its error.
const ECHOED: [&str; 9] = [
    "run -vv --locustfile in/loud.py --users 2 --duration 2m --target-host http://127.0.0.1:9 --env SHOP_PASSWORD",
    "run --test-id 1 --start-api v1 --duration 2m --env ODD --results second",
    "run --test TOKEN! --duration 2m",
    "doctor --test-id 1",
    "wait --run-id 5",
    "cancel --run-id 5",
    "run --log-format json --test-id 1 --duration 2m",
    "cancel --superseded",
    "wait --run-id 5 --log-format json",
];

#[tokio::test]
async fn nothing_that_comes_out_holds_a_secret() {
    let github = GitHub::start().await;
    github.accept(GITHUB_TOKEN, Account::person(7, "acme-bot"));
    github.open_pull(Pull::open(1, "login", &format!("{:040x}", 1)));
    let recorded = tempfile::tempdir().unwrap();
    recording(recorded.path());
    let engine = EngineChoice::Replay { folder: recorded.path().into(), pace: ReplayPace::AtOnce };
    let config = || ServerConfig {
        engine: engine.clone(),
        provisioning: std::time::Duration::ZERO,
        seconds_per_minute: 1.0,
        ..ServerConfig::default()
    };
    let service = Service::start(config());

    let mut used = tool(&service.url);
    fs::create_dir_all(used.path(INPUTS)).unwrap();
    recording(&used.path(INPUTS));
    for line in REFUSED {
        let ended;
        (used, ended) = run(used, line).await;
        assert_ne!(ended.code, 0, "{line}: {ended:?}");
    }
    for line in COLLECTED {
        (used, _) = run(used, line).await;
    }
    assert!(used.read("loadforge-results/stats.csv").contains("/products/[hidden],"));
    assert!(used.read("loadforge-results/results.json").contains("/login?next=[hidden]"));
    assert!(used.read("fourth/stats.csv").contains("/products/[hidden],"), "`wait` hides what `run` hides");

    for line in [
        "gate --gate p95~of~\"/products/PASSWORD!\"~<~1ms --comment --status --comment-key feature/TOKEN!",
        "comment --comment-mode new",
        "gate --from in/run_stats.csv --config in/env.yml --gate p95~of~\"**\"~<~1ms --comment --results seventh",
    ] {
        let line = format!("{line} --github-api-url {}", github.api_url);
        (used, _) = run(used, &line).await;
    }
    assert!(!github.comments(1).is_empty());
    for comment in github.comments(1) {
        assert_clean("a comment", &comment.body);
    }
    assert_clean("the statuses", &format!("{:?}", github.statuses()));

    let mut echoed = tool(&echo());
    for line in ECHOED {
        let ended;
        (echoed, ended) = run(echoed, line).await;
        assert_ne!(ended.code, 0, "{line}: {ended:?}");
    }

    // Real Locust, whose script prints its environment and names endpoints after the secret.
    let mut local = tool("");
    for line in [
        "run --engine local --locustfile in/loud.py --users 1 --duration 2s --target-host http://127.0.0.1:9 --no-preflight --env SHOP_PASSWORD",
        "gate --gate p95~<~1ms",
    ] {
        (local, _) = run(local, line).await;
    }
    assert!(local.read("loadforge-results/locust.log").contains("password is [hidden]"));
}
