//! What the tests of the orb share: a release on a loopback server, and the folders of a pipeline.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};

use super::runner::{Orb, Pipeline, Shell, yaml};

/// Serves a router on a free port of this machine until the process ends, and returns its address.
pub(super) fn serve(router: Router) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
    });
    address
}

/// A download server: what it answers for each path, and what it was asked.
#[derive(Clone, Default)]
pub(super) struct Downloads {
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Downloads {
    /// Starts it; returns its address too.
    pub(super) fn start() -> (Self, String) {
        let downloads = Self::default();
        let answer = |State(this): State<Self>, uri: Uri| async move {
            this.asked.lock().unwrap().push(uri.path().to_owned());
            match this.files.lock().unwrap().get(uri.path()) {
                Some(content) => (StatusCode::OK, content.clone()),
                None => (StatusCode::NOT_FOUND, b"<!DOCTYPE html><title>Not found</title>".to_vec()),
            }
        };
        let address = serve(Router::new().fallback(answer).with_state(downloads.clone()));
        (downloads, address)
    }

    /// Puts a file there.
    pub(super) fn put(&self, path: &str, content: Vec<u8>) {
        self.files.lock().unwrap().insert(path.to_owned(), content);
    }

    /// The paths asked for so far.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// A release of a program: its archive on a download server, and the text that pins it in the orb.
pub(super) struct Release {
    pub(super) downloads: Downloads,
    pub(super) address: String,
    pub(super) archive: String,
    pub(super) pinned: String,
}

impl Release {
    /// Archives a program the way the release does, under the name `loadforge-ci`, and serves it.
    pub(super) fn of(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("loadforge-ci");
        fs::copy(program, &copy).unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
        // A debug build is ten times the size with its symbols; without `strip` it only takes longer.
        let _ = Command::new("strip").arg(&copy).stderr(std::process::Stdio::null()).status();
        let archive = format!("loadforge-ci-{}-{}.tar.gz", env!("CARGO_PKG_VERSION"), platform());
        let mut tar = Command::new("tar");
        tar.args(["-I", "gzip -1", "-cf", &archive, "loadforge-ci"]).current_dir(&folder);
        assert!(tar.status().unwrap().success());
        let bytes = fs::read(folder.path().join(&archive)).unwrap();
        let (downloads, address) = Downloads::start();
        let pinned = format!(
            "version {}\nurl {address}\n{} {} {}\n",
            env!("CARGO_PKG_VERSION"),
            platform(),
            sha256(&bytes),
            sha256(&fs::read(&copy).unwrap())
        );
        downloads.put(&format!("/{archive}"), bytes);
        Self { downloads, address, archive, pinned }
    }

    /// A release of a program that writes its arguments, one per line, into the file `called` and exits with 0.
    pub(super) fn of_recorder() -> Self {
        let script = tempfile::NamedTempFile::new().unwrap();
        fs::write(&script, RECORDER).unwrap();
        Self::of(script.path())
    }

    /// The repository's orb, packed for this release.
    pub(super) fn orb(&self) -> Orb {
        Orb::with_release(&self.pinned)
    }
}

const RECORDER: &str = r#"#!/bin/sh
[ "$1" = --version ] && { echo 'loadforge-ci recorder'; exit; }
{ printf '%s\n' "$@"; echo "token ${LOADFORGE_API_TOKEN:+is set}"; } >>"called-$1"
"#;

/// The platform's name in a release.
pub(super) fn platform() -> String {
    let system = if cfg!(target_os = "macos") { "macos" } else { "linux" };
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    format!("{system}-{machine}")
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A pipeline of a push to `branch`, with the token in the context `loadforge`.
pub(super) fn pipeline(root: &Path, project: &Path, branch: &str) -> Pipeline<'static> {
    let text = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>()
    };
    Pipeline {
        root: root.to_owned(),
        project: Box::leak(project.to_owned().into_boxed_path()),
        shell: Shell::Bash,
        path: "/usr/local/bin:/usr/bin:/bin".to_owned(),
        environment: text(&[
            ("CIRCLE_BRANCH", branch),
            ("CIRCLE_SHA1", "0123456789abcdef0123456789abcdef01234567"),
            ("CIRCLE_PROJECT_USERNAME", "acme"),
            ("CIRCLE_PROJECT_REPONAME", "shop"),
            ("CIRCLE_REPOSITORY_URL", "https://github.com/acme/shop"),
            ("CIRCLE_WORKFLOW_ID", "workflow-1"),
            ("NO_COLOR", "1"),
        ]),
        contexts: BTreeMap::from([
            ("loadforge".to_owned(), text(&[("LOADFORGE_API_TOKEN", "lf-secret-token")])),
            ("github".to_owned(), text(&[("GITHUB_TOKEN", "gh-secret-token")])),
        ]),
        approved: std::collections::BTreeSet::new(),
        cancelled: std::collections::BTreeSet::new(),
    }
}

/// A configuration with one job, `job`, on a small image, that has these steps.
pub(super) fn one_job(steps: &str) -> serde_json::Value {
    let steps: String = steps.lines().map(|line| format!("      {line}\n")).collect();
    yaml(&format!(
        "version: 2.1\norbs:\n  loadforge: loadforge-ci/loadforge@1\njobs:\n  job:\n    docker:\n      - image: cimg/base:current\n    \
         steps:\n{steps}workflows:\n  main:\n    jobs:\n      - job:\n          context: loadforge\n"
    ))
}
