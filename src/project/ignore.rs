//! What of a folder stays behind: what `.gitignore` names, hidden names, and what no load test needs.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use gix_ignore::Search;
use gix_ignore::glob::pattern::Case;
use gix_ignore::search::Ignore;

/// Names that are never taken, whatever `include` says.
const NEVER: [&str; 6] = [".git", ".hg", ".svn", "__pycache__", "node_modules", ".venv"];

/// The first parts of names that are left out unless `include` names them: results of this program.
const RESULTS: [&str; 2] = ["loadforge-results", "loadforge-history"];

/// What becomes of a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is taken.
    Taken,
    /// It is left out, and in a folder only what `include` names is taken.
    LeftOut,
    /// It is left out with all that is in it.
    Never,
}

/// The rules of a folder: `exclude` over `include` over hidden names over `.gitignore`.
#[derive(Debug)]
pub(super) struct CopyRules {
    folder: PathBuf,
    include: Patterns,
    exclude: Patterns,
    /// The files that apply, those of the outer folders first.
    ignored: Vec<(PathBuf, Patterns)>,
}

impl CopyRules {
    /// The rules for a folder; `.gitignore` files of the repository above it apply too.
    pub(super) fn of(folder: &Path, include: &[String], exclude: &[String]) -> Self {
        let mut above: Vec<&Path> = Vec::new();
        if let Some(root) = repository(folder) {
            above.extend(folder.ancestors().skip(1).take_while(|path| path.starts_with(&root)));
        }
        let mut rules = Self {
            folder: folder.to_owned(),
            include: Patterns::of(&include.join("\n")),
            exclude: Patterns::of(&exclude.join("\n")),
            ignored: Vec::new(),
        };
        if let Some(root) = above.last().copied().or_else(|| repository(folder).is_some().then_some(folder)) {
            rules.read(root, &root.join(".git/info/exclude"));
        }
        above.into_iter().rev().for_each(|path| rules.enter(path));
        rules
    }

    /// Whether `include` names anything, so that a folder that is left out has to be looked through.
    pub(super) const fn has_includes(&self) -> bool {
        !self.include.is_empty
    }

    /// Takes in the `.gitignore` of a folder before its entries are looked at.
    pub(super) fn enter(&mut self, folder: &Path) {
        self.read(folder, &folder.join(".gitignore"));
    }

    /// Forgets the rules of a folder that was walked through.
    pub(super) fn leave(&mut self, folder: &Path) {
        self.ignored.retain(|(base, _)| base != folder || *base == self.folder);
    }

    fn read(&mut self, base: &Path, file: &Path) {
        if let Ok(text) = fs::read_to_string(file) {
            self.ignored.push((base.to_owned(), Patterns::of(&text)));
        }
    }

    /// What becomes of an entry, by its own name and place. `named` says that `include` names the folder it is in.
    pub(super) fn fate(&self, path: &Path, is_folder: bool, named: bool) -> (Fate, bool) {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let is_environment = is_folder && path.join("pyvenv.cfg").is_file();
        if NEVER.contains(&name) || is_environment || self.exclude.matches(&self.folder, path, is_folder) == Some(true)
        {
            return (Fate::Never, false);
        }
        if named || self.include.matches(&self.folder, path, is_folder) == Some(true) {
            return (Fate::Taken, true);
        }
        let is_hidden = name.starts_with('.') || RESULTS.iter().any(|start| name.starts_with(start));
        let decided = self.ignored.iter().rev().find_map(|(base, patterns)| patterns.matches(base, path, is_folder));
        if is_hidden || decided == Some(true) { (Fate::LeftOut, false) } else { (Fate::Taken, false) }
    }
}

/// The folder of the repository that a folder is in.
pub(super) fn repository(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|path| path.join(".git").exists()).map(Path::to_owned)
}

/// Patterns in the syntax of `.gitignore`.
#[derive(Debug)]
struct Patterns {
    search: Search,
    is_empty: bool,
}

impl Patterns {
    fn of(text: &str) -> Self {
        let mut search = Search::default();
        // Fails only for paths outside a root, and there is no root.
        let added = search.add_patterns_buffer(text.as_bytes(), "patterns", None, Ignore { support_precious: false });
        Self { search, is_empty: added.is_err() || text.trim().is_empty() }
    }

    /// Whether the last pattern that fits matches; `Some(false)` when it is negated, `None` when none fits.
    fn matches(&self, base: &Path, path: &Path, is_folder: bool) -> Option<bool> {
        let inner = path.strip_prefix(base).ok()?.to_str()?;
        let found = self.search.pattern_matching_relative_path(inner.into(), Some(is_folder), Case::Sensitive)?;
        Some(!found.pattern.is_negative())
    }
}
