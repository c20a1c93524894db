//! The files of `src/` and what they import of each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::source;

/// A path of names, from the crate on.
type Names = Vec<String>;

/// A file that is a module.
#[derive(Debug)]
pub(crate) struct Module {
    /// Relative to `src/`.
    pub(crate) path: String,
    pub(crate) lines: usize,
    names: Names,
    code: String,
    uses: Vec<Use>,
}

impl Module {
    /// The top-level module it belongs to.
    pub(crate) fn room(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }
}

/// One name of a `use` item.
#[derive(Debug)]
struct Use {
    path: Names,
    name: String,
    is_reexport: bool,
}

pub(crate) struct Tree {
    modules: BTreeMap<Names, Module>,
}

impl Tree {
    /// The files of a crate, without its `lib.rs` and `main.rs`, which import everything, and without test modules.
    pub(crate) fn read(src: &Path) -> Self {
        let mut modules = BTreeMap::new();
        let mut tests = Vec::new();
        read_folder(src, src, &mut modules, &mut tests);
        modules.retain(|names: &Names, _| !tests.iter().any(|test: &Names| names.starts_with(test)));
        Self { modules }
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &Module> {
        self.modules.values()
    }

    pub(crate) fn rooms(&self) -> impl Iterator<Item = &str> {
        self.modules.keys().filter(|names| names.len() == 1).map(|names| names[0].as_str())
    }

    /// Which file imports which. A module that re-exports what is inside it does not import it.
    pub(crate) fn imports(&self) -> impl Iterator<Item = (&Module, &Module)> {
        self.modules.values().flat_map(move |module| {
            let used = module.uses.iter().filter_map(|one| {
                let target = self.target(&absolute(&module.names, &one.path), 0)?;
                (!one.is_reexport || !target.names.starts_with(&module.names)).then_some(target)
            });
            let named = paths(&module.code).into_iter().filter_map(|path| {
                let is_child = self.modules.contains_key(&joined(&module.names, &path[..1]));
                let is_absolute = matches!(path[0].as_str(), "crate" | "super" | "self");
                (is_child || is_absolute).then(|| self.target(&absolute(&module.names, &path), 0))?
            });
            let targets: BTreeSet<&Names> =
                used.chain(named).map(|target| &target.names).filter(|names| **names != module.names).collect();
            targets.into_iter().map(move |names| (module, &self.modules[names]))
        })
    }

    /// The pairs of files that import each other.
    pub(crate) fn circles(&self) -> Vec<(&str, &str)> {
        let imports: BTreeSet<(&str, &str)> =
            self.imports().map(|(from, to)| (from.path.as_str(), to.path.as_str())).collect();
        imports.iter().copied().filter(|(from, to)| from < to && imports.contains(&(*to, *from))).collect()
    }

    /// The types that are defined outside of functions and implementations, each with its file.
    pub(crate) fn types(&self) -> impl Iterator<Item = (&str, &str)> {
        self.modules.values().flat_map(|module| {
            let items = module.code.lines().filter_map(|line| {
                let line =
                    line.strip_prefix("pub(").map_or(line, |line| line.split_once(") ").map_or(line, |parts| parts.1));
                let line = line.strip_prefix("pub ").unwrap_or(line);
                let rest = ["struct ", "enum ", "trait ", "type "].iter().find_map(|word| line.strip_prefix(word))?;
                rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
            });
            items.map(|name| (name, module.path.as_str()))
        })
    }

    /// The file in which the item of this path is, through re-exports.
    fn target(&self, path: &[String], depth: usize) -> Option<&Module> {
        let mut at: Names = Vec::new();
        for (index, name) in path.iter().enumerate() {
            let next = joined(&at, std::slice::from_ref(name));
            if self.modules.contains_key(&next) {
                at = next;
                continue;
            }
            let reexport = self.modules.get(&at)?.uses.iter().find(|one| one.name == *name);
            if let Some(one) = reexport.filter(|_| depth < 8) {
                let target = joined(&absolute(&at, &one.path), &path[index + 1..]);
                // A re-exported name of another crate counts as an item of this module.
                return self.target(&target, depth + 1).or_else(|| self.modules.get(&at));
            }
            break;
        }
        self.modules.get(&at)
    }
}

fn read_folder(src: &Path, folder: &Path, modules: &mut BTreeMap<Names, Module>, tests: &mut Vec<Names>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        if file.is_dir() {
            read_folder(src, &file, modules, tests);
            continue;
        }
        let path = file.strip_prefix(src).unwrap().to_str().unwrap().to_owned();
        let Some(stem) = path.strip_suffix(".rs").filter(|stem| !matches!(*stem, "lib" | "main")) else { continue };
        let names: Names = stem.trim_end_matches("/mod").split('/').map(str::to_owned).collect();
        let text = std::fs::read_to_string(&file).unwrap();
        let (code, test_modules) = source::without_tests(&source::code(&text));
        tests.extend(test_modules.into_iter().map(|test| joined(&names, &[test])));
        let (code, uses) = split_uses(&code);
        modules.insert(names.clone(), Module { path, lines: text.lines().count(), names, code, uses });
    }
}

