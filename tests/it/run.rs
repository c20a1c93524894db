//! `run`, `wait`, `gate` and `cancel` through the binary, against the LoadForge-compatible server. Between them these
//! tests produce every exit code.

use std::time::{Duration, Instant};

use loadforge_ci::emulator::{InjectedFaults, ReplayPace, ServerConfig, TokenPolicy};

use crate::support::service::{Service, signal, until};
use crate::tool::{Ended, Tool, fixture};

#[test]
fn a_saved_test_is_started_once_followed_collected_and_judged() {
    let service = Service::replaying(ReplayPace::AtOnce, InjectedFaults::default());
    let test = service.save("checkout");
    let tool = service.tool();
    let ended = tool.run(&["run", "--test-id", &test, "--duration", "2m"]).expect(0);
    assert_eq!(ended.stdout, "", "progress goes to stderr");
    let csv = std::fs::read_to_string(fixture("locust/healthy/s3_checkout/run_stats.csv")).unwrap();
    assert_eq!(tool.read("loadforge-results/stats.csv"), csv, "exactly as delivered");
    assert_eq!(tool.json("loadforge-results/results.json")["total"]["requests"], 375);
    assert_eq!(
        tool.json("loadforge-results/run.json")["states"].as_array().unwrap().last().unwrap()["state"],
        "finished"
    );
    let gated = tool.run(&["gate", "--gate", "p95 < 500ms", "--gate", "error_rate < 1%"]).expect(0);
    assert!(gated.stdout.contains("gates passed"), "{}", gated.stdout);
    for file in ["verdict.json", "summary.md", "report.html", "junit/loadforge.xml"] {
        assert!(!tool.read(&format!("loadforge-results/{file}")).is_empty(), "{file}");
    }
    for file in ["run.json", "results.json", "verdict.json", "summary.md", "report.html", "junit/loadforge.xml"] {
        assert!(!tool.read(&format!("loadforge-results/{file}")).contains("t0p-s3cret"), "{file}");
    }
    assert_eq!(service.runs(), 1);
}

#[test]
fn a_test_is_found_by_its_name_and_v1_starts_it_too() {
    let service = Service::replaying(ReplayPace::AtOnce, InjectedFaults::default());
    service.save("checkout");
    let tool = service.tool();
    tool.run(&["run", "--test", "checkout", "--duration", "2m", "--start-api", "v1", "--env", "A=b"]).expect(0);
    let missing = service.tool().run(&["run", "--test", "chekout", "--duration", "2m"]).expect(2);
    assert!(missing.stderr.contains("chekout"), "{}", missing.stderr);
    assert_eq!(service.runs(), 1);
}

#[test]
fn a_gate_that_fails_publishes_everything_and_exits_with_1() {
    let service = Service::replaying(ReplayPace::AtOnce, InjectedFaults::default());
    let test = service.save("checkout");
    let tool = service
        .tool()
        .file("loadforge.yml", "gates:\n  - p95 of \"POST /api/v1/auth/login\" < 1ms\n  - error_rate < 1%\n");
    tool.run(&["run", "--test-id", &test, "--duration", "2m"]).expect(0);
    let gated = tool.run(&["gate"]).expect(1);
    assert!(gated.stdout.contains("POST /api/v1/auth/login"), "{}", gated.stdout);
    assert_eq!(tool.json("loadforge-results/verdict.json")["outcome"], "fail");
    assert!(tool.read("loadforge-results/junit/loadforge.xml").contains("loadforge.yml"));
    assert!(tool.read("loadforge-results/summary.md").contains("**fail**"));
}

#[test]
fn what_cannot_be_judged_exits_with_3_unless_it_may_be() {
    let service = Service::replaying(ReplayPace::AtOnce, InjectedFaults::default());
    let test = service.save("checkout");
    let tool = service.tool();
    tool.run(&["run", "--test-id", &test, "--duration", "2m"]).expect(0);
    let gate = "p99.9 of \"/nowhere\" < 1s";
    let refused = tool.run(&["gate", "--gate", gate]).expect(3);
    assert!(refused.stdout.contains("no endpoint matches"), "{}", refused.stdout);
    tool.run(&["gate", "--gate", gate, "--on-inconclusive", "warn"]).expect(0);
}

