//! Requests that are sent past Locust's client, so that Locust measures none of them.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Decorator, Expr, ExprCall, Stmt};
use ruff_text_size::Ranged;

use crate::lint::diagnostic::{LintFault, Rule};
use crate::lint::script::{METHODS, ParsedScript, last_name};

/// Functions that send a request, beside the methods of [`LIBRARIES`].
const SENDING: [&str; 4] = ["urllib.request.urlopen", "urllib.request.urlretrieve", "urllib3.request", "httpx.stream"];

/// Libraries with a function for each method.
const LIBRARIES: [&str; 2] = ["requests", "httpx"];

/// What makes an object that sends requests.
const CLIENTS: [&str; 9] = [
    "requests.Session",
    "requests.session",
    "httpx.Client",
    "httpx.AsyncClient",
    "urllib3.PoolManager",
    "aiohttp.ClientSession",
    "http.client.HTTPConnection",
    "http.client.HTTPSConnection",
    "urllib3.HTTPConnectionPool",
];

pub(super) fn run(script: &ParsedScript<'_>, found: &mut Vec<LintFault>) {
    let mut names = Names::default();
    names.visit_body(script.body);
    let mut requests = Unmeasured { names: &names, in_functions: 0, found };
    requests.visit_body(script.body);
}

/// What names of the script stand for.
#[derive(Default)]
struct Names<'a> {
    /// Imported names, and the dotted path that each stands for.
    imported: HashMap<&'a str, String>,
    /// Variables, and attributes (`true`), that hold an object that sends requests.
    clients: HashSet<(bool, &'a str)>,
}

impl<'a> Names<'a> {
    /// The dotted path of an expression whose first name was imported.
    fn path(&self, expression: &Expr) -> Option<String> {
        match expression {
            Expr::Name(name) => self.imported.get(name.id.as_str()).cloned(),
            Expr::Attribute(attribute) => Some(format!("{}.{}", self.path(&attribute.value)?, attribute.attr)),
            _ => None,
        }
    }

    fn is_client(&self, made: &Expr) -> bool {
        let Expr::Call(call) = made else { return false };
        self.path(&call.func).is_some_and(|path| CLIENTS.contains(&path.as_str()))
    }

    fn assigned(&mut self, target: &'a Expr, value: &Expr) {
        if self.is_client(value)
            && let Some(name) = variable(target)
        {
            self.clients.insert(name);
        }
    }

    /// Whether a call sends a request.
    fn sends(&self, call: &ExprCall) -> bool {
        if let Some(path) = self.path(&call.func) {
            let of_library = path
                .rsplit_once('.')
                .is_some_and(|(module, function)| LIBRARIES.contains(&module) && METHODS.contains(&function));
            if of_library || SENDING.contains(&path.as_str()) {
                return true;
            }
        }
        let Expr::Attribute(function) = &*call.func else { return false };
        let receiver = &*function.value;
        let is_client = variable(receiver).is_some_and(|name| self.clients.contains(&name)) || self.is_client(receiver);
        is_client && (METHODS.contains(&function.attr.as_str()) || function.attr.as_str() == "urlopen")
    }
}

/// The name of a variable or, with `true`, of an attribute: Locust's own `self.client` is no variable `client`.
fn variable(expression: &Expr) -> Option<(bool, &str)> {
    Some((matches!(expression, Expr::Attribute(_)), last_name(expression)?))
}

impl<'a> Visitor<'a> for Names<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let path = alias.name.as_str();
                    // `import a.b` binds `a`, and `import a.b as c` binds `a.b`.
                    let (name, path) = match &alias.asname {
                        Some(name) => (name.as_str(), path),
                        None => path.split_once('.').map_or((path, path), |(first, _)| (first, first)),
                    };
                    self.imported.insert(name, path.to_owned());
                }
            }
            Stmt::ImportFrom(import) if import.level == 0 => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                for alias in &import.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                    self.imported.insert(name, format!("{module}.{}", alias.name));
                }
            }
            Stmt::Assign(assign) => assign.targets.iter().for_each(|target| self.assigned(target, &assign.value)),
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.assigned(&assign.target, value);
                }
            }
            Stmt::With(with) => {
                for item in &with.items {
                    if let Some(target) = &item.optional_vars {
                        self.assigned(target, &item.context_expr);
                    }
                }
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }
}

/// Looks for requests in what users do.
struct Unmeasured<'n, 'a, 'f> {
    names: &'n Names<'a>,
    /// How deep in functions; what the module does when it is read is no load.
    in_functions: u32,
    found: &'f mut Vec<LintFault>,
}

impl<'a> Visitor<'a> for Unmeasured<'_, '_, '_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            // Listeners prepare and clean up.
            Stmt::FunctionDef(function) if function.decorator_list.iter().any(is_listener) => {}
            Stmt::FunctionDef(_) => {
                self.in_functions += 1;
                walk_stmt(self, statement);
                self.in_functions -= 1;
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression
            && self.in_functions > 0
            && self.names.sends(call)
        {
            self.found.push(LintFault {
                rule: Rule::UnmeasuredRequest,
                range: call.func.range(),
                message:
                    "Locust does not measure this request: only self.client does, so it is in no number of the run"
                        .into(),
                instead: "self.client.get(…) of an HttpUser, with a name=; outside of the load, silence this rule"
                    .into(),
            });
        }
        walk_expr(self, expression);
    }
}

/// Whether a decorator makes a function a listener: `@events.test_start.add_listener`.
fn is_listener(decorator: &Decorator) -> bool {
    let function = match &decorator.expression {
        Expr::Call(call) => &call.func,
        expression => expression,
    };
    ["add_listener", "init_command_line_parser"].contains(&last_name(function).unwrap_or_default())
}
