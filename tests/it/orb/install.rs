//! Installing over a real connection: every way in verifies, and a tampered download is never executed.

use std::fs;
use std::path::Path;

use super::runner::{Cache, Config, Outcome, Shell, State, yaml};
use super::support::{Release, one_job, pipeline, sha256};

/// Every command of the orb, all of which install first.
const WAYS_IN: [&str; 5] =
    ["loadforge/install", "loadforge/run-test", "loadforge/gate", "loadforge/comment", "loadforge/cancel"];

fn build(folder: &Path, release: &Release, steps: &str, shell: Shell, path: Option<&str>) -> Outcome {
    let mut pipeline = pipeline(folder, Path::new("/nowhere"), "main");
    pipeline.shell = shell;
    if let Some(path) = path {
        pipeline.path = path.to_owned();
    }
    let config = Config::new(one_job(steps), release.orb()).unwrap();
    pipeline.run(&config, &mut Cache::new(folder.join("cache"))).unwrap().job("job").clone()
}

/// Whether the job left a program of ours that could be executed, under any name.
fn left_behind(outcome: &Outcome) -> Vec<String> {
    let folder = outcome.folder.parent().unwrap().join("home/.loadforge-ci/bin");
    fs::read_dir(folder).into_iter().flatten().map(|file| file.unwrap().path().display().to_string()).collect()
}

/// An archive with a program that would show that it ran.
fn tampered(folder: &Path) -> (Vec<u8>, std::path::PathBuf) {
    let proof = folder.join("executed");
    fs::write(folder.join("loadforge-ci"), format!("#!/bin/sh\n: >'{}'\n", proof.display())).unwrap();
    let mut tar = std::process::Command::new("tar");
    tar.args(["-czf", "tampered.tar.gz", "--mode=755", "loadforge-ci"]).current_dir(folder);
    assert!(tar.status().unwrap().success());
    (fs::read(folder.join("tampered.tar.gz")).unwrap(), proof)
}

#[test]
fn a_tampered_download_is_refused_on_every_way_in() {
    let folder = tempfile::tempdir().unwrap();
    let release = Release::of_recorder();
    let (bytes, proof) = tampered(folder.path());
    release.downloads.put(&format!("/{}", release.archive), bytes.clone());
    release.downloads.put(&format!("/mirror/{}", release.archive), bytes);
    let mirror = format!(":\n    mirror_url: {}/mirror/\n", release.address);
    let mut number = 0;
    for way in WAYS_IN {
        for source in ["\n", &mirror] {
            for shell in [Shell::Bash, Shell::Busybox] {
                number += 1;
                let root = folder.path().join(number.to_string());
                let outcome = build(&root, &release, &format!("- {way}{source}"), shell, None);
                assert_eq!(outcome.state, State::Failed, "{way}\n{}", outcome.log);
                assert!(outcome.log.contains("Nothing from it was executed or kept"), "{way}\n{}", outcome.log);
                assert_eq!(left_behind(&outcome), Vec::<String>::new(), "{way}");
                assert!(!proof.exists(), "{way} executed the download");
            }
        }
    }
}

#[test]
fn a_tampered_download_is_refused_in_both_jobs() {
    let folder = tempfile::tempdir().unwrap();
    let release = Release::of_recorder();
    let (bytes, proof) = tampered(folder.path());
    release.downloads.put(&format!("/{}", release.archive), bytes);
    let document = yaml(
        "orbs:\n  loadforge: x/y@1\nworkflows:\n  main:\n    jobs:\n      - loadforge/load-test:\n          context: loadforge\n      \
         - loadforge/gate:\n          context: loadforge\n",
    );
    let config = Config::new(document, release.orb()).unwrap();
    let project = folder.path().join("repository");
    fs::create_dir_all(&project).unwrap();
    let mut cache = Cache::new(folder.path().join("cache"));
    let report = pipeline(&folder.path().join("1"), &project, "main").run(&config, &mut cache).unwrap();
    for job in ["loadforge/load-test", "loadforge/gate"] {
        let outcome = report.job(job);
        assert_eq!(outcome.state, State::Failed, "{job}");
        assert!(outcome.log.contains("Nothing from it was executed or kept"), "{job}\n{}", outcome.log);
        assert_eq!(left_behind(outcome), Vec::<String>::new(), "{job}");
    }
    assert!(!proof.exists());
}

