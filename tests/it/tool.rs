//! Runs the binary as a user would, in an empty folder and a scrubbed environment.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// Variables a test must not inherit from the machine it runs on.
const SCRUBBED: [&str; 8] = ["LOADFORGE", "CIRCLE", "GITHUB", "GH_", "HTTP", "http", "ALL_PROXY", "all_proxy"];

/// The binary in an empty folder of its own.
pub(crate) struct Tool {
    folder: TempDir,
    environment: Vec<(String, String)>,
}

impl Tool {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    /// The same with a variable set.
    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The same with a file in the folder.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file of the folder as text.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|cause| panic!("{name}: {cause}"))
    }

    /// A file of the folder as JSON.
    pub(crate) fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// The command, ready to be changed further.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loadforge-ci"));
        // What is tested is the text; CircleCI's log gets colors.
        command.env("NO_COLOR", "1");
        for (name, _) in std::env::vars_os() {
            // The cache of Locust is shared by all tests of a machine.
            let shown = name.to_string_lossy();
            if shown != "LOADFORGE_CI_CACHE_DIR" && SCRUBBED.iter().any(|start| shown.starts_with(start)) {
                command.env_remove(&name);
            }
        }
        command
            .current_dir(self.folder.path())
            .args(arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Ended {
        Ended::of(self.command(arguments).output().unwrap())
    }

    /// Starts it, with its output kept for later.
    pub(crate) fn start<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

/// How the binary ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Fails the test, showing everything, unless the exit code is this one.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        self.expect_one_of(&[code])
    }

    /// The same where several codes are right.
    #[track_caller]
    pub(crate) fn expect_one_of(self, codes: &[i32]) -> Self {
        let Self { code, stdout, stderr, .. } = &self;
        assert!(codes.contains(code), "exit code {code}, not one of {codes:?}\nstdout:\n{stdout}\nstderr:\n{stderr}");
        self
    }
}

/// A file of the test fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}
