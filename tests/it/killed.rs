//! A local run whose own process is killed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::service::until;
use crate::tool::Tool;

const SECRET: &str = "geheim-password";

const SCRIPT: &str = "
from locust import HttpUser, constant, task
class Endless(HttpUser):
    wait_time = constant(0.05)
    @task
    def get(self):
        self.client.get('/')
";

/// The living processes whose command line names this folder.
fn processes_in(folder: &Path) -> usize {
    let folder = folder.to_string_lossy();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|entry| fs::read_to_string(entry.path().join("cmdline")).is_ok_and(|words| words.contains(&*folder)))
        .count()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[test]
fn a_kill_in_the_first_second_leaves_no_locust_and_no_secret() {
    let tool = Tool::new().file("locustfile.py", SCRIPT).file("tmp/here", "");
    let folder = tool.path("tmp");
    let mut run = tool
        .command(&["run", "--engine", "local", "--locustfile", "locustfile.py", "--users", "1", "--duration", "300s"])
        .args(["--target-host", "http://127.0.0.1:9", "--no-preflight", "--processes", "1", "--env"])
        .arg(format!("PASSWORD={SECRET}"))
        .env("TMPDIR", &folder)
        .spawn()
        .unwrap();
    until("Locust's process", || processes_in(&folder) > 0);
    run.kill().unwrap();
    run.wait().unwrap();
    until("no process", || processes_in(&folder) == 0);
    for file in files_below(&folder) {
        let text = fs::read_to_string(&file).unwrap_or_default();
        assert!(!text.contains(SECRET), "{} holds the secret", file.display());
    }
}
