//! An environment of a project's own: its requirements, with Locust among them.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::error::ProcessError;
use super::install::{self, Installer, ProgressSink};
use super::python::{Interpreter, SearchPath};
use super::version::FITTING;
use crate::results::Requirements;

/// Prints what a `pyproject.toml` and its extras ask for. Python has a reader of TOML from 3.11 on, pip has one inside.
const PYPROJECT: &str = include_str!("pyproject.py");

/// The most bytes of local packages that are looked at to know whether they changed.
const MOST_BYTES: u64 = 64 << 20;

/// The environment for these requirements, built once for their content and kept in the cache folder. The Locust in it is
/// the one they name, else the pinned one.
pub(super) async fn of_requirements(
    path: &SearchPath,
    cache: &Path,
    requirements: &Requirements,
    progress: &ProgressSink,
) -> Result<Interpreter, ProcessError> {
    let file = &requirements.file;
    let failed = |source| ProcessError::Requirements { file: file.clone(), source };
    let content = Content::read(requirements).map_err(failed)?;
    let installer = Installer::find(path).await?;
    let name = format!("project-{}-{}", content.hash(&installer), installer.platform());
    let what = format!("what {} asks for", file.display());
    let install = async |venv: &Path| {
        installer.create(venv).await?;
        let mut arguments = Vec::new();
        if !content.names_locust {
            // What is installed already for this machine need not be fetched again.
            let base = install::from_cache(path, cache, progress).await?;
            copy_packages(&base, venv).map_err(|source| ProcessError::Cache { folder: cache.into(), source })?;
            arguments.push(format!("locust=={}", installer.locust));
        }
        let list = if requirements.is_pyproject() {
            let list = venv.join("requirements.txt");
            let mut command = Command::new(install::interpreter(venv));
            command.args(["-c", PYPROJECT]).arg(file).arg(&list).args(&requirements.extras);
            install::step(&mut command).await?;
            list
        } else {
            file.clone()
        };
        arguments.extend(["-r".to_owned(), list.to_string_lossy().into_owned()]);
        installer.install(venv, &arguments).await
    };
    let interpreter = install::environment(cache, &name, &what, progress, install).await?;
    if FITTING.contains(&interpreter.locust) {
        Ok(interpreter)
    } else {
        Err(ProcessError::UnfitLocust { file: file.clone(), found: interpreter.locust })
    }
}

/// What decides which packages are installed.
struct Content {
    parts: Vec<(String, Vec<u8>)>,
    names_locust: bool,
}

impl Content {
    /// Reads the file, the files it includes, and the local packages it names.
    fn read(requirements: &Requirements) -> io::Result<Self> {
        let mut content = Self { parts: Vec::new(), names_locust: false };
        let mut seen = BTreeSet::new();
        let mut open = vec![requirements.file.clone()];
        while let Some(file) = open.pop() {
            if !seen.insert(file.clone()) {
                continue;
            }
            let text = fs::read_to_string(&file)?;
            if requirements.is_pyproject() {
                content.names_locust = text.split(['"', '\'']).any(names_locust);
            } else {
                let folder = file.parent().unwrap_or(Path::new(""));
                for line in text.lines().map(str::trim) {
                    content.names_locust |= names_locust(line);
                    match referenced(line) {
                        Some(Reference::List(inner)) => open.push(folder.join(inner)),
                        Some(Reference::Package(place)) => {
                            let beside = folder.join(place);
                            content.add_package(if beside.exists() { &beside } else { Path::new(place) });
                        }
                        None => {}
                    }
                }
            }
            content.parts.push((file.display().to_string(), text.into_bytes()));
        }
        Ok(content)
    }

