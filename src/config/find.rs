//! Which file is the configuration when none is named.

use std::path::{Path, PathBuf};

/// The file that is read when `--config` is not given; it may be missing.
pub(super) const DEFAULT_FILE: &str = "loadforge.yml";

/// The names of a configuration file, the usual one first.
const NAMES: [&str; 2] = [DEFAULT_FILE, "loadforge.yaml"];

/// A configuration that was found, and what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundConfig {
    /// Its path, relative to the folder that was asked for.
    pub(super) path: PathBuf,
    /// What a user who expects another file should know.
    pub(super) note: Option<String>,
}

/// Looks in a folder, and in the folders above it as far as the repository goes; outside a repository in the folder
/// alone.
pub(super) fn find(folder: &Path) -> Option<FoundConfig> {
    let mut up = PathBuf::new();
    let absolute = folder.canonicalize().ok()?;
    let root = absolute.ancestors().find(|folder| folder.join(".git").exists());
    for here in absolute.ancestors() {
        if let Some(mut found) = in_folder(here, &up) {
            if !up.as_os_str().is_empty() {
                found.note.get_or_insert_with(|| format!("using {}, found above this folder", found.path.display()));
            }
            return Some(found);
        }
        if root.is_none_or(|root| root == here) {
            return None;
        }
        up.push("..");
    }
    None
}

fn in_folder(folder: &Path, shown: &Path) -> Option<FoundConfig> {
    let there: Vec<&str> = NAMES.into_iter().filter(|name| folder.join(name).is_file()).collect();
    let (first, others) = there.split_first()?;
    let path = shown.join(first);
    let note = others.first().map(|other| format!("using {}; {} beside it is not read", path.display(), other));
    Some(FoundConfig { path, note })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_found_under_either_name_and_above_within_the_repository_alone() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("repository/services/shop");
        fs::create_dir_all(&deep).unwrap();
        let path = |folder: &Path| find(folder).map(|found| found.path.display().to_string());
        let write = |name: &str| fs::write(dir.path().join(name), "{}").unwrap();
        write("loadforge.yml");
        assert_eq!(path(&deep), None, "what is outside a repository is somebody else's");
        fs::create_dir(dir.path().join("repository/.git")).unwrap();
        assert_eq!(path(&deep), None, "the repository ends below it");
        write("repository/loadforge.yaml");
        let found = find(&deep).unwrap();
        assert_eq!(found.path, Path::new("../../loadforge.yaml"));
        assert_eq!(found.note.unwrap(), "using ../../loadforge.yaml, found above this folder");
        write("repository/services/shop/loadforge.yml");
        assert_eq!(find(&deep), Some(FoundConfig { path: "loadforge.yml".into(), note: None }));
        write("repository/services/shop/loadforge.yaml");
        assert_eq!(find(&deep).unwrap().note.unwrap(), "using loadforge.yml; loadforge.yaml beside it is not read");
    }
}
