//! The files of a folder that a run takes, bounded in number and size.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::ProjectError;
use super::ignore::{CopyRules, Fate, repository};
use crate::text::counted;

/// The most files that are taken.
const MOST_FILES: usize = 10_000;

/// The most bytes that are taken.
const MOST_BYTES: u64 = 256 << 20;

/// The most entries that are looked at.
const MOST_SEEN: usize = 200_000;

/// The deepest folder that is looked into.
const DEEPEST: usize = 40;

/// The files that a run takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Relative to the folder, with `/`, in order.
    pub files: Vec<String>,
    /// Those of them that are there because `include` names them.
    pub included: Vec<String>,
    /// Their size altogether.
    pub bytes: u64,
    /// What had to be left out although no rule says so, in words.
    pub notes: Vec<String>,
}

/// The files of a folder without what `.gitignore`, hidden names and `exclude` leave out, and with what `include` names.
/// `folder` is absolute and free of links.
///
/// # Errors
/// When the folder cannot be read, or holds more than 10,000 files or 256 MiB.
pub fn select(folder: &Path, include: &[String], exclude: &[String]) -> Result<Selection, ProjectError> {
    let rules = CopyRules::of(folder, include, exclude);
    let limit = repository(folder).unwrap_or_else(|| folder.to_owned());
    let mut walk = Walk { folder, limit, rules, seen: 0, sizes: BTreeMap::new(), found: Selection::default() };
    walk.enter(folder, true, false, 0)?;
    walk.found.files.sort_unstable();
    Ok(walk.found)
}

struct Walk<'a> {
    folder: &'a Path,
    /// Links that lead out of it are not followed.
    limit: PathBuf,
    rules: CopyRules,
    seen: usize,
    /// Files and bytes by the first part of their path.
    sizes: BTreeMap<String, (usize, u64)>,
    found: Selection,
}

impl Walk<'_> {
    /// Looks through a folder. `taken` says whether its files are, `named` whether `include` names it.
    fn enter(&mut self, folder: &Path, taken: bool, named: bool, depth: usize) -> Result<(), ProjectError> {
        let failed = |source| ProjectError::Read { path: folder.to_owned(), source };
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(source) if depth == 0 => return Err(failed(source)),
            Err(cause) => {
                self.found.notes.push(format!("{} cannot be read and is left out: {cause}", folder.display()));
                return Ok(());
            }
        };
        self.rules.enter(folder);
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort_unstable();
        for path in paths {
            self.seen += 1;
            if self.seen > MOST_SEEN {
                return Err(self.too_many());
            }
            self.look_at(&path, taken, named, depth)?;
        }
        self.rules.leave(folder);
        Ok(())
    }

    fn look_at(&mut self, path: &Path, taken: bool, named: bool, depth: usize) -> Result<(), ProjectError> {
        // A link that leads nowhere is nothing to take.
        let Ok(meta) = fs::metadata(path) else { return Ok(()) };
        let (fate, named) = self.rules.fate(path, meta.is_dir(), named);
        let taken = named || (taken && fate == Fate::Taken);
        let looked_through = taken || (meta.is_dir() && self.rules.has_includes());
        if fate == Fate::Never || !looked_through {
            return Ok(());
        }
        let is_link = path.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
        let target = if is_link { path.canonicalize().ok() } else { None };
        if is_link && !target.as_ref().is_some_and(|target| target.starts_with(&self.limit)) {
            let shown = path.strip_prefix(self.folder).unwrap_or(path).display();
            self.found.notes.push(format!("the link {shown} leads out of the project and is left out"));
            return Ok(());
        }
        if target.is_some_and(|target| path.starts_with(target)) {
            // A circle: the folder is being walked already.
            return Ok(());
        }
        if meta.is_dir() {
            return if depth < DEEPEST { self.enter(path, taken, named, depth + 1) } else { Ok(()) };
        }
        if meta.is_file() && taken {
            self.take(path, meta.len(), named)?;
        }
        Ok(())
    }

    fn take(&mut self, path: &Path, bytes: u64, named: bool) -> Result<(), ProjectError> {
        let Some(name) = path.strip_prefix(self.folder).ok().and_then(Path::to_str) else {
            self.found.notes.push(format!("{} is left out: its name is not Unicode", path.display()));
            return Ok(());
        };
        let first = name.split_once('/').map_or_else(|| name.to_owned(), |(first, _)| format!("{first}/"));
        let size = self.sizes.entry(first).or_default();
        *size = (size.0 + 1, size.1 + bytes);
        self.found.files.push(name.to_owned());
        self.found.included.extend(named.then(|| name.to_owned()));
        self.found.bytes += bytes;
        if self.found.files.len() > MOST_FILES {
            return Err(self.too_many());
        }
        if self.found.bytes > MOST_BYTES {
            let most =
                self.sizes.iter().max_by_key(|(_, size)| size.1).map_or_else(String::new, |(name, _)| name.clone());
            return Err(ProjectError::TooLarge {
                folder: self.folder.to_owned(),
                limit: format!("{} MiB", MOST_BYTES >> 20),
                most,
            });
        }
        Ok(())
    }

    fn too_many(&self) -> ProjectError {
        let most = self.sizes.iter().max_by_key(|(_, size)| size.0).map_or_else(String::new, |(name, _)| name.clone());
        let limit = if self.seen > MOST_SEEN { MOST_SEEN } else { MOST_FILES };
        ProjectError::too_many(self.folder.to_owned(), limit, most)
    }
}

