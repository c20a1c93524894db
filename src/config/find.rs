//! Which file is the configuration when none is named.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::ConfigError;

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

/// The name of the file and its text, which is `None` where the default file does not exist.
pub(super) fn text_of(file: Option<&Path>) -> Result<(String, Option<String>), ConfigError> {
    let found = if file.is_none() { find(Path::new(".")) } else { None };
    if let Some(note) = found.as_ref().and_then(|found| found.note.as_ref()) {
        tracing::warn!("{note}");
    }
    let path = file.or(found.as_ref().map(|found| found.path.as_path())).unwrap_or_else(|| Path::new(DEFAULT_FILE));
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => Ok((name, Some(text))),
        Err(source) if source.kind() == io::ErrorKind::NotFound && file.is_none() => Ok((name, None)),
        Err(source) => Err(ConfigError::Read { file: name, source }),
    }
}

#[cfg(test)]
mod tests {
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