#[test]
fn wait_and_gate_go_on_from_a_detached_run() {
    let service = Service::replaying(ReplayPace::AsPlanned, InjectedFaults::default());
    let test = service.save("checkout");
    let tool = service.tool();
    tool.run(&["run", "--test-id", &test, "--duration", "2m", "--detach"]).expect(0);
    let early = tool.run(&["gate", "--gate", "p95 < 1s"]).expect(2);
    assert!(early.stderr.contains("loadforge-ci wait"), "{}", early.stderr);
    tool.run(&["wait"]).expect(0);
    tool.run(&["gate", "--gate", "p95 < 1s"]).expect(0);
    let run = tool.json("loadforge-results/run.json")["run_id"].to_string();
    let elsewhere = service.tool();
    elsewhere.run(&["wait", "--run-id", &run]).expect(0);
    assert_eq!(elsewhere.json("loadforge-results/results.json")["total"]["requests"], 375);
    assert_eq!(service.runs(), 1);
}

#[test]
fn a_run_that_did_not_complete_exits_with_4_and_so_does_its_gate() {
    for (code, words) in [(4, "failed to launch"), (5, "cancelled"), (6, "cloud provider"), (7, "workers")] {
        let service = Service::replaying(
            ReplayPace::AtOnce,
            InjectedFaults { end_code: Some(code), ..InjectedFaults::default() },
        );
        let test = service.save("checkout");
        let tool = service.tool();
        let ended = tool.run(&["run", "--test-id", &test, "--duration", "2m"]).expect(4);
        assert!(ended.stderr.contains(words), "{code}: {}", ended.stderr);
    }
}

#[test]
fn the_overall_timeout_cancels_the_run_and_exits_with_5() {
    let service = Service::replaying(ReplayPace::AsPlanned, InjectedFaults::default());
    let test = service.save("checkout");
    let tool = service.tool();
    tool.run(&["run", "--test-id", &test, "--duration", "720m", "--timeout", "1s"]).expect(5);
    let run = tool.json("loadforge-results/run.json")["run_id"].to_string();
    assert_eq!(service.get(&format!("/result/{run}"))["run_status"], 5);
}

#[test]
fn a_host_that_is_not_allowed_is_never_hit() {
    let service = Service::replaying(ReplayPace::AtOnce, InjectedFaults::default());
    let tool = service
        .tool()
        .file("loadforge.yml", "guard: { allowed_hosts: [\"*.staging.example.com\"] }\n")
        .file("shop.py", "import locust\n");
    let run = [
        "run",
        "--locustfile",
        "shop.py",
        "--users",
        "1",
        "--duration",
        "2m",
        "--target-host",
        "https://www.example.com",
    ];
    let refused = tool.run(&run).expect(6);
    assert!(
        refused.stderr.contains("www.example.com") && refused.stderr.contains("--target-host"),
        "{}",
        refused.stderr
    );
    assert_eq!(service.runs(), 0);
}

#[test]
fn a_service_that_cannot_be_reached_exits_with_75_and_says_try_again() {
    // A port that was free a moment ago and that no process listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let tool = Tool::new()
        .env("LOADFORGE_API_URL", format!("http://127.0.0.1:{port}/api/v2"))
        .env("LOADFORGE_API_TOKEN", "t0p-s3cret");
    let ended = tool.run(&["run", "--test-id", "1", "--duration", "2m", "--timeout", "10s"]).expect(75);
    assert!(!ended.stderr.contains("t0p-s3cret"));
}

#[test]
fn a_missing_or_wrong_token_exits_with_77_and_names_the_variable() {
    let config = ServerConfig { tokens: TokenPolicy::Fixed("right".into()), ..ServerConfig::default() };
    let service = Service::start(config);
    let wrong = service.tool().run(&["run", "--test-id", "1", "--duration", "2m"]).expect(77);
    assert!(wrong.stderr.contains("LOADFORGE_API_TOKEN") && !wrong.stderr.contains("t0p-s3cret"), "{}", wrong.stderr);
    let missing =
        Tool::new().env("LOADFORGE_API_URL", &service.url).run(&["run", "--test-id", "1", "--duration", "2m"]);
    assert!(missing.expect(77).stderr.contains("LOADFORGE_API_TOKEN"));
}

#[test]
fn a_signal_cancels_the_run_within_5_s() {
    for (name, code) in [("TERM", 143), ("HUP", 143), ("INT", 130)] {
        let service = Service::replaying(ReplayPace::AsPlanned, InjectedFaults::default());
        let test = service.save("checkout");
        let tool = service.tool();
        let child = tool.start(&["run", "--test-id", &test, "--duration", "720m"]);
        until("a run", || service.runs() == 1);
        until("running", || service.get("/results")[0]["run_status"] == 2);
        signal(&child, name);
        let asked = Instant::now();
        let ended = Ended::of(child.wait_with_output().unwrap()).expect(code);
        assert!(asked.elapsed() < Duration::from_secs(30), "{}", ended.stderr);
        assert_eq!(service.get("/results")[0]["run_status"], 5, "{}", ended.stderr);
    }
}

