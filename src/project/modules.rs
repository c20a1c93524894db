//! The modules of a project that a script imports, found as Python finds them.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use super::digest::hex;
use super::imports::{ImportedName, imports};

/// The most modules that are followed.
const MOST_MODULES: usize = 2_000;

/// A module of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalModule {
    /// Its name as Python knows it: `common.auth`.
    pub name: String,
    /// Its file; `None` for a package without `__init__.py`.
    pub path: Option<PathBuf>,
    /// Whether it is a package.
    pub is_package: bool,
    /// Its text; empty without a file.
    pub text: String,
}

/// Where modules are looked for, and what was found.
#[derive(Debug)]
pub struct ModuleSearch {
    roots: Vec<PathBuf>,
    found: BTreeMap<String, LocalModule>,
    /// Imports that lead to no module of the project: name, file and line.
    outside: Vec<(ImportedName, PathBuf)>,
}

impl ModuleSearch {
    /// The modules found, by name.
    #[must_use]
    pub const fn modules(&self) -> &BTreeMap<String, LocalModule> {
        &self.found
    }

    /// The imports of what is not in the project, each with the file it is in.
    #[must_use]
    pub fn outside(&self) -> &[(ImportedName, PathBuf)] {
        &self.outside
    }

    /// Finds a module by its dotted name, its packages first. `false` when it is not in the project.
    fn resolve(&mut self, name: &str) -> Option<Vec<String>> {
        let mut added = Vec::new();
        let mut place: Option<PathBuf> = None;
        let mut dotted = String::new();
        for part in name.split('.') {
            if !dotted.is_empty() {
                dotted.push('.');
            }
            dotted.push_str(part);
            let places = place.take().map_or_else(|| self.roots.clone(), |place| vec![place]);
            let (module, inside) = places.iter().find_map(|place| at(place, part, &dotted))?;
            place = inside;
            if !self.found.contains_key(&dotted) {
                added.push(dotted.clone());
                self.found.insert(dotted.clone(), module);
            }
            if place.is_none() {
                // A module has nothing inside; what is asked of it is a name in it.
                return (dotted == name).then_some(added);
            }
        }
        Some(added)
    }
}

/// The module of this name in a folder, and where its own modules are.
fn at(folder: &Path, part: &str, name: &str) -> Option<(LocalModule, Option<PathBuf>)> {
    let package = folder.join(part);
    let read = |path: PathBuf, is_package| {
        let text = fs::read_to_string(&path).ok()?;
        Some(LocalModule { name: name.to_owned(), path: Some(path), is_package, text })
    };
    if let Some(module) = read(package.join("__init__.py"), true) {
        return Some((module, Some(package)));
    }
    if let Some(module) = read(folder.join(format!("{part}.py")), false) {
        return Some((module, None));
    }
    // A package without `__init__.py` holds modules; any other folder is none.
    let holds_python = fs::read_dir(&package).ok()?.flatten().any(|entry| {
        let path = entry.path();
        path.extension().is_some_and(|extension| extension == "py") || path.join("__init__.py").is_file()
    });
    let module = LocalModule { name: name.to_owned(), path: None, is_package: true, text: String::new() };
    holds_python.then_some((module, Some(package)))
}

/// The modules of the project that these scripts import, directly or through others. `roots` are the folders that Python
/// looks in, the first first. A text that is not Python imports nothing.
#[must_use]
pub fn imported_modules(scripts: &[(PathBuf, &str)], roots: &[PathBuf]) -> ModuleSearch {
    let mut search = ModuleSearch { roots: roots.to_vec(), found: BTreeMap::new(), outside: Vec::new() };
    // Each with the package that its relative imports start from.
    let mut open: VecDeque<(PathBuf, String, Option<String>)> =
        scripts.iter().map(|(path, text)| (path.clone(), (*text).to_owned(), None)).collect();
    while let Some((path, text, package)) = open.pop_front() {
        for import in imports(&text).unwrap_or_default() {
            let Some(target) = absolute(&import, package.as_deref()) else { continue };
            let mut added = search.resolve(&target);
            if let (Some(found), Some(name)) = (&mut added, import.name.as_deref().filter(|name| *name != "*")) {
                let whole = if target.is_empty() { name.to_owned() } else { format!("{target}.{name}") };
                // Else it is a name inside the module.
                found.extend(search.resolve(&whole).unwrap_or_default());
            }
            let Some(added) = added else {
                search.outside.push((import, path.clone()));
                continue;
            };
            for module in added.iter().filter_map(|name| search.found.get(name)) {
                let package = if module.is_package {
                    Some(module.name.clone())
                } else {
                    module.name.rsplit_once('.').map(|(package, _)| package.to_owned())
                };
                if let Some(path) = &module.path {
                    open.push_back((path.clone(), module.text.clone(), package));
                }
            }
            if search.found.len() > MOST_MODULES {
                return search;
            }
        }
    }
    search
}