impl Selection {
    /// The files in a few words.
    #[must_use]
    pub fn summary(&self) -> String {
        let size = match self.bytes {
            bytes if bytes >= 1 << 20 => format!("{} MiB", bytes >> 20),
            bytes => format!("{} KiB", bytes.div_ceil(1 << 10)),
        };
        format!("{}, {size}", counted(self.files.len(), "file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files.
    fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let folder = dir.path().canonicalize().unwrap();
        (dir, folder)
    }

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    const FILES: [(&str, &str); 15] = [
        (".git/config", ""),
        (".gitignore", "*.log\n/perf/generated/\n!keep.log\n"),
        ("perf/.gitignore", "local_*.py\n"),
        ("perf/locustfile.py", ""),
        ("perf/local_settings.py", ""),
        ("perf/common/auth.py", ""),
        ("perf/common/__pycache__/auth.pyc", ""),
        ("perf/generated/users.csv", "ann"),
        ("perf/run.log", ""),
        ("perf/keep.log", ""),
        ("perf/.env", "PASSWORD=1"),
        ("perf/venv/pyvenv.cfg", ""),
        ("perf/venv/lib/x.py", ""),
        ("perf/loadforge-results/run.json", ""),
        ("web/index.js", ""),
    ];

    #[test]
    fn what_is_ignored_hidden_or_an_environment_stays_behind() {
        let (_dir, root) = folder(&FILES);
        let found = select(&root.join("perf"), &[], &[]).unwrap();
        assert_eq!(found.files, ["common/auth.py", "keep.log", "locustfile.py"]);
        let whole = select(&root, &[], &[]).unwrap();
        assert_eq!(whole.files, ["perf/common/auth.py", "perf/keep.log", "perf/locustfile.py", "web/index.js"]);
    }

    #[test]
    fn include_brings_back_what_is_named_and_exclude_leaves_out() {
        let (_dir, root) = folder(&FILES);
        let perf = root.join("perf");
        let found = select(&perf, &words(&["generated/", "local_settings.py"]), &words(&["*.log"])).unwrap();
        assert_eq!(found.files, ["common/auth.py", "generated/users.csv", "local_settings.py", "locustfile.py"]);
        assert_eq!(found.bytes, 3);
        let deep = select(&root, &words(&["users.csv"]), &words(&["/web", "perf/common"])).unwrap();
        assert_eq!(deep.files, ["perf/generated/users.csv", "perf/keep.log", "perf/locustfile.py"]);
        // An environment and a repository are never taken.
        let all = select(&perf, &words(&["*"]), &[]).unwrap();
        assert!(all.files.contains(&".env".to_owned()) && !all.files.iter().any(|file| file.starts_with("venv")));
    }

    #[test]
    fn links_are_followed_inside_the_repository_only() {
        let (_dir, root) = folder(&FILES);
        let (_other, outside) = folder(&[("secret.txt", "")]);
        let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, root.join("perf").join(name)).unwrap();
        link(&root.join("web"), "shared");
        link(&outside.join("secret.txt"), "secret.txt");
        link(&root.join("perf"), "circle");
        link(&root.join("nowhere"), "dead");
        let found = select(&root.join("perf"), &[], &[]).unwrap();
        assert_eq!(found.files, ["common/auth.py", "keep.log", "locustfile.py", "shared/index.js"]);
        assert_eq!(found.notes, ["the link secret.txt leads out of the project and is left out"]);
    }

    #[test]
    fn a_folder_that_is_too_large_is_refused_with_what_to_leave_out() {
        use crate::error::Explain;
        let (_dir, root) = folder(&[("locustfile.py", "")]);
        fs::create_dir(root.join("assets")).unwrap();
        fs::File::create(root.join("assets/video.bin")).unwrap().set_len(MOST_BYTES + 1).unwrap();
        let fault = select(&root, &[], &[]).unwrap_err();
        let expected = format!("{} holds more than 256 MiB, most of it in assets/", root.display());
        assert_eq!(fault.to_string(), expected);
        assert!(fault.hint().unwrap().contains("test.exclude: [assets/]"));
        assert_eq!(select(&root, &[], &words(&["assets/"])).unwrap().files, ["locustfile.py"]);
    }
}
