//! `init`: a starter configuration, a Locust script and a CircleCI config.

use std::io::Write;
use std::path::Path;

use crate::cli::InitArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::results::write_atomically;
use crate::stdout::printed;

/// Each file and its content.
const FILES: [(&str, &str); 3] = [
    ("loadforge.yml", include_str!("loadforge.yml")),
    ("perf/locustfile.py", include_str!("locustfile.py")),
    (CIRCLECI, include_str!("config.yml")),
];

const CIRCLECI: &str = ".circleci/config.yml";

pub(super) fn run(arguments: &InitArgs, mut sink: impl Write) -> Result<Exit, CommandError> {
    for (name, content) in FILES {
        let path = arguments.dir.join(name);
        if path.exists() && !arguments.force {
            printed(writeln!(sink, "kept     {name} (it already exists; --force replaces it)"))?;
            if name == CIRCLECI {
                printed(writeln!(sink, "\nAdd this to it:\n\n{content}"))?;
            }
            continue;
        }
        write_atomically(&path, content.as_bytes()).map_err(|cause| unwritable(&path, &cause))?;
        printed(writeln!(sink, "wrote    {name}"))?;
    }
    printed(writeln!(sink, "{NEXT}"))?;
    Ok(Exit::Passed)
}

const NEXT: &str = "
Next: try it on this machine, without an account:
  TARGET_HOST=http://localhost:8080 loadforge-ci run --engine local --duration 10s && loadforge-ci gate
`loadforge-ci doctor` checks what CircleCI will need.";

fn unwritable(path: &Path, cause: &std::io::Error) -> CommandError {
    CommandError::usage(format!("failed to write {}: {cause}", path.display()))
        .with_hint("--dir names the repository's folder")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn run_in(dir: &Path, force: bool) -> String {
        let mut out = Vec::new();
        run(&InitArgs { dir: dir.to_owned(), force }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_starter_files_are_valid_and_never_replace_anything_unasked() {
        let dir = tempfile::tempdir().unwrap();
        run_in(dir.path(), false);
        let environment = [("TARGET_HOST".to_owned(), "http://localhost:1".to_owned())];
        let config =
            config::load(Some(&dir.path().join("loadforge.yml")), None, environment, config::Variables::All).unwrap();
        assert_eq!(config.gates.len(), 3);
        std::fs::write(dir.path().join("loadforge.yml"), "mine").unwrap();
        assert!(run_in(dir.path(), false).contains("kept     loadforge.yml"));
        assert_eq!(std::fs::read_to_string(dir.path().join("loadforge.yml")).unwrap(), "mine");
        run_in(dir.path(), true);
        assert_ne!(std::fs::read_to_string(dir.path().join("loadforge.yml")).unwrap(), "mine");
    }
}
