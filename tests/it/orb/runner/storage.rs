//! The cache of a project, and copying folders about.

use std::fs;
use std::path::{Path, PathBuf};

/// The caches of one project. Keys are immutable, a restore takes the youngest key that starts with what it asks for,
/// and forks have a namespace of their own.
#[derive(Debug)]
pub(in crate::orb) struct Cache {
    root: PathBuf,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    namespace: String,
    key: String,
    folder: PathBuf,
}

impl Cache {
    /// An empty cache in a folder.
    pub(in crate::orb) fn new(root: PathBuf) -> Self {
        fs::create_dir_all(&root).unwrap();
        Self { root, entries: Vec::new() }
    }

    /// All keys, oldest first.
    pub(in crate::orb) fn keys(&self) -> Vec<&str> {
        self.entries.iter().map(|entry| entry.key.as_str()).collect()
    }

    /// The keys of baseline histories, oldest first.
    pub(in crate::orb) fn histories(&self) -> Vec<&str> {
        self.keys().into_iter().filter(|key| key.starts_with("loadforge-history-")).collect()
    }

    /// Saves paths of a job's folder; returns what CircleCI would log.
    pub(super) fn save(&mut self, namespace: &str, key: &str, paths: &[String], folder: &Path) -> String {
        if self.entries.iter().any(|entry| entry.namespace == namespace && entry.key == key) {
            return format!("Skipping cache generation, cache already exists for key: {key}\n");
        }
        let saved = self.root.join(self.entries.len().to_string());
        let mut log = String::new();
        let mut any = false;
        for path in paths {
            if folder.join(path).exists() {
                copy(&folder.join(path), &saved.join(path)).unwrap();
                any = true;
            } else {
                log += &format!("Warning: skipping this path: {path}: no such file or directory\n");
            }
        }
        if !any {
            return log + "Skipping cache generation, no paths found\n";
        }
        self.entries.push(Entry { namespace: namespace.to_owned(), key: key.to_owned(), folder: saved });
        log + &format!("Stored Cache to {key}\n")
    }

    /// Restores the first key of the list that matches; returns what CircleCI would log.
    pub(super) fn restore(&self, namespace: &str, keys: &[String], folder: &Path) -> String {
        for key in keys {
            let matches = |entry: &&Entry| entry.namespace == namespace && entry.key.starts_with(key.as_str());
            if let Some(entry) = self.entries.iter().rev().find(matches) {
                copy(&entry.folder, folder).unwrap();
                return format!("Found a cache from {}\n", entry.key);
            }
        }
        "No cache is found for key\n".to_owned()
    }
}

/// Copies a file or a folder with everything in it, permissions included.
pub(super) fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::copy(from, to).map(drop)
}
