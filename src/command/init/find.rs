//! What a repository has already: Locust scripts, requirements, a CircleCI configuration, a `.gitignore`.

use std::fs;
use std::path::Path;

use crate::project::select;

/// A larger file is not read.
const MOST_BYTES: u64 = 1 << 20;

/// A Locust script of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundScript {
    /// Relative to the repository, with `/`.
    pub(super) path: String,
    /// The host that the script names itself.
    pub(super) host: Option<String>,
    /// A requirements list in its folder, relative to the repository.
    pub(super) requirements: Option<String>,
}

/// The Locust scripts in a folder, those named `locustfile` first, then those nearest to its root. Files that
/// `.gitignore` names are left out. A folder too large to be searched has those that lie in its root or in a usual folder.
pub(super) fn scripts(dir: &Path) -> Vec<FoundScript> {
    let files = select(dir, &[], &[]).map_or_else(|_| usual_places(dir), |selection| selection.files);
    let mut found: Vec<FoundScript> = files
        .iter()
        .filter(|path| path.ends_with(".py"))
        .filter_map(|path| {
            let file = dir.join(path);
            let is_small = file.metadata().is_ok_and(|meta| meta.len() <= MOST_BYTES);
            let text = is_small.then(|| fs::read_to_string(&file).ok()).flatten()?;
            is_locust_script(&text).then(|| FoundScript {
                path: path.clone(),
                host: own_host(&text),
                requirements: requirements(path, &files),
            })
        })
        .collect();
    found.sort_by_key(|script| {
        let name = script.path.rsplit('/').next().unwrap_or_default();
        (!name.starts_with("locustfile"), script.path.matches('/').count(), script.path.clone())
    });
    found
}

/// Files where a load test usually is, for a repository with too many files.
fn usual_places(dir: &Path) -> Vec<String> {
    let folders = ["", "perf/", "load/", "locust/", "loadtest/", "load_tests/", "tests/load/", "tests/perf/"];
    let mut files = Vec::new();
    for folder in folders {
        let entries = fs::read_dir(dir.join(folder)).into_iter().flatten().filter_map(Result::ok);
        files.extend(entries.filter_map(|entry| Some(format!("{folder}{}", entry.file_name().to_str()?))));
    }
    files.sort();
    files
}

/// Whether a Python file defines a Locust user.
fn is_locust_script(text: &str) -> bool {
    let imports = |line: &str| line.starts_with("from locust") || line.starts_with("import locust");
    let is_user = |line: &str| line.starts_with("class ") && line.contains("User");
    text.lines().any(imports) && text.lines().any(is_user)
}

/// The URL in `host = "https://…"`.
fn own_host(text: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let value = line.trim().strip_prefix("host")?.trim_start().strip_prefix('=')?.trim();
        let quote = value.chars().next().filter(|c| ['"', '\''].contains(c))?;
        let url = value[1..].split(quote).next()?;
        (url.starts_with("http://") || url.starts_with("https://")).then(|| url.to_owned())
    })
}

/// The requirements list in the script's own folder, unless that is the root: there it is the application's.
fn requirements(script: &str, files: &[String]) -> Option<String> {
    let (folder, _) = script.rsplit_once('/')?;
    files.iter().find(|path| path.rsplit_once('/') == Some((folder, "requirements.txt"))).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let file = dir.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        dir
    }

    const SCRIPT: &str = "from locust import HttpUser\nclass Shopper(HttpUser):\n    host = 'http://localhost:5000'\n";

    #[test]
    fn scripts_are_found_by_what_they_define_the_locustfile_first() {
        let dir = repository(&[
            ("app.py", "class UserModel: pass\n"),
            ("load/checkout.py", SCRIPT),
            ("load/requirements.txt", "locust\n"),
            ("qa/deep/locustfile.py", "import locust\nclass A(locust.HttpUser):\n    pass\n"),
            ("build/locustfile.py", SCRIPT),
            (".gitignore", "build/\n"),
            ("requirements.txt", "flask\n"),
        ]);
        let found = scripts(dir.path());
        let paths: Vec<&str> = found.iter().map(|script| script.path.as_str()).collect();
        assert_eq!(paths, ["qa/deep/locustfile.py", "load/checkout.py"]);
        assert_eq!(found[1].host.as_deref(), Some("http://localhost:5000"));
        assert_eq!(found[1].requirements.as_deref(), Some("load/requirements.txt"));
        assert_eq!((&found[0].host, &found[0].requirements), (&None, &None));
    }
}
