//! Plays an example of the orb end to end: the real program from a download server, LoadForge by `emulate`, GitHub by a
//! loopback server, and every job of the workflow on this machine.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::json;

use super::github::GitHub;
use super::runner::{Cache, Config, Orb, Pipeline, Report, yaml};
use super::support::{Release, pipeline};

/// A recorded run of Locust in which everything went well.
pub(super) const GOOD: &str = "healthy/s3_checkout";
/// One in which 7 % of the requests failed.
pub(super) const BAD: &str = "errors/s2_auth";

/// The real program's release, made once for all tests.
fn release() -> &'static Release {
    static RELEASE: OnceLock<Release> = OnceLock::new();
    RELEASE.get_or_init(|| Release::of(Path::new(env!("CARGO_BIN_EXE_loadforge-ci"))))
}

/// `loadforge-ci emulate`, stopped when dropped.
struct LoadForge {
    process: Child,
    url: String,
}

impl LoadForge {
    /// A "minute" of a run takes so many seconds.
    fn start(recording: &str, seconds_per_minute: &str, log: &Path) -> Self {
        let recording = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/locust").join(recording);
        let mut process = Command::new(env!("CARGO_BIN_EXE_loadforge-ci"))
            .args([
                "emulate",
                "--seconds-per-minute",
                seconds_per_minute,
                "--provisioning",
                "0.05",
                "--token-env",
                "TOKEN",
                "--replay",
            ])
            .arg(recording)
            .env("TOKEN", "lf-secret-token")
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(log).unwrap())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { process, url: url.trim().to_owned() }
    }

    /// Saves a test and returns its number.
    fn save(&self, name: &str) -> String {
        let test = json!({ "name": name, "users": 4, "rate": 4, "servers": 1, "region": "nyc3", "locustfile": "import locust" });
        let answer = Command::new("curl")
            .args(["--silent", "--show-error", "--fail", "--noproxy", "*", "--json", &test.to_string()])
            .args(["--header", "Authorization: Bearer lf-secret-token", &format!("{}/tests", self.url)])
            .output()
            .unwrap();
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
        let answer: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
        answer["test_id"].to_string()
    }

    /// Every run so far, as the API lists them.
    fn runs(&self) -> Vec<serde_json::Value> {
        let answer = Command::new("curl")
            .args(["--silent", "--show-error", "--fail", "--noproxy", "*"])
            .args(["--header", "Authorization: Bearer lf-secret-token", &format!("{}/results", self.url)])
            .output()
            .unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
        answer.as_array().or_else(|| answer["results"].as_array()).cloned().unwrap_or_else(|| panic!("{answer}"))
    }
}

impl Drop for LoadForge {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A project whose only configuration is one example of the orb.
pub(super) struct Story {
    folder: tempfile::TempDir,
    loadforge: LoadForge,
    pub(super) github: GitHub,
    github_url: String,
    config: Config,
    pub(super) cache: Cache,
    test_id: String,
    branch: String,
    builds: usize,
    keeps_folder: bool,
}

impl Story {
    /// An example, with `recording` as what every run at LoadForge measures, built for `branch`.
    pub(super) fn of(example: &str, recording: &str, branch: &str) -> Self {
        let usage = release().orb().section("examples")[example]["usage"].clone();
        Self::of_configuration(usage, recording, branch)
    }

    /// The same with these jobs as the workflow, each a line of YAML below `jobs:`.
    pub(super) fn of_jobs(jobs: &str, recording: &str, branch: &str) -> Self {
        let jobs: String = jobs.lines().map(|line| format!("      {line}\n")).collect();
        let head = "version: 2.1\norbs:\n  loadforge: loadforge-ci/loadforge@1\nworkflows:\n  main:\n    jobs:\n";
        Self::of_configuration(yaml(&format!("{head}{jobs}")), recording, branch)
    }

