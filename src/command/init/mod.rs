//! `init`: a configuration that fits the repository, a Locust script where there is none, and the job in CircleCI.

mod find;
mod patch;

use std::fs;
use std::io::Write;
use std::path::Path;

use find::{FoundScript, scripts};
use patch::CircleCiChange;

use crate::cli::InitArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::results::write_atomically;
use crate::stdout::printed;

const CONFIG: &str = "loadforge.yml";
const SCRIPT: &str = "perf/locustfile.py";
const CIRCLECI: &str = ".circleci/config.yml";
const GITIGNORE: &str = ".gitignore";

/// What a repository does not keep.
const IGNORED: [&str; 2] = ["/loadforge-results*/", "/loadforge-history/"];

/// Where the sample shop listens when the printed commands are followed.
const SHOP: &str = "127.0.0.1:8089";

pub(super) fn run(arguments: &InitArgs, mut sink: impl Write) -> Result<Exit, CommandError> {
    let dir = arguments.dir.as_path();
    let found = scripts(dir);
    let script = found.first();
    let mut write = |name: &str, content: &str| -> Result<(), CommandError> {
        let path = dir.join(name);
        if path.exists() && !arguments.force {
            return printed(writeln!(sink, "kept     {name} (it already exists; --force replaces it)"));
        }
        write_atomically(&path, content.as_bytes()).map_err(|cause| unwritable(&path, &cause))?;
        printed(writeln!(sink, "wrote    {name}"))
    };
    write(CONFIG, &config(script))?;
    if script.is_none() {
        write(SCRIPT, include_str!("locustfile.py"))?;
    }
    let mut patches = String::new();
    let mut by_hand = false;
    match fs::read_to_string(dir.join(CIRCLECI)) {
        Err(_) => write(CIRCLECI, include_str!("config.yml"))?,
        Ok(text) => match patch::circleci(CIRCLECI, &text) {
            CircleCiChange::Patch(patch) => patches.push_str(&patch),
            CircleCiChange::Present => {}
            CircleCiChange::ByHand => by_hand = true,
        },
    }
    match fs::read_to_string(dir.join(GITIGNORE)) {
        Ok(text) => patches.extend(patch::append(GITIGNORE, &text, &IGNORED)),
        Err(_) if dir.join(".git").exists() => write(GITIGNORE, &format!("{}\n", IGNORED.join("\n")))?,
        Err(_) => {}
    }
    if let Some(script) = script {
        printed(writeln!(sink, "found    {}", script.path))?;
        for other in &found[1..] {
            printed(writeln!(sink, "found    {} (run it with --locustfile)", other.path))?;
        }
    }
    if by_hand {
        printed(writeln!(sink, "\nAdd this to {CIRCLECI}:\n\n{}", include_str!("config.yml")))?;
    }
    if !patches.is_empty() {
        printed(writeln!(sink, "\nApply this with `git apply`, or by hand:\n\n{}", patches.trim_end_matches('\n')))?;
    }
    printed(writeln!(sink, "{}", next(script)))?;
    Ok(Exit::Passed)
}

/// The starter `loadforge.yml` for a script of the repository, or for the one that `init` writes.
fn config(script: Option<&FoundScript>) -> String {
    let text = include_str!("loadforge.yml").replace("{version}", crate::VERSION);
    let Some(script) = script else { return text.replace("{requirements}", "") };
    let requirements = script.requirements.as_ref().map(|path| format!("  requirements: {path}\n"));
    let host = match &script.host {
        Some(host) => format!("  # target_host: ${{TARGET_HOST}}    # the script names its own: {host}"),
        None => "  target_host: ${TARGET_HOST}".to_owned(),
    };
    text.replace(SCRIPT, &script.path)
        .replace("{requirements}", &requirements.unwrap_or_default())
        .replace("  target_host: ${TARGET_HOST}", &host)
}