    /// Takes in the bytes of a local package, or of a folder with one. What is not there is the installer's to name.
    fn add_package(&mut self, path: &Path) {
        let mut left = MOST_BYTES;
        let mut open: Vec<PathBuf> = vec![path.to_owned()];
        while let Some(path) = open.pop() {
            let Ok(meta) = fs::metadata(&path) else { continue };
            if meta.is_dir() {
                let hidden = |path: &PathBuf| {
                    path.file_name()
                        .is_some_and(|name| name.to_string_lossy().starts_with(['.', '_']) && !path.is_file())
                };
                let entries = fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path());
                let mut entries: Vec<PathBuf> = entries.filter(|path| !hidden(path)).collect();
                entries.sort_unstable();
                open.extend(entries);
            } else if let Some(rest) = left.checked_sub(meta.len()) {
                left = rest;
                self.parts.push((path.display().to_string(), fs::read(&path).unwrap_or_default()));
            }
        }
    }

    /// A short name of the content. Where it lies does not matter.
    fn hash(&self, installer: &Installer) -> String {
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        for (_, bytes) in &self.parts {
            context.update(&(bytes.len() as u64).to_be_bytes());
            context.update(bytes);
        }
        if !self.names_locust {
            context.update(installer.locust.as_bytes());
        }
        context.finish().as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What a line of a requirements file refers to on this machine.
#[derive(Debug, PartialEq, Eq)]
enum Reference<'a> {
    /// Another list: `-r other.txt`, `-c constraints.txt`.
    List(&'a str),
    /// A package: `./lib`, `-e ../lib`, `wheels/x.whl`.
    Package(&'a str),
}

fn referenced(line: &str) -> Option<Reference<'_>> {
    let value = |names: &[&str]| {
        names.iter().find_map(|name| {
            let rest = line.strip_prefix(name)?;
            rest.starts_with([' ', '=', '\t']).then(|| rest.trim_start_matches([' ', '=', '\t']).trim())
        })
    };
    if let Some(list) = value(&["--requirement", "--constraint", "-r", "-c"]) {
        return (!list.contains("://")).then_some(Reference::List(list));
    }
    let place = value(&["--editable", "-e"]).unwrap_or(line);
    let place = place.split([' ', ';', '[']).next().unwrap_or_default();
    let place = place.strip_prefix("file://").unwrap_or(place);
    let is_local = place.starts_with(['.', '/']) || place.ends_with(".whl") || place.ends_with(".tar.gz");
    (is_local && !place.contains("://")).then_some(Reference::Package(place))
}

/// Whether a requirement is Locust itself.
fn names_locust(line: &str) -> bool {
    let name = line.trim().split(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).next().unwrap_or_default();
    name.eq_ignore_ascii_case("locust")
}

/// Puts the packages of one environment into another, without those that are there.
fn copy_packages(base: &Interpreter, venv: &Path) -> io::Result<()> {
    let Some(home) = base.python.parent().and_then(Path::parent) else { return Ok(()) };
    let mut open = vec![PathBuf::from("lib")];
    while let Some(inner) = open.pop() {
        fs::create_dir_all(venv.join(&inner))?;
        for entry in fs::read_dir(home.join(&inner))? {
            let entry = entry?;
            let inner = inner.join(entry.file_name());
            let (from, to) = (home.join(&inner), venv.join(&inner));
            if entry.file_type()?.is_dir() {
                open.push(inner);
            } else if to.symlink_metadata().is_err() && fs::hard_link(&from, &to).is_err() {
                fs::copy(&from, &to)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_refers_to_is_found() {
        for (line, expected) in [
            ("-r base.txt", Some(Reference::List("base.txt"))),
            ("--constraint=pins.txt", Some(Reference::List("pins.txt"))),
            ("-e ../lib[extra]", Some(Reference::Package("../lib"))),
            (
                "./wheels/shop-1.0-py3-none-any.whl ; python_version > '3'",
                Some(Reference::Package("./wheels/shop-1.0-py3-none-any.whl")),
            ),
            ("faker==30.0", None),
            ("-r https://example.com/list.txt", None),
            ("git+https://example.com/x.git", None),
            ("# -r base.txt", None),
        ] {
            assert_eq!(referenced(line), expected, "{line}");
        }
        for (line, expected) in
            [("locust==2.40", true), ("Locust[x]>2", true), ("locust-plugins", false), ("# locust", false)]
        {
            assert_eq!(names_locust(line), expected, "{line}");
        }
    }

    #[test]
    fn the_content_decides_and_not_its_place() {
        let installer = |locust| Installer::of(locust);
        let project = |lib: &str| {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir_all(dir.path().join("lib/pkg")).unwrap();
            fs::write(dir.path().join("requirements.txt"), "-r more.txt\n-e ./lib\n").unwrap();
            fs::write(dir.path().join("more.txt"), "faker\n").unwrap();
            fs::write(dir.path().join("lib/pkg/mod.py"), lib).unwrap();
            let file = dir.path().join("requirements.txt");
            Content::read(&Requirements { file, extras: Vec::new() }).unwrap().hash(&installer("2.47.0"))
        };
        assert_eq!(project("x = 1"), project("x = 1"));
        assert_ne!(project("x = 1"), project("x = 2"));
    }
}
