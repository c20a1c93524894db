//! Locust as a user would start it, without anything of ours, for tests that compare our numbers with its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

/// The version the scripts are tried with.
const LOCUST: &str = "locust==2.47.0";

/// Starts Locust. On a busy machine its start takes seconds, and because the event loop's clock does not advance
/// meanwhile, `--run-time` would count them as part of the run; the listener sets that clock.
const START: &str = "\
import gevent, locust.main
locust.events.init.add_listener(lambda **_: gevent.get_hub().loop.update_now())
locust.main.main()
";

/// The Python that has Locust: installed once into the build's folder for temporary files.
static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("locust-venv");
    let python = venv.join("bin/python");
    let has_locust = |python: &Path| {
        Command::new(python)
            .args(["-c", "import locust"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    if !has_locust(&python) {
        let run = |program: &Path, arguments: &[&Path]| {
            Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
        };
        let (locust, quiet, compile) = (Path::new(LOCUST), Path::new("-q"), Path::new("--compile-bytecode"));
        let with_uv = run(Path::new("uv"), &["venv".as_ref(), "--clear".as_ref(), &venv])
            && run(
                Path::new("uv"),
                &["pip".as_ref(), "install".as_ref(), quiet, compile, "--python".as_ref(), &python, locust],
            );
        let installed = with_uv
            || run(Path::new("python3"), &["-m".as_ref(), "venv".as_ref(), "--clear".as_ref(), &venv])
                && run(&python, &["-m".as_ref(), "pip".as_ref(), "install".as_ref(), quiet, locust]);
        assert!(installed && has_locust(&python), "these tests need Python 3.11 or newer and {LOCUST}");
    }
    python
});

/// The folder of Locust's own package.
pub(crate) fn package() -> PathBuf {
    let code = "import locust, os; print(os.path.dirname(locust.__file__))";
    let output = Command::new(&*PYTHON).args(["-c", code]).output().unwrap();
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// How to run a script.
pub(crate) struct Load<'a> {
    pub(crate) script: &'a Path,
    pub(crate) users: u32,
    /// Users a second.
    pub(crate) spawn_rate: u32,
    pub(crate) seconds: u32,
    pub(crate) env: Vec<(&'static str, String)>,
    /// Where to write the CSV files, with the full history: `PREFIX_stats.csv` and so on.
    pub(crate) csv: Option<PathBuf>,
}

/// Runs a script to its end; standard output is Locust's JSON.
pub(crate) async fn run(load: Load<'_>) -> Output {
    let python = tokio::task::spawn_blocking(|| PYTHON.clone()).await.unwrap();
    let mut command = tokio::process::Command::new(python);
    command
        .args(["-c", START, "--headless", "--only-summary", "--json", "--stop-timeout", "10", "-f"])
        .arg(load.script)
        .args(["-u", &load.users.to_string(), "-r", &load.spawn_rate.to_string(), "-t", &format!("{}s", load.seconds)]);
    if let Some(prefix) = load.csv {
        command.arg("--csv-full-history").arg("--csv").arg(prefix);
    }
    // A proxy or Locust settings of the machine must not change what is tested.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_ascii_uppercase();
        if text.ends_with("_PROXY") || text.starts_with("LOCUST_") {
            command.env_remove(name);
        }
    }
    command.envs(load.env).stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap()
}

/// What Locust counted, from its JSON: (method, name, requests, failures), sorted by name.
pub(crate) fn counts(output: &Output) -> Vec<(String, String, u64, u64)> {
    let stats: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    });
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut counts: Vec<_> = stats
        .iter()
        .map(|entry| {
            let count = |field: &str| entry[field].as_u64().unwrap();
            (text(&entry["method"]), text(&entry["name"]), count("num_requests"), count("num_failures"))
        })
        .collect();
    counts.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    counts
}