/// The commands to go on with. They work as printed, in the repository's folder.
fn next(script: Option<&FoundScript>) -> String {
    const DOCTOR: &str = "`loadforge-ci doctor` checks what CircleCI will need.";
    match script {
        None => format!(
            "\nNext, on this machine and without an account (the first command serves a sample shop as the target):\n  \
             loadforge-ci demo --serve {SHOP} &\n  \
             TARGET_HOST=http://{SHOP} loadforge-ci run --engine local --duration 1m\n  \
             loadforge-ci gate\n{DOCTOR}"
        ),
        Some(FoundScript { path, host: Some(host), .. }) => format!(
            "\nNext, on this machine and without an account (start the service at {host} first):\n  \
             loadforge-ci lint {path}\n  \
             loadforge-ci run --engine local --duration 1m\n  \
             loadforge-ci gate\n{DOCTOR}"
        ),
        Some(FoundScript { path, .. }) => format!(
            "\nNext, on this machine and without an account (start your service first, here at http://localhost:8080):\n  \
             loadforge-ci lint {path}\n  \
             TARGET_HOST=http://localhost:8080 loadforge-ci run --engine local --duration 1m\n  \
             loadforge-ci gate\n{DOCTOR}"
        ),
    }
}

fn unwritable(path: &Path, cause: &std::io::Error) -> CommandError {
    CommandError::usage(format!("failed to write {}: {cause}", path.display()))
        .with_hint("--dir names the repository's folder")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::results::ConfigChoice;

    fn run_in(dir: &Path, force: bool) -> String {
        let mut out = Vec::new();
        run(&InitArgs { dir: dir.to_owned(), force }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn loaded(dir: &Path) -> config::Config {
        let environment = [("TARGET_HOST".to_owned(), "http://localhost:1".to_owned())];
        config::load(Some(&dir.join("loadforge.yml")), ConfigChoice::default(), environment, config::Variables::All)
            .unwrap()
    }

    #[test]
    fn the_starter_files_are_valid_and_never_replace_anything_unasked() {
        let dir = tempfile::tempdir().unwrap();
        run_in(dir.path(), false);
        assert_eq!(loaded(dir.path()).gates.len(), 3);
        std::fs::write(dir.path().join("loadforge.yml"), "mine").unwrap();
        assert!(run_in(dir.path(), false).contains("kept     loadforge.yml"));
        assert_eq!(std::fs::read_to_string(dir.path().join("loadforge.yml")).unwrap(), "mine");
        run_in(dir.path(), true);
        assert_ne!(std::fs::read_to_string(dir.path().join("loadforge.yml")).unwrap(), "mine");
    }

    #[test]
    fn an_existing_project_keeps_its_files_and_gets_a_configuration_that_fits() {
        let dir = tempfile::tempdir().unwrap();
        let file = |path: &str, text: &str| {
            std::fs::create_dir_all(dir.path().join(path).parent().unwrap()).unwrap();
            std::fs::write(dir.path().join(path), text).unwrap();
        };
        let script = "from locust import HttpUser\nclass Buyer(HttpUser):\n    host = \"http://localhost:5000\"\n";
        file("load/checkout.py", script);
        file("load/search.py", script);
        file("load/requirements.txt", "locust\n");
        file(".gitignore", "target/\n");
        file(CIRCLECI, "version: 2.1\nworkflows:\n  main:\n    jobs:\n      - build\n");
        let printed = run_in(dir.path(), false);
        let config = loaded(dir.path());
        let here = |path: &str| dir.path().join(path).to_string_lossy().into_owned();
        assert_eq!(config.test.locustfile, Some(here("load/checkout.py")));
        assert_eq!(config.test.requirements, Some(here("load/requirements.txt")));
        assert_eq!(config.test.target_host, None);
        assert!(!dir.path().join(SCRIPT).exists());
        assert_eq!(std::fs::read_to_string(dir.path().join(".gitignore")).unwrap(), "target/\n");
        insta::assert_snapshot!(printed, @r#"
        wrote    loadforge.yml
        found    load/checkout.py
        found    load/search.py (run it with --locustfile)

        Apply this with `git apply`, or by hand:

        --- a/.circleci/config.yml
        +++ b/.circleci/config.yml
        @@ -1,5 +1,11 @@
         version: 2.1
        +
        +orbs:
        +  loadforge: loadforge-ci/loadforge@1
         workflows:
           main:
             jobs:
               - build
        +      - loadforge/load-test:
        +          context: loadforge   # holds LOADFORGE_API_TOKEN, TARGET_HOST and, for the comment, GITHUB_TOKEN
        +          comment: true
        --- a/.gitignore
        +++ b/.gitignore
        @@ -1,1 +1,3 @@
         target/
        +/loadforge-results*/
        +/loadforge-history/

        Next, on this machine and without an account (start the service at http://localhost:5000 first):
          loadforge-ci lint load/checkout.py
          loadforge-ci run --engine local --duration 1m
          loadforge-ci gate
        `loadforge-ci doctor` checks what CircleCI will need.
        "#);
    }
}