#[test]
fn cancel_stops_the_recorded_run() {
    let service = Service::replaying(ReplayPace::AsPlanned, InjectedFaults::default());
    let test = service.save("checkout");
    let tool = service.tool();
    tool.run(&["run", "--test-id", &test, "--duration", "720m", "--detach"]).expect(0);
    tool.run(&["cancel"]).expect(0);
    assert_eq!(service.get("/results")[0]["run_status"], 5);
    let nothing = service.tool().run(&["cancel"]).expect(2);
    assert!(nothing.stderr.contains("--run-id"), "{}", nothing.stderr);
}

#[test]
fn a_lost_start_answer_never_makes_a_second_run() {
    let service =
        Service::replaying(ReplayPace::AtOnce, InjectedFaults { lost_start_answers: 1, ..InjectedFaults::default() });
    let test = service.save("checkout");
    let tool = service.tool();
    tool.run(&["run", "--test-id", &test, "--duration", "2m"]).expect(0);
    assert_eq!(service.runs(), 1);
    assert_eq!(tool.json("loadforge-results/results.json")["total"]["requests"], 375);
}

#[test]
fn a_job_that_runs_again_adopts_its_run() {
    let service = Service::replaying(ReplayPace::AsPlanned, InjectedFaults::default());
    let test = service.save("checkout");
    let tool = service.tool().env("CIRCLE_WORKFLOW_JOB_ID", "9d1c");
    let run = ["run", "--test-id", &test, "--duration", "2m"];
    tool.run(&[&run[..], &["--detach"]].concat()).expect(0);
    let again = tool.run(&run).expect(0);
    assert!(again.stderr.contains("continuing with run"), "{}", again.stderr);
    tool.run(&run).expect(0);
    assert_eq!(service.runs(), 1);
}

#[test]
fn results_without_csv_are_inconclusive_by_endpoint_and_say_why() {
    let faults = InjectedFaults {
        without_csv: true,
        without_extension: true,
        without_test_id: true,
        ..InjectedFaults::default()
    };
    let service = Service::replaying(ReplayPace::AtOnce, faults);
    let test = service.save("checkout");
    let tool = service.tool();
    tool.run(&["run", "--test-id", &test, "--duration", "2m"]).expect(0);
    let gated =
        tool.run(&["gate", "--gate", "p95 of \"POST /api/v1/carts\" < 1s", "--gate", "requests >= 375"]).expect(3);
    assert!(gated.stdout.contains("CSV"), "{}", gated.stdout);
}

#[test]
fn any_locust_output_is_judged_offline() {
    let csv = |name: &str| fixture(&format!("locust/errors/s2_auth/run_{name}.csv")).display().to_string();
    let tool = Tool::new();
    let (stats, history, failures) = (csv("stats"), csv("stats_history"), csv("failures"));
    let from = ["gate", "--from", &stats, "--history-csv", &history, "--failures-csv", &failures];
    tool.run(&[&from[..], &["--gate", "error_rate < 50%", "--gate", "errors(connection) < 20%"]].concat()).expect(0);
    tool.run(&[&from[..], &["--gate", "errors(connection) == 0"]].concat()).expect(1);
    assert!(tool.run(&[&from[..], &["--gate", "p95 < 500"]].concat()).expect(2).stderr.contains("500ms"));
    for (name, content) in [
        ("empty.csv", ""),
        ("not.csv", "hello\nworld\n"),
        ("short.csv", "Name,Request Count,Failure Count\na,1\nb,2,0\n"),
    ] {
        let tool = Tool::new().file(name, content);
        let fault = tool.run(&["gate", "--from", name, "--gate", "p95 < 1s"]).expect(2);
        assert!(fault.stderr.contains(name), "{}", fault.stderr);
    }
    let nothing = Tool::new().run(&["gate", "--gate", "p95 < 1s"]).expect(2);
    assert!(nothing.stderr.contains("loadforge-ci run"), "{}", nothing.stderr);
}

