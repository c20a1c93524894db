//! Random sequences of run, kill, rerun, other commit, other job and other repository in one kept folder. A sample runs
//! here; `SEQUENCES=1000 cargo test --test it sequences` runs as many as are asked for, `SEQUENCES=400..1000` those of these
//! seeds, and a failure names its seed.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

use loadforge_ci::emulator::{EngineChoice, InjectedFaults, ReplayPace, ServerConfig};

use crate::support::recording;
use crate::support::service::{Service, signal, until};
use crate::tool::{Ended, Tool, fixture};

/// Sequences of one ordinary test run.
const SAMPLE: u64 = 6;

/// Steps of one sequence.
const STEPS: usize = 7;

/// A job of a build in the kept folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Job {
    commit: String,
    name: &'static str,
    attempt: usize,
}

impl Job {
    /// The next job that gets the folder: of any commit and name, often a rerun. None comes back once another began.
    fn next(random: &mut fastrand::Rng, attempt: usize) -> Self {
        let digit = random.choice(["a", "b"]).unwrap();
        let name = random.choice(["load-test", "stress"]).unwrap();
        Self { commit: digit.repeat(40), name, attempt }
    }

    fn id(&self) -> String {
        format!("{}-{}-{}", self.commit, self.name, self.attempt)
    }

    fn command(&self, tool: &Tool, repository: &str, arguments: &[&str]) -> Command {
        let workflow = format!("{}-{}", self.commit, self.attempt);
        let mut command = tool.command(arguments);
        command
            .env("CIRCLECI", "true")
            .env("CIRCLE_SHA1", &self.commit)
            .env("CIRCLE_BRANCH", "main")
            .env("CIRCLE_JOB", self.name)
            .env("CIRCLE_WORKFLOW_JOB_ID", self.id())
            .env("CIRCLE_WORKFLOW_ID", &workflow)
            .env("CIRCLE_WORKFLOW_WORKSPACE_ID", &workflow)
            .env("CIRCLE_BUILD_NUM", "7")
            .env("CIRCLE_PROJECT_USERNAME", "acme")
            .env("CIRCLE_PROJECT_REPONAME", repository)
            .env("CIRCLE_REPOSITORY_URL", format!("git@github.com:acme/{repository}.git"));
        command
    }

    fn run(&self, tool: &Tool, arguments: &[&str]) -> Ended {
        Ended::of(self.command(tool, "shop", arguments).output().unwrap())
    }
}

fn sequence(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let service = Service::replaying(ReplayPace::AtOnce, InjectedFaults::default());
    let test = service.save("checkout");
    let start = ["run", "--test-id", &test, "--duration", "2m"];
    // Another repository of the same account has a run going on all the while.
    let engine = EngineChoice::Replay { folder: fixture(recording::CHECKOUT), pace: ReplayPace::AsPlanned };
    // Its 720 minutes take 720 minutes, however slow the machine is.
    let others = Service::start(ServerConfig { engine, provisioning: Duration::ZERO, ..ServerConfig::default() });
    let other_test = others.save("checkout");
    let elsewhere = others.tool();
    let foreign = Job { commit: "0".repeat(40), name: "load-test", attempt: 0 };
    let detached = ["run", "--test-id", &other_test, "--duration", "720m", "--detach"];
    Ended::of(foreign.command(&elsewhere, "other", &detached).output().unwrap()).expect(0);

    let tool = service.tool();
    let mut started: BTreeMap<String, usize> = BTreeMap::new();
    let mut job = Job::next(&mut random, 0);
    for step in 0..STEPS {
        let at = format!("seed {seed}, step {step}, {job:?}");
        let before = service.runs();
        let mut collected = false;
        match random.u8(0..5) {
            0 => {
                job.run(&tool, &start).expect(0);
                collected = true;
            }
            1 => {
                let mut child =
                    job.command(&tool, "shop", &start).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
                let id = job.id();
                until("a run or the end", || {
                    let record = std::fs::read_to_string(tool.path("loadforge-results/run.json")).unwrap_or_default();
                    record.contains(&id) && record.contains("\"run_id\": 1") || child.try_wait().unwrap().is_some()
                });
                if child.try_wait().unwrap().is_none() {
                    signal(&child, "KILL");
                    child.wait().unwrap();
                }
            }
            2 => {
                job.run(&tool, &["cancel", "--superseded"]).expect(0);
                let here = [("LOADFORGE_API_URL", &others.url)];
                let mut command = job.command(&tool, "shop", &["cancel", "--superseded"]);
                assert!(command.envs(here).output().unwrap().status.success(), "{at}");
            }
            3 => {
                let waited = job.run(&tool, &["wait"]);
                assert!(matches!(waited.code, 0 | 2), "{at}: wait exited with {}: {}", waited.code, waited.stderr);
                collected = waited.code == 0;
            }
            _ => job = Job::next(&mut random, step + 1),
        }
        let new = service.runs() - before;
        assert!(new <= 1, "{at}: {new} runs of one command");
        *started.entry(job.id()).or_default() += new;
        assert!(started[&job.id()] <= 1, "{at}: a second run of one attempt");

        // Whatever is judged is this commit's, in this job; anything else is refused.
        let gated = job.run(&tool, &["gate", "--gate", "p95 < 10s"]);
        if gated.code == 0 {
            let record = tool.json("loadforge-results/run.json");
            assert_eq!(record["commit"], job.commit.as_str(), "{at}");
            assert_eq!(record["job_id"], job.id().as_str(), "{at}");
        } else {
            assert!(!collected, "{at}: this job's own run is refused: {}", gated.stderr);
            assert_eq!(gated.code, 2, "{at}: {}", gated.stderr);
        }
        assert_eq!(others.get("/results")[0]["run_status"].as_u64().unwrap() / 3, 0, "{at}: another repository's run");
    }
}

#[test]
fn no_sequence_in_a_kept_folder_mixes_two_builds() {
    let wanted = std::env::var("SEQUENCES").ok();
    let seeds = wanted.as_deref().map_or(0..SAMPLE, |asked| seeds(asked).expect("SEQUENCES is COUNT or FROM..TO"));
    for seed in seeds {
        sequence(seed);
        if seed % 50 == 49 {
            println!("up to seed {seed}: no two builds mixed");
        }
    }
}

/// `1000` or `400..1000`.
fn seeds(asked: &str) -> Option<std::ops::Range<u64>> {
    let (from, to) = asked.split_once("..").unwrap_or(("0", asked));
    Some(from.trim().parse().ok()?..to.trim().parse().ok()?)
}