#[test]
fn a_tampered_program_in_the_install_folder_is_replaced_before_it_can_run() {
    let folder = tempfile::tempdir().unwrap();
    let release = Release::of_recorder();
    let (_, proof) = tampered(folder.path());
    let steps = format!(
        "- run: mkdir -p ~/.loadforge-ci/bin && cp -p {0}/loadforge-ci ~/.loadforge-ci/bin/ && chmod 755 ~/.loadforge-ci/bin/loadforge-ci\n\
         - loadforge/run-test\n",
        folder.path().display()
    );
    let outcome = build(&folder.path().join("1"), &release, &steps, Shell::Bash, None);
    assert_eq!(outcome.state, State::Success, "{}", outcome.log);
    assert!(outcome.log.contains("it is replaced"), "{}", outcome.log);
    assert!(!proof.exists());
}

#[test]
fn a_gate_that_always_runs_does_not_run_what_failed_to_verify() {
    let folder = tempfile::tempdir().unwrap();
    let release = Release::of_recorder();
    let (bytes, proof) = tampered(folder.path());
    release.downloads.put(&format!("/{}", release.archive), bytes);
    let steps = "- loadforge/run-test\n- loadforge/gate:\n    when: always\n";
    let outcome = build(&folder.path().join("1"), &release, steps, Shell::Bash, None);
    assert_eq!(outcome.state, State::Failed);
    assert!(outcome.log.contains("the install step of this job did not run or did not finish"), "{}", outcome.log);
    assert!(!proof.exists());
}

#[test]
fn curl_and_both_kinds_of_wget_install_and_the_second_step_downloads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let tools = ["sh", "sed", "cut", "head", "mktemp", "mkdir", "mv", "rm", "chmod", "tar", "gzip", "cat", "ln"];
    let more = ["dirname", "basename", "grep", "env", "sha256sum", "uname", "sleep", "printenv", "sort", "tr", "bash"];
    // A machine may lack one or the other; CI has them all, see .ci/orb-checks.
    let is_here = |tool: &&str| ["/usr/bin", "/bin"].iter().any(|folder| Path::new(folder).join(tool).exists());
    let downloaders: Vec<&str> = ["curl", "wget", "busybox"].into_iter().filter(is_here).collect();
    assert!(!downloaders.is_empty(), "install curl or wget to run this test");
    for downloader in downloaders {
        let bin = folder.path().join(format!("bin-{downloader}"));
        fs::create_dir_all(&bin).unwrap();
        for tool in tools
            .iter()
            .chain(&more)
            .chain(["dash", "busybox"].iter().filter(|tool| is_here(tool)))
            .chain([&downloader])
        {
            let found = ["/usr/bin", "/bin"].iter().map(|dir| Path::new(dir).join(tool)).find(|path| path.exists());
            let name = if downloader == "busybox" && *tool == "busybox" { "wget" } else { tool };
            let _ = std::os::unix::fs::symlink(found.unwrap_or_else(|| panic!("{tool} is missing")), bin.join(name));
        }
        let release = Release::of_recorder();
        let steps = "- loadforge/install\n- loadforge/run-test\n- run: loadforge-ci --version\n";
        let root = folder.path().join(downloader);
        let outcome = build(&root, &release, steps, Shell::Bash, Some(&bin.display().to_string()));
        assert_eq!(outcome.state, State::Success, "{downloader}\n{}", outcome.log);
        assert_eq!(release.downloads.asked(), [format!("/{}", release.archive)], "{downloader}");
        assert!(outcome.log.contains("is already in"), "{}", outcome.log);
        let installed = root.join("1-job/home/.loadforge-ci/bin/loadforge-ci");
        assert!(release.pinned.contains(&sha256(&fs::read(installed).unwrap())));
    }
}
