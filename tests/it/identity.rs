//! Whose run it is: kept folders, other commits, other jobs and other services, through the binary.

use loadforge_ci::emulator::{InjectedFaults, ReplayPace};
use serde_json::json;

use crate::support::service::{Service, signal, until};
use crate::tool::{Ended, Tool};

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// A job of a CircleCI workflow that builds a commit.
#[derive(Clone, Copy)]
struct Job {
    commit: &'static str,
    name: &'static str,
    workflow: &'static str,
    workspace: &'static str,
}

const FIRST: Job = Job { commit: A, name: "load-test", workflow: "w1", workspace: "w1" };
const SECOND: Job = Job { commit: B, workflow: "w2", workspace: "w2", ..FIRST };

impl Job {
    fn run(self, tool: &Tool, arguments: &[&str]) -> Ended {
        Ended::of(self.command(tool, arguments).output().unwrap())
    }

    fn command(self, tool: &Tool, arguments: &[&str]) -> std::process::Command {
        let mut command = tool.command(arguments);
        command
            .env("CIRCLECI", "true")
            .env("CIRCLE_SHA1", self.commit)
            .env("CIRCLE_BRANCH", "main")
            .env("CIRCLE_JOB", self.name)
            .env("CIRCLE_WORKFLOW_JOB_ID", format!("{}-{}", self.name, self.workflow))
            .env("CIRCLE_WORKFLOW_ID", self.workflow)
            .env("CIRCLE_WORKFLOW_WORKSPACE_ID", self.workspace)
            .env("CIRCLE_REPOSITORY_URL", "git@github.com:acme/shop.git");
        command
    }
}

fn replaying(pace: ReplayPace) -> (Service, String) {
    let service = Service::replaying(pace, InjectedFaults::default());
    let test = service.save("checkout");
    (service, test)
}

/// A job's finished run in a folder that is kept.
fn collected(job: Job) -> (Service, String, Tool) {
    let (service, test) = replaying(ReplayPace::AtOnce);
    let tool = service.tool();
    job.run(&tool, &["run", "--test-id", &test, "--duration", "2m"]).expect(0);
    (service, test, tool)
}

