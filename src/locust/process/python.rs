//! Finding the Python to run Locust under.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::environment::without_tokens;
use super::version::Version;

/// Longest time a version question may take.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(30);

/// A Python that has Locust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// The interpreter.
    pub python: PathBuf,
    /// Its Locust.
    pub locust: Version,
}

/// A Python interpreter and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Python {
    pub(super) path: PathBuf,
    pub(super) version: Version,
}

/// The names a Python goes by, the usual one first.
const NAMES: [&str; 8] =
    ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python3.9", "python"];

/// The folders programs are looked for in, as the variable PATH lists them.
#[derive(Debug, Clone)]
pub(super) struct SearchPath(OsString);

impl SearchPath {
    /// This process's own PATH.
    pub(super) fn of_environment() -> Self {
        Self(env::var_os("PATH").unwrap_or_default())
    }

    #[cfg(test)]
    pub(super) fn only(folder: &Path) -> Self {
        Self(folder.as_os_str().to_owned())
    }

    /// The program of this name.
    pub(super) fn find(&self, name: &str) -> Option<PathBuf> {
        env::split_paths(&self.0).map(|folder| folder.join(name)).find(|file| is_executable(file))
    }
}

/// The first Python that runs the newest Locust, else the newest there is.
pub(super) async fn find_python(path: &SearchPath, newest_locust_needs: Version) -> Option<Python> {
    let mut best: Option<Python> = None;
    for path in NAMES.iter().filter_map(|name| path.find(name)) {
        let Some(version) = python_version(&path).await else { continue };
        if version >= newest_locust_needs {
            return Some(Python { path, version });
        }
        if best.as_ref().is_none_or(|best| best.version < version) {
            best = Some(Python { path, version });
        }
    }
    best
}

async fn python_version(python: &Path) -> Option<Version> {
    ask(python, "import sys; print('%d.%d.%d' % sys.version_info[:3])").await?.parse().ok()
}

/// The version of Locust this Python has, without importing it.
pub(super) async fn locust_version(python: &Path) -> Option<Version> {
    ask(python, "from importlib.metadata import version; print(version('locust'))").await?.parse().ok()
}

/// Whether this Python was built for musl rather than glibc. A machine may have the libraries of both.
pub(super) async fn is_built_for_musl(python: &Path) -> bool {
    ask(python, "import sysconfig; print(sysconfig.get_config_var('HOST_GNU_TYPE'))")
        .await
        .is_some_and(|host| host.ends_with("musl"))
}

/// The Pythons the user's own Locust may live in: that of the `locust` command first.
pub(super) fn candidates_for_own_locust(path: &SearchPath) -> Vec<PathBuf> {
    let mut candidates = Vec::new();
    if let Some(locust) = path.find("locust") {
        candidates.extend(interpreter_of(&locust));
        // A version manager's stand-in is a shell script; it starts the Python of the same name's folder.
        candidates.extend(path.find("python3"));
        candidates.extend(path.find("python"));
    }
    candidates
}

/// The interpreter a console script names in its first lines.
fn interpreter_of(script: &Path) -> Option<PathBuf> {
    let mut lines = BufReader::new(File::open(script).ok()?.take(2048)).lines();
    let first = lines.next()?.ok()?;
    let program = first.strip_prefix("#!")?.trim();
    // A path too long for the kernel is wrapped: `#!/bin/sh`, then `'''exec' "/long/path/python" "$0" "$@"`.
    let path = if program.ends_with("/sh") {
        let second = lines.next()?.ok()?;
        second.strip_prefix("'''exec' ")?.trim_start_matches('"').split(['"', ' ']).next()?.to_owned()
    } else {
        program.to_owned()
    };
    let path = PathBuf::from(path);
    let name = path.file_name()?.to_string_lossy();
    (name.starts_with("python") && path.is_file()).then_some(path)
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// What Python prints for one line of code; `None` when it fails.
async fn ask(python: &Path, code: &str) -> Option<String> {
    let mut command = Command::new(python);
    without_tokens(&mut command);
    command.args([OsStr::new("-c"), OsStr::new(code)]).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = timeout(QUESTION_TIMEOUT, command.output()).await.ok()?.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_console_script_names_its_interpreter() {
        let dir = tempfile::tempdir().unwrap();
        let python = dir.path().join("python3.12");
        fs::write(&python, "").unwrap();
        let script = |first: String| {
            let path = dir.path().join("locust");
            fs::write(&path, first).unwrap();
            interpreter_of(&path)
        };
        let shown = python.display();
        assert_eq!(script(format!("#!{shown}\nimport sys\n")), Some(python.clone()));
        assert_eq!(script(format!("#!/bin/sh\n'''exec' \"{shown}\" \"$0\" \"$@\"\n' '''\n")), Some(python.clone()));
        assert_eq!(script("#!/usr/bin/env bash\nexec pyenv\n".into()), None);
        assert_eq!(script("\u{7f}ELF".into()), None);
    }
}