/// The absolute name of the module that an import names; `None` for a relative import without a package.
fn absolute(import: &ImportedName, package: Option<&str>) -> Option<String> {
    if import.level == 0 {
        return Some(import.module.clone());
    }
    let mut parts: Vec<&str> = package?.split('.').collect();
    for _ in 1..import.level {
        parts.pop()?;
    }
    parts.extend(Some(import.module.as_str()).filter(|module| !module.is_empty()));
    (!parts.is_empty()).then(|| parts.join("."))
}

/// SHA-256 of a script's code: of its text alone when nothing of the project belongs to it, else of all that does.
/// `extra` is what beside the code decides what is sent, such as tags.
#[must_use]
pub fn code_sha256(scripts: &[&str], modules: &BTreeMap<String, LocalModule>, extra: &str) -> String {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let mut scripts = scripts.iter();
    context.update(scripts.next().unwrap_or(&"").as_bytes());
    let mut add = |kind: &str, text: &str| {
        context.update(format!("\0{kind}\0{}\0", text.len()).as_bytes());
        context.update(text.as_bytes());
    };
    scripts.for_each(|text| add("script", text));
    modules.values().filter(|module| module.path.is_some()).for_each(|module| add(&module.name, &module.text));
    if !extra.is_empty() {
        add("options", extra);
    }
    hex(context.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    fn search(dir: &tempfile::TempDir, script: &str) -> ModuleSearch {
        imported_modules(&[(dir.path().join("locustfile.py"), script)], &[dir.path().to_owned()])
    }

    fn names(search: &ModuleSearch) -> Vec<&str> {
        search.modules().keys().map(String::as_str).collect()
    }

    #[test]
    fn modules_are_found_through_packages_relative_imports_and_each_other() {
        let dir = project(&[
            ("helpers.py", "import os\n"),
            ("common/__init__.py", "from .auth import token\n"),
            ("common/auth.py", "from . import http\nfrom ..helpers import x\n"),
            ("common/http.py", "import common.auth\nimport requests\n"),
            ("common/unused.py", "import never\n"),
            ("plain/data.py", "import helpers\n"),
            ("files/users.csv", ""),
        ]);
        let found = search(&dir, "import locust, files\nfrom common import token\nimport plain.data\n");
        assert_eq!(names(&found), ["common", "common.auth", "common.http", "helpers", "plain", "plain.data"]);
        let outside: Vec<&str> = found.outside().iter().map(|(import, _)| import.module.as_str()).collect();
        assert_eq!(outside, ["locust", "files", "os", "requests"]);
        assert!(names(&search(&dir, "from common.auth import missing\n")).contains(&"common.auth"));
        assert!(names(&search(&dir, "def (:\n")).is_empty());
    }

    #[test]
    fn the_hash_is_that_of_the_script_unless_something_belongs_to_it() {
        let dir = project(&[("helpers.py", "x = 1\n")]);
        let plain = search(&dir, "import locust\n");
        let of_text = ring::digest::digest(&ring::digest::SHA256, b"import locust\n");
        let hex: String = of_text.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(code_sha256(&["import locust\n"], plain.modules(), ""), hex);
        let with = |text: &str| {
            fs::write(dir.path().join("helpers.py"), text).unwrap();
            code_sha256(&["import helpers\n"], search(&dir, "import helpers\n").modules(), "")
        };
        assert_ne!(with("x = 1\n"), with("x = 2\n"));
        assert_ne!(code_sha256(&["a"], plain.modules(), "tags=smoke"), code_sha256(&["a"], plain.modules(), ""));
    }
}
