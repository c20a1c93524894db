//! What a Python module imports, wherever in it.

use ruff_python_ast::Stmt;
use ruff_python_ast::statement_visitor::{StatementVisitor, walk_stmt};
use ruff_text_size::Ranged;

use crate::python::{self, LineIndex, ParseError};

/// One name that a module imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedName {
    /// Levels up for a relative import: 0 is absolute, 1 the module's own package.
    pub level: u32,
    /// The module named after `import` or `from`, dotted; empty for `from . import name`.
    pub module: String,
    /// The name after `import` in `from … import name`, which may be a module too; `*` is every name.
    pub name: Option<String>,
    /// The line, from 1.
    pub line: usize,
    /// Whether it is inside `try`, a function or an `if`, so that the module may be missing.
    pub is_optional: bool,
}

/// The imports of a module, in the order of its text.
///
/// # Errors
/// When the text is not Python.
pub fn imports(source: &str) -> Result<Vec<ImportedName>, ParseError> {
    python::with_module(source, |module| {
        let mut found = ImportScan { lines: LineIndex::of(source), depth: 0, names: Vec::new() };
        found.visit_body(&module.syntax().body);
        found.names
    })
}

struct ImportScan<'a> {
    lines: LineIndex<'a>,
    /// How many statements are around.
    depth: usize,
    names: Vec<ImportedName>,
}

impl StatementVisitor<'_> for ImportScan<'_> {
    fn visit_stmt(&mut self, stmt: &Stmt) {
        let line = self.lines.place(stmt.start()).0;
        let is_optional = self.depth > 0;
        match stmt {
            Stmt::Import(import) => self.names.extend(import.names.iter().map(|alias| ImportedName {
                level: 0,
                module: alias.name.to_string(),
                name: None,
                line,
                is_optional,
            })),
            Stmt::ImportFrom(import) => self.names.extend(import.names.iter().map(|alias| ImportedName {
                level: import.level,
                module: import.module.as_ref().map(ToString::to_string).unwrap_or_default(),
                name: Some(alias.name.to_string()),
                line,
                is_optional,
            })),
            _ => {
                // A class body runs when the module is loaded, as its own text does.
                let inner = usize::from(!matches!(stmt, Stmt::ClassDef(_)));
                self.depth += inner;
                walk_stmt(self, stmt);
                self.depth -= inner;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_found_wherever_they_are() {
        let source = "import os, a.b as c\nfrom . import near\nfrom ..up.pkg import x as y, z\ntry:\n    import fast\n\
                      except ImportError:\n    fast = None\nclass A:\n    from inner import *\ndef f():\n    import late\n";
        let shown: Vec<String> = imports(source)
            .unwrap()
            .into_iter()
            .map(|found| {
                let optional = if found.is_optional { "?" } else { "" };
                let name = found.name.map_or_else(String::new, |name| format!(":{name}"));
                format!("{}{}{}{name}{optional}", found.line, ".".repeat(1 + found.level as usize), found.module)
            })
            .collect();
        assert_eq!(
            shown,
            ["1.os", "1.a.b", "2..:near", "3...up.pkg:x", "3...up.pkg:z", "5.fast?", "9.inner:*", "11.late?"]
        );
        assert_eq!(imports("def (:\n").unwrap_err().line, 1);
    }
}