/// The code without its `use` items, and those.
fn split_uses(code: &str) -> (String, Vec<Use>) {
    let (mut kept, mut uses) = (String::new(), Vec::new());
    for item in code.split_inclusive(';') {
        let at = item.rfind("use ").filter(|at| {
            let before = item[..*at].trim_end();
            before.is_empty() || before.ends_with(['}', ')', ']', '{']) || before.ends_with("pub")
        });
        match at {
            Some(at) if !item[at..].contains(['(', '=']) => {
                kept.push_str(&item[..at]);
                let before = item[..at].trim_end();
                let is_reexport = before.ends_with("pub") || before.ends_with(')') && before.contains("pub(");
                let tree: String =
                    item[at + 4..].trim_end_matches(';').split_whitespace().collect::<Vec<_>>().join(" ");
                leaves(&tree, &[], is_reexport, &mut uses);
            }
            _ => kept.push_str(item),
        }
    }
    (kept, uses)
}

/// The names a `use` tree brings in.
fn leaves(tree: &str, prefix: &[String], is_reexport: bool, uses: &mut Vec<Use>) {
    let tree = tree.trim();
    if let Some((path, group)) = tree.split_once('{') {
        let path = joined(prefix, &segments(path.trim_end_matches("::")));
        for part in parts(group.trim_end().strip_suffix('}').unwrap_or(group)) {
            leaves(part, &path, is_reexport, uses);
        }
        return;
    }
    let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias)));
    let mut path = joined(prefix, &segments(path));
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    if let Some(last) = path.last().cloned() {
        uses.push(Use { path, name: alias.map_or(last, |alias| alias.trim().to_owned()), is_reexport });
    }
}

/// The parts of a group, split at the commas outside of inner groups.
fn parts(group: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[start..]);
    parts.into_iter().filter(|part| !part.trim().is_empty()).collect()
}

/// The paths of at least two names in the code.
fn paths(code: &str) -> Vec<Names> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    code.split(|c: char| !is_part(c)).map(segments).filter(|path| path.len() > 1 && !path[0].is_empty()).collect()
}

fn segments(path: &str) -> Names {
    path.trim().split("::").map(|name| name.trim().to_owned()).collect()
}

/// The path from the crate on, of a path as written in this module.
fn absolute(module: &Names, path: &[String]) -> Names {
    let supers = path.iter().take_while(|name| *name == "super").count();
    match path.first().map(String::as_str) {
        Some("crate") => path[1..].to_vec(),
        Some("super") => joined(&module[..module.len().saturating_sub(supers)], &path[supers..]),
        Some("self") if path.get(1).is_some_and(|name| name == "super") => absolute(module, &path[1..]),
        Some("self") => joined(module, &path[1..]),
        _ => joined(module, path),
    }
}

fn joined(path: &[String], more: &[String]) -> Names {
    [path, more].concat()
}
