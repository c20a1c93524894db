//! What is refused before a paid run starts, and notes about the configuration.

use loadforge_ci::emulator::{InjectedFaults, ReplayPace};

use crate::support::service::Service;
use crate::tool::Tool;

fn service() -> (Service, String) {
    let service = Service::replaying(ReplayPace::AtOnce, InjectedFaults::default());
    let test = service.save("checkout");
    (service, test)
}

#[test]
fn a_gate_a_waiver_a_profile_or_a_template_that_is_wrong_starts_nothing() {
    let (service, test) = service();
    let waiver = "waivers: [{ gate: p59 <, owner: ann, reason: x, expires: 2026-12-01, accept: 1s }]\n";
    let tool = || service.tool().file("broken.j2", "{{ verdict.sentence }}\n{% for x in %}\n");
    let cases: [(Tool, &[&str], &str); 7] = [
        (tool(), &["--gate", "p95 <"], "--gate"),
        (tool().env("LOADFORGE_CI_GATE", "p95 < 1s\np95 <"), &[], "--gate"),
        (tool().file("loadforge.yml", "gates: [ p95 < ]\n"), &[], "loadforge.yml:1"),
        (tool().file("loadforge.yml", waiver), &[], "loadforge.yml:1"),
        (tool().file("loadforge.yml", "{}\n"), &["--profile", "quick"], "quick"),
        (tool(), &["--template", "broken.j2"], "broken.j2, line 2"),
        (tool(), &["--template", "missing.j2"], "missing.j2"),
    ];
    for (tool, more, words) in cases {
        let run = ["run", "--test-id", &test, "--duration", "2m"];
        let refused = tool.run(&[&run[..], more].concat()).expect(2);
        assert!(refused.stderr.contains(words), "{words}: {}", refused.stderr);
        let wait = tool.run(&[&["wait", "--run-id", "1"][..], more].concat()).expect(2);
        assert!(wait.stderr.contains(words), "{words}: {}", wait.stderr);
        let doctor = ["doctor", "--test-id", &test, "--duration", "2m"];
        let doctor = tool.run(&[&doctor[..], more].concat()).expect(2);
        assert!(doctor.stdout.contains(words), "{words}: {}", doctor.stdout);
    }
    assert_eq!(service.runs(), 0);
    let comments = "# for the login\n\np95 < 1s";
    let tool = tool().env("LOADFORGE_CI_GATE", comments);
    tool.run(&["run", "--test-id", &test, "--duration", "2m"]).expect(0);
    tool.run(&["gate"]).expect(0);
}

#[test]
fn a_host_in_which_a_variable_was_meant_never_starts() {
    let (service, _) = service();
    let run = ["run", "--locustfile", "shop.py", "--users", "1", "--duration", "2m", "--target-host"];
    for (host, words) in [
        ("https://$STAGE.acme.example", "${NAME}"),
        ("https://.acme.example", "empty part"),
        ("https://a..b", "empty part"),
    ] {
        let tool = service.tool().file("shop.py", "import locust\n");
        let refused = tool.run(&[&run[..], &[host]].concat()).expect(2);
        assert!(refused.stderr.contains(words), "{host}: {}", refused.stderr);
    }
    assert_eq!(service.runs(), 0);
}

#[test]
fn a_guard_that_cannot_know_the_target_starts_nothing() {
    let (service, test) = service();
    let tool = service.tool().file("loadforge.yml", "guard: { allowed_hosts: [\"*.staging.example.com\"] }\n");
    let run = ["run", "--test-id", &test, "--duration", "2m"];
    let refused = tool.run(&run).expect(6);
    assert!(
        refused.stderr.contains("allowed_hosts") && refused.stderr.contains("nothing is started"),
        "{}",
        refused.stderr
    );
    // A flag does not change where a saved test sends its load.
    let refused = tool.run(&[&run[..], &["--target-host", "https://shop.staging.example.com"]].concat()).expect(6);
    assert!(!refused.stderr.contains("sending load to"), "{}", refused.stderr);
    let doctor = tool.run(&["doctor", "--test-id", &test, "--duration", "2m"]).expect(6);
    assert!(doctor.stdout.contains("allowed_hosts"), "{}", doctor.stdout);
    assert_eq!(service.runs(), 0);
    service.tool().run(&run).expect(0);
}

#[test]
fn a_variable_that_stands_for_no_flag_is_named() {
    let (service, test) = service();
    let tool = service.tool().env("LOADFORGE_CI_GATES", "p95 < 1s");
    let ended = tool.run(&["run", "--test-id", &test, "--duration", "2m"]).expect(0);
    assert!(ended.stderr.contains("did you mean LOADFORGE_CI_GATE?"), "{}", ended.stderr);
}

#[test]
fn a_configuration_under_its_other_name_or_above_in_the_repository_is_found() {
    let (service, test) = service();
    let gates = "gates: [ \"p95 < 1ms\" ]\n";
    let run = ["run", "--test-id", &test, "--duration", "2m"];
    let tool = service.tool().file("loadforge.yaml", gates);
    tool.run(&run).expect(0);
    tool.run(&["gate"]).expect(1);
    let tool = service.tool().file(".git/HEAD", "").file("loadforge.yml", gates).file("services/shop/x", "");
    let below = tool.path("services/shop");
    let in_folder =
        |arguments: &[&str]| crate::tool::Ended::of(tool.command(arguments).current_dir(&below).output().unwrap());
    let ended = in_folder(&run).expect(0);
    assert!(ended.stderr.contains("using ../../loadforge.yml"), "{}", ended.stderr);
    in_folder(&["gate"]).expect(1);
}

#[test]
fn judging_and_cancelling_need_no_variable_of_the_test() {
    let (service, test) = service();
    let run = ["run", "--test-id", &test, "--duration", "2m"];
    let tool = service.tool();
    tool.run(&run).expect(0);
    let text = "test:\n  target_host: ${STAGING_URL}\n  env: [ \"PASSWORD=${PASSWORD}\" ]\ngates: [ p95 < 1s ]\n";
    let tool = tool.file("loadforge.yml", text);
    tool.run(&["gate"]).expect(0);
    tool.run(&["wait"]).expect(0);
    tool.run(&["cancel"]).expect(0);
    tool.run(&["baseline", "add", "--branch", "main"]).expect(0);
    tool.run(&["baseline", "show"]).expect(0);
    let refused = tool.run(&run).expect(2);
    assert!(refused.stderr.contains("STAGING_URL is not set"), "{}", refused.stderr);
}

#[test]
fn the_github_token_never_travels_over_plain_http() {
    let (service, test) = service();
    let tool = service.tool().env("GITHUB_TOKEN", "gh-s3cret");
    tool.run(&["run", "--test-id", &test, "--duration", "2m"]).expect(0);
    let comment =
        ["gate", "--gate", "p95 < 1s", "--comment", "--status", "--github-api-url", "http://github.example/api/v3"];
    let gated = tool.run(&comment).expect(0);
    assert!(gated.stderr.contains("plain http"), "{}", gated.stderr);
}