    fn of_configuration(usage: serde_json::Value, recording: &str, branch: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let loadforge = LoadForge::start(recording, "0.05", &folder.path().join("emulate.log"));
        let test_id = saved_tests(&loadforge);
        let (github, github_url) = GitHub::start(branch);
        let orb: Orb = release().orb();
        Self {
            cache: Cache::new(folder.path().join("cache")),
            config: Config::new(usage, orb).unwrap(),
            folder,
            loadforge,
            github,
            github_url,
            test_id,
            branch: branch.to_owned(),
            builds: 0,
            keeps_folder: false,
        }
    }

    /// The same on a machine runner, whose working folders stay from build to build.
    pub(super) fn in_kept_folders(mut self) -> Self {
        self.keeps_folder = true;
        self
    }

    /// The same at a LoadForge where five minutes take five minutes.
    pub(super) fn with_runs_of_full_length(mut self) -> Self {
        self.restart(GOOD, "60");
        self
    }

    /// From the next build on, every run measures this instead; what was saved at LoadForge is saved again.
    pub(super) fn record(&mut self, recording: &Path) {
        self.restart(&recording.display().to_string(), "0.05");
    }

    fn restart(&mut self, recording: &str, seconds_per_minute: &str) {
        self.loadforge = LoadForge::start(recording, seconds_per_minute, &self.folder.path().join("emulate.log"));
        self.test_id = saved_tests(&self.loadforge);
    }

    /// Runs the example's workflow; `arrange` may change what the pipeline finds.
    pub(super) fn build(&mut self, arrange: impl FnOnce(&mut Pipeline<'_>)) -> Report {
        self.builds += 1;
        let root = self.folder.path().join(if self.keeps_folder {
            "kept".to_owned()
        } else {
            format!("build-{}", self.builds)
        });
        let mut pipeline = pipeline(&root, &project(), &self.branch);
        let set = [
            ("LOADFORGE_API_URL", self.loadforge.url.as_str()),
            ("LOADFORGE_CI_GITHUB_API_URL", &self.github_url),
            ("LOADFORGE_TEST_ID", &self.test_id),
            ("STAGING_URL", "https://staging.acme.example"),
            ("NO_PROXY", "127.0.0.1"),
            ("no_proxy", "127.0.0.1"),
        ];
        pipeline.environment.extend(set.map(|(name, value)| (name.to_owned(), value.to_owned())));
        arrange(&mut pipeline);
        let report = pipeline.run(&self.config, &mut self.cache).unwrap();
        for (job, outcome) in &report.outcomes {
            // No secret may reach a log.
            assert!(!outcome.log.contains("secret-token"), "{job}\n{}", outcome.log);
        }
        report
    }

    /// The address of LoadForge's API.
    pub(super) fn loadforge_url(&self) -> String {
        self.loadforge.url.clone()
    }

    /// The configuration of the example.
    pub(super) fn document(&self) -> &serde_json::Value {
        self.config.document()
    }

    /// How many runs were started at LoadForge.
    pub(super) fn runs(&self) -> usize {
        self.loadforge.runs().len()
    }

    /// The state of every run, by LoadForge's numbers.
    pub(super) fn run_states(&self) -> Vec<u64> {
        self.loadforge.runs().iter().map(|run| run["run_status"].as_u64().unwrap()).collect()
    }
}

/// The tests that the examples name; returns the number of the first.
fn saved_tests(loadforge: &LoadForge) -> String {
    let first = loadforge.save("checkout");
    for name in ["search", "reports"] {
        loadforge.save(name);
    }
    first
}

/// The repository that `checkout` brings.
fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/orb/project")
}

/// The files below a folder, by their path, sorted.
pub(super) fn files(folder: &Path) -> Vec<String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        for entry in std::fs::read_dir(&path).unwrap() {
            let entry = entry.unwrap().path();
            if entry.is_dir() {
                open.push(entry);
            } else {
                found.insert(entry.strip_prefix(folder).unwrap().display().to_string(), ());
            }
        }
    }
    found.into_keys().collect()
}