#[test]
fn a_broken_template_is_a_clear_error_and_the_reports_are_still_there() {
    let stats = fixture("locust/healthy/s1_basic/run_stats.csv").display().to_string();
    let tool = Tool::new().file("mine.md", "{{ verdict.sentence }}\n{% for x in %}\n");
    let fault = tool.run(&["gate", "--from", &stats, "--gate", "median < 1s", "--template", "mine.md"]).expect(2);
    assert!(fault.stderr.contains("mine.md, line 2"), "{}", fault.stderr);
    assert!(!tool.read("loadforge-results/summary.md").is_empty());
}

#[test]
fn doctor_says_what_is_missing_and_starts_nothing() {
    let service = Service::replaying(ReplayPace::AtOnce, InjectedFaults::default());
    let test = service.save("checkout");
    let tool = service.tool().file("loadforge.yml", "gates: [p95 < 500ms]\n");
    let well = tool.run(&["doctor", "--test-id", &test, "--duration", "2m"]).expect(0);
    assert!(well.stdout.contains("ok       configuration: 1 gate\n"), "{}", well.stdout);
    assert!(well.stdout.contains("GITHUB_TOKEN"), "{}", well.stdout);
    let ill = service.tool().run(&["doctor", "--test-id", "999", "--duration", "1m"]).expect(2);
    assert!(
        ill.stdout.contains("missing  test and target host") && ill.stdout.contains("--duration"),
        "{}",
        ill.stdout
    );
    assert_eq!(service.runs(), 0);
}

#[test]
fn a_server_in_a_process_of_its_own_serves_every_command() {
    let serving = Tool::new().env("SHARED", "t0p-s3cret");
    let recording = fixture("locust/healthy/s3_checkout").display().to_string();
    let arguments = [
        "emulate",
        "--replay",
        &recording,
        "--token-env",
        "SHARED",
        "--seconds-per-minute",
        "1",
        "--provisioning",
        "0",
    ];
    let mut server = serving.start(&arguments);
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(server.stdout.as_mut().unwrap()), &mut line).unwrap();
    let service = Service::at(line.trim());
    let test = service.save("checkout");
    for start_api in ["v2", "v1"] {
        let tool = service.tool();
        tool.run(&["run", "--test-id", &test, "--duration", "2m", "--start-api", start_api]).expect(0);
        tool.run(&["gate", "--gate", "p95 < 500ms", "--gate", "requests == 375"]).expect(0);
        let detached = service.tool();
        let start = ["run", "--test-id", &test, "--duration", "2m", "--start-api", start_api, "--detach"];
        detached.run(&start).expect(0);
        detached.run(&["wait"]).expect(0);
        let cancelled = service.tool();
        cancelled.run(&start).expect(0);
        cancelled.run(&["cancel"]).expect(0);
        cancelled.run(&["gate", "--gate", "p95 < 1s"]).expect(4);
    }
    assert_eq!(service.runs(), 6);
    let wrong = service.tool().env("LOADFORGE_API_TOKEN", "another");
    wrong.run(&["run", "--test-id", &test, "--duration", "2m"]).expect(77);
    signal(&server, "TERM");
    assert_eq!(server.wait().unwrap().code(), Some(143));
}

#[test]
fn a_host_that_cannot_be_reached_stops_a_local_run_and_warns_before_a_run_of_the_service() {
    let script = "from locust import HttpUser\n";
    let shape = ["--locustfile", "a.py", "--users", "1", "--duration", "2m", "--target-host", "http://127.0.0.1:9"];
    let local = Tool::new().file("a.py", script);
    let refused = local.run(&[&["run", "--engine", "local"], &shape[..]].concat()).expect(4);
    assert!(refused.stderr.contains("127.0.0.1:9 cannot be reached: the connection was refused"), "{}", refused.stderr);
    assert!(refused.stderr.contains("hint: start the service before the load test"), "{}", refused.stderr);
    assert!(!local.path("loadforge-results/locust.log").exists(), "nothing was started");
    let doctor = local.run(&[&["doctor", "--engine", "local"], &shape[..]].concat()).expect(4);
    assert!(
        doctor.stdout.contains("missing  test and target host: 127.0.0.1:9 cannot be reached"),
        "{}",
        doctor.stdout
    );

    let service = Service::replaying(ReplayPace::AtOnce, InjectedFaults::default());
    let tool = service.tool().file("a.py", script);
    let warned = tool.run(&[&["run"], &shape[..]].concat()).expect(0);
    assert!(warned.stderr.contains("warning: the host under test (LoadForge may reach"), "{}", warned.stderr);
}
