//! CODEOWNERS: who owns a path of a repository. The last line that matches wins, as on GitHub and GitLab.

use std::fs;
use std::path::{Component, Path, PathBuf};

use gix_ignore::glob::pattern::Case;
use gix_ignore::glob::wildmatch::Mode;

/// Where GitHub looks for the file, in this order.
const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// The content of the nearest CODEOWNERS, in this folder or above it in the repository, and this folder's path from there.
pub(super) fn find(folder: &Path) -> Option<(String, PathBuf)> {
    let folder = fs::canonicalize(folder).ok()?;
    for above in folder.ancestors() {
        let found = PLACES.iter().find_map(|place| fs::read_to_string(above.join(place)).ok());
        if let Some(text) = found {
            return Some((text, folder.strip_prefix(above).ok()?.to_owned()));
        }
        // The repository ends here.
        if above.join(".git").exists() {
            return None;
        }
    }
    None
}

/// The owners of a path, as they are written, or `None` where it has none.
pub(super) fn owners(text: &str, path: &str) -> Option<String> {
    let path = segments(path);
    let lines = text.lines().map(|line| line.split(" #").next().unwrap_or_default().trim());
    let mut rules = lines.filter(|line| !line.is_empty() && !line.starts_with(['#', '[', '^']));
    let last = rules.rfind(|line| matches(line.split_whitespace().next().unwrap_or_default(), &path))?;
    let owners: Vec<&str> = last.split_whitespace().skip(1).collect();
    (!owners.is_empty()).then(|| owners.join(" "))
}

/// The names of a path, without `.` and what `..` takes back.
fn segments(path: &str) -> Vec<String> {
    let mut names = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(name) => names.push(name.to_string_lossy().into_owned()),
            Component::ParentDir => drop(names.pop()),
            _ => {}
        }
    }
    names
}

/// Whether a pattern, as in `.gitignore`, matches a path or a folder above it.
fn matches(pattern: &str, path: &[String]) -> bool {
    if path.is_empty() {
        // The repository itself is owned by whoever owns everything in it.
        return pattern.bytes().all(|byte| matches!(byte, b'*' | b'/'));
    }
    let Some(pattern) = gix_ignore::glob::parse(pattern) else { return false };
    (1..=path.len()).any(|length| {
        let name = path[length - 1].len();
        let above = path[..length].join("/");
        let (place, mode) = (Some(above.len() - name), Mode::NO_MATCH_SLASH_LITERAL);
        pattern.matches_repo_relative_path(
            above.as_str().into(),
            place.filter(|at| *at > 0),
            Some(true),
            Case::Sensitive,
            mode,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_that_matches_names_the_owners() {
        let text = "# all\n* @acme/all\n*.py @acme/python # scripts\n/services/checkout/ @acme/checkout @ann\n\
                    perf/ @acme/load\n/docs/**/api @acme/api\n/services/checkout/legacy\n[Section]\n";
        for (path, expected) in [
            ("README.md", Some("@acme/all")),
            ("a/b/x.py", Some("@acme/python")),
            ("services/checkout", Some("@acme/checkout @ann")),
            ("services/checkout/src/main.rs", Some("@acme/checkout @ann")),
            ("./services/search/../checkout", Some("@acme/checkout @ann")),
            ("services/checkout/legacy/x", None),
            ("services/search", Some("@acme/all")),
            ("any/perf/x", Some("@acme/load")),
            ("docs/v1/v2/api/x", Some("@acme/api")),
            ("docs/api", Some("@acme/api")),
            (".", Some("@acme/all")),
        ] {
            assert_eq!(owners(text, path).as_deref(), expected, "{path}");
        }
        assert_eq!(owners("", "x"), None);
    }
}
