//! The modules of a project in one line of Python, so that one script is all that has to be sent.

use std::collections::BTreeMap;
use std::path::Path;

use super::first_line::{python_text, with_first_line};
use super::modules::LocalModule;

/// What finds the modules while the script runs.
const LOADER: &str = include_str!("bundle.py");

/// What has to be added to a script to bundle its project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bundle {
    /// The line before the first statement; empty when there is nothing to bundle.
    pub line: String,
    /// The lines at the end.
    pub end: String,
}

impl Bundle {
    /// A bundle of the modules of a project. `more` are further scripts, by module name, whose user classes the script gets.
    /// Files are named relative to `folder`; each module runs under its own name, and tracebacks name its file and line.
    #[must_use]
    pub fn of(modules: &BTreeMap<String, LocalModule>, more: &[LocalModule], folder: &Path) -> Self {
        let scripts = more.iter().map(|script| (&script.name, script));
        let all: BTreeMap<&String, &LocalModule> = modules.iter().chain(scripts).collect();
        if all.is_empty() {
            return Self::default();
        }
        let entries: Vec<String> = all
            .into_values()
            .map(|module| {
                let file = module.path.as_ref().map_or_else(String::new, |path| {
                    path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned()
                });
                let is_package = if module.is_package { "True" } else { "False" };
                let (name, file, text) = (python_text(&module.name), python_text(&file), python_text(&module.text));
                format!("{name}: ({file}, {is_package}, {text})")
            })
            .collect();
        let line = format!(
            "exec({}, {{\"__name__\": \"loadforge_ci_bundle\", \"script\": globals().get(\"__file__\"), \"modules\": {{{}}}}})",
            python_text(LOADER),
            entries.join(", ")
        );
        let import = |script: &LocalModule| format!("from {} import *  # a further script of the run\n", script.name);
        Self { line, end: more.iter().map(import).collect() }
    }

    /// The script with its project.
    #[must_use]
    pub fn applied_to(&self, script: &str) -> String {
        self.applied_after("", script)
    }

    /// The script with another line before the project, on the same line of the text: so one empty line before the first
    /// statement is enough for the line numbers of tracebacks to stay those of the script.
    #[must_use]
    pub fn applied_after(&self, line: &str, script: &str) -> String {
        let lines: Vec<&str> = [line, &self.line].into_iter().filter(|line| !line.is_empty()).collect();
        let script = with_first_line(&lines.join("; "), script);
        if self.end.is_empty() {
            return script;
        }
        let line_end = if script.ends_with('\n') { "" } else { "\n" };
        format!("{script}{line_end}{}", self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python;

    #[test]
    fn the_script_keeps_its_lines_and_gets_its_modules() {
        let module = |name: &str, file: Option<&str>, text: &str| LocalModule {
            name: name.to_owned(),
            path: file.map(|file| Path::new("/p").join(file)),
            is_package: file.is_none(),
            text: text.to_owned(),
        };
        let common = module("common", None, "");
        let auth = module("common.auth", Some("common/auth.py"), "X = \"a\\n\"\n");
        let modules = [common, auth].map(|module| (module.name.clone(), module)).into();
        let more = [module("api", Some("api.py"), "class B: pass\n")];
        let bundle = Bundle::of(&modules, &more, Path::new("/p"));
        let script = "\"\"\"Doc.\"\"\"\n\nfrom common import auth\nclass A: pass\n";
        let bundled = bundle.applied_to(script);
        assert!(python::parses(&bundled), "{bundled}");
        assert_eq!(bundled.lines().nth(2), script.lines().nth(2));
        assert!(bundled.ends_with("class A: pass\nfrom api import *  # a further script of the run\n"), "{bundled}");
        assert!(
            bundle.line.contains(r#""common": ("", True, ""), "common.auth": ("common/auth.py", False, "#),
            "{bundle:?}"
        );
        assert_eq!(Bundle::of(&BTreeMap::new(), &[], Path::new("/p")).applied_to(script), script);
    }
}