#[test]
fn a_killed_run_of_another_commit_is_left_alone_and_another_is_started() {
    let (service, test) = replaying(ReplayPace::AsPlanned);
    let tool = service.tool();
    let mut child = FIRST
        .command(&tool, &["run", "--test-id", &test, "--duration", "720m"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    until("running", || service.get("/results")[0]["run_status"] == 2);
    until("a record", || tool.read("loadforge-results/run.json").contains("\"run_id\": "));
    signal(&child, "KILL");
    child.wait().unwrap();
    let first = tool.json("loadforge-results/run.json")["run_id"].clone();
    let ended = SECOND.run(&tool, &["run", "--test-id", &test, "--duration", "2m"]).expect(0);
    assert!(ended.stderr.contains("commit aaaaaaa (main)"), "{}", ended.stderr);
    assert!(ended.stderr.contains("loadforge-results.previous"), "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!("cancel --run-id {first}")), "{}", ended.stderr);
    let second = tool.json("loadforge-results/run.json");
    assert_ne!(second["run_id"], first);
    assert_eq!(second["commit"], B);
    assert_eq!(tool.json("loadforge-results.previous/run.json")["run_id"], first);
    assert_eq!(service.get(&format!("/result/{first}"))["run_status"], 2, "nobody asked to stop it");
    assert_eq!(service.runs(), 2);
}

#[test]
fn a_killed_run_of_the_same_commit_and_job_is_continued_by_a_rerun() {
    let (service, test) = replaying(ReplayPace::AsPlanned);
    let tool = service.tool();
    FIRST.run(&tool, &["run", "--test-id", &test, "--duration", "2m", "--detach"]).expect(0);
    let rerun = Job { workflow: "w2", ..FIRST };
    let ended = rerun.run(&tool, &["run", "--test-id", &test, "--duration", "2m"]).expect(0);
    assert!(ended.stderr.contains("continuing with run"), "{}", ended.stderr);
    rerun.run(&tool, &["gate", "--gate", "p95 < 1s"]).expect(0);
    let other_job = Job { name: "stress", ..rerun };
    other_job.run(&tool, &["run", "--test-id", &test, "--duration", "2m"]).expect(0);
    assert_eq!(service.runs(), 2, "another job's run is not continued");
}

#[test]
fn after_a_run_that_failed_the_gate_judges_nothing() {
    let (service, test, tool) = collected(FIRST);
    FIRST.run(&tool, &["gate", "--gate", "p95 < 1s"]).expect(0);
    drop(service);
    let run = ["run", "--test-id", &test, "--duration", "2m", "--timeout", "5s"];
    // A commit later, and once more for the same commit.
    for job in [SECOND, Job { workflow: "w3", ..SECOND }] {
        job.run(&tool, &run).expect(75);
        let gated = job.run(&tool, &["gate", "--gate", "p95 < 1s"]).expect(75);
        assert!(gated.stderr.contains("this build's run failed"), "{}", gated.stderr);
        assert!(!tool.path("loadforge-results/verdict.json").exists());
        assert!(!tool.path("loadforge-results/results.json").exists());
    }
    let wrong = SECOND.run(&tool, &["run", "--test-id", &test, "--duration", "1m"]).expect(2);
    assert!(wrong.stderr.contains("--duration"), "{}", wrong.stderr);
    let gated = SECOND.run(&tool, &["gate", "--gate", "p95 < 1s"]).expect(2);
    assert!(gated.stderr.contains("--duration") || gated.stderr.contains("2 to 720"), "{}", gated.stderr);
}

#[test]
fn results_of_another_commit_are_refused_by_name_unless_asked_for() {
    let (_service, _, tool) = collected(FIRST);
    FIRST.run(&tool, &["gate", "--gate", "p95 < 1s"]).expect(0);
    for command in [&["gate", "--gate", "p95 < 1s"][..], &["wait"], &["cancel"], &["comment"], &["baseline", "add"]] {
        let refused = SECOND.run(&tool, command).expect(2);
        assert!(refused.stderr.contains("commit aaaaaaa (main)"), "{command:?}: {}", refused.stderr);
        assert!(refused.stderr.contains("commit bbbbbbb (main)"), "{command:?}: {}", refused.stderr);
        assert!(refused.stderr.contains("--allow-other-commit"), "{command:?}: {}", refused.stderr);
        let allowed = [command, &["--allow-other-commit"]].concat();
        SECOND.run(&tool, &allowed).expect(0);
        let elsewhere = Ended::of(
            FIRST
                .command(&tool, command)
                .env("CIRCLE_REPOSITORY_URL", "git@bitbucket.org:acme/shop.git")
                .output()
                .unwrap(),
        );
        assert!(elsewhere.expect(2).stderr.contains("bitbucket.org/acme/shop"), "{command:?}");
    }
}

#[test]
fn results_left_by_another_workflow_are_refused_and_handed_over_ones_are_judged() {
    let (_service, _, tool) = collected(FIRST);
    let gate = ["gate", "--gate", "p95 < 1s"];
    Job { name: "gate", ..FIRST }.run(&tool, &gate).expect(0);
    Job { name: "gate", workflow: "w2", ..FIRST }.run(&tool, &gate).expect(0);
    let kept = Job { workflow: "w2", workspace: "w2", ..FIRST };
    let refused = kept.run(&tool, &gate).expect(2);
    assert!(refused.stderr.contains("left there by another job"), "{}", refused.stderr);
}

#[test]
fn wait_decides_what_there_is_to_wait_for() {
    let (service, _, tool) = collected(FIRST);
    let gate_job = Job { name: "gate", ..FIRST };
    let ended = gate_job.run(&tool, &["wait"]).expect(0);
    assert!(ended.stderr.contains("nothing to wait for"), "{}", ended.stderr);
    // An older commit's results are no reason not to wait.
    SECOND.run(&tool, &["wait"]).expect(2);
    assert_eq!(service.runs(), 1);
}

#[test]
fn a_record_of_the_local_engine_never_reaches_the_cloud() {
    let (service, test) = replaying(ReplayPace::AsPlanned);
    let elsewhere = service.tool();
    FIRST.run(&elsewhere, &["run", "--test-id", &test, "--duration", "720m", "--detach"]).expect(0);
    let id = elsewhere.json("loadforge-results/run.json")["run_id"].clone();
    let mut record = elsewhere.json("loadforge-results/run.json");
    record["engine"] = json!("local");
    record["api_url"] = json!("http://127.0.0.1:9/api/v2");
    let tool = service.tool().file("loadforge-results/run.json", record.to_string());
    for command in [&["cancel"][..], &["wait"], &["cancel", "--allow-other-commit"]] {
        let refused = FIRST.run(&tool, command).expect(2);
        assert!(refused.stderr.contains("local engine"), "{command:?}: {}", refused.stderr);
    }
    record["engine"] = json!("loadforge");
    let tool = service.tool().file("loadforge-results/run.json", record.to_string());
    for command in [&["cancel"][..], &["wait"], &["gate"]] {
        let refused = FIRST.run(&tool, command).expect(2);
        assert!(refused.stderr.contains("http://127.0.0.1:9/api/v2"), "{command:?}: {}", refused.stderr);
    }
    assert_eq!(service.get(&format!("/result/{id}"))["run_status"], 2, "it is another service's number");
}

#[test]
fn a_folder_written_before_identities_were_recorded_is_judged_for_its_commit_alone() {
    let (_service, test, tool) = collected(FIRST);
    let mut record = tool.json("loadforge-results/run.json");
    let fields = record.as_object_mut().unwrap();
    for name in ["repository", "job_name", "workflow", "workspace", "asked_at"] {
        assert!(fields.remove(name).is_some(), "{name}");
    }
    let job = fields.remove("job_id").unwrap();
    fields.insert("job".into(), job);
    let tool = tool.file("loadforge-results/run.json", record.to_string());
    FIRST.run(&tool, &["gate", "--gate", "p95 < 1s"]).expect(0);
    SECOND.run(&tool, &["gate", "--gate", "p95 < 1s"]).expect(2);
    let ended = FIRST.run(&tool, &["run", "--test-id", &test, "--duration", "2m"]).expect(0);
    assert!(ended.stderr.contains("loadforge-results.previous"), "{}", ended.stderr);
}

#[test]
fn outside_circleci_flags_name_what_git_does_not() {
    let (service, test) = replaying(ReplayPace::AtOnce);
    let tool = service.tool();
    tool.run(&["run", "--test-id", &test, "--duration", "2m"]).expect(0);
    tool.run(&["gate", "--gate", "p95 < 1s"]).expect(0);
    let unknown = tool.run(&["baseline", "add"]).expect(2);
    assert!(unknown.stderr.contains("unknown branch"), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("--branch"), "{}", unknown.stderr);
    tool.run(&["baseline", "add", "--commit", &A[..12], "--branch", "main"]).expect(0);
    assert!(tool.read("loadforge-history/history.jsonl").contains(&A[..12]));
    let wrong = tool.run(&["gate", "--commit", "HEAD"]).expect(2);
    assert!(wrong.stderr.contains("git rev-parse HEAD"), "{}", wrong.stderr);
}

/// A repository with two commits of `main`, the second a day later; returns both.
fn two_commits(tool: &Tool) -> [String; 2] {
    let git = |arguments: &[&str], date: &str| {
        let mut command = std::process::Command::new("git");
        command.current_dir(tool.path("")).args(["-c", "user.name=ann", "-c", "user.email=ann@example.com"]);
        command.args(arguments).env("GIT_COMMITTER_DATE", date).env("GIT_AUTHOR_DATE", date);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    git(&["init", "--quiet", "--initial-branch=main"], "");
    ["2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"].map(|date| {
        git(&["commit", "--quiet", "--allow-empty", "--message", date], date);
        git(&["rev-parse", "HEAD"], date)
    })
}

/// A job of a project, for `cancel --superseded`.
fn in_project(tool: &Tool, arguments: &[&str], commit: &str, repository: &str, more: &[(&str, &str)]) -> Ended {
    let mut command = FIRST.command(tool, arguments);
    command
        .env("CIRCLE_SHA1", commit)
        .env("CIRCLE_REPOSITORY_URL", format!("git@github.com:acme/{repository}.git"))
        .env("CIRCLE_PROJECT_USERNAME", "acme")
        .env("CIRCLE_PROJECT_REPONAME", repository)
        .envs(more.iter().copied());
    Ended::of(command.output().unwrap())
}

#[test]
fn superseded_runs_are_those_of_this_repository_job_and_profile_that_are_older() {
    let (service, test) = replaying(ReplayPace::AsPlanned);
    let tool = service.tool().file("shop.py", "import locust\n");
    let [old, new] = two_commits(&tool);
    let script = ["--locustfile", "shop.py", "--users", "1", "--target-host", "https://staging.example.com"];
    let start = |commit: &str, repository: &str, more: &[(&str, &str)], results: &str| {
        let run = ["run", "--duration", "720m", "--detach", "--results", results];
        in_project(&tool, &[&run[..], &script[..]].concat(), commit, repository, more).expect(0);
        tool.json(&format!("{results}/run.json"))["run_id"].to_string()
    };
    let mine = start(&old, "shop", &[], "r1");
    let others = [
        start(&old, "other", &[], "r2"),
        start(&old, "shop", &[("CIRCLE_JOB", "nightly")], "r3"),
        start(&old, "shop", &[("CIRCLE_BRANCH", "feature")], "r4"),
        start(&new, "shop", &[("CIRCLE_WORKFLOW_JOB_ID", "other")], "r5"),
    ];
    let saved = ["run", "--test-id", &test, "--duration", "720m", "--detach", "--results", "r6"];
    in_project(&tool, &saved, &old, "shop", &[]).expect(0);
    let unknown = tool.json("r6/run.json")["run_id"].to_string();
    let cancel = ["cancel", "--superseded"];
    // The rerun of an old pipeline stops nothing of a newer one.
    in_project(&tool, &cancel, &old, "shop", &[("CIRCLE_WORKFLOW_ID", "w9")]).expect(0);
    let state = |run: &str| service.get(&format!("/result/{run}"))["run_status"].as_u64().unwrap();
    assert!(state(&mine) < 3);
    let ended = in_project(&tool, &cancel, &new, "shop", &[]).expect(0);
    assert_eq!(state(&mine), 5, "{}", ended.stderr);
    for other in &others {
        assert!(state(other) < 3, "{other}: {}", ended.stderr);
    }
    assert!(
        ended.stderr.contains(&format!("unknown whether an older commit of this job started it: run {unknown} ")),
        "{}",
        ended.stderr
    );
    assert!(state(&unknown) < 3);
    let again = in_project(&tool, &cancel, &new, "shop", &[]).expect(0);
    assert!(again.stderr.contains("no run known to be of an older commit"), "{}", again.stderr);
    let nightly = in_project(&tool, &[&cancel[..], &["--job", "nightly"]].concat(), &new, "shop", &[]).expect(0);
    assert_eq!(state(&others[1]), 5, "{}", nightly.stderr);
}

#[test]
fn on_a_tag_or_a_detached_commit_nothing_is_superseded() {
    let (service, _) = replaying(ReplayPace::AtOnce);
    let tool = service.tool();
    let more: [&[(&str, &str)]; 2] = [&[("CIRCLE_BRANCH", ""), ("CIRCLE_TAG", "v1")], &[("CIRCLE_BRANCH", "")]];
    for more in more {
        let ended = in_project(&tool, &["cancel", "--superseded"], A, "shop", more).expect(0);
        assert!(ended.stderr.contains("nothing to stop"), "{}", ended.stderr);
    }
}

#[test]
fn of_parallel_containers_the_first_runs_the_test_and_the_others_end_green() {
    let (service, test) = replaying(ReplayPace::AtOnce);
    let run = ["run", "--test-id", &test, "--duration", "2m"];
    for (index, runs) in [("0", 1), ("1", 1)] {
        let tool = service.tool();
        let node = [("CIRCLE_NODE_INDEX", index), ("CIRCLE_NODE_TOTAL", "2")];
        let ended = in_project(&tool, &run, A, "shop", &node).expect(0);
        assert_eq!(ended.stderr.contains("container 0 runs the load test"), index == "1", "{}", ended.stderr);
        in_project(&tool, &["wait"], A, "shop", &node).expect(0);
        in_project(&tool, &["gate", "--gate", "p95 < 1s"], A, "shop", &node).expect(0);
        assert_eq!(service.runs(), runs);
    }
}
