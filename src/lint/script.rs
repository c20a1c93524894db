//! The parts of a Locust script that the rules use: classes, functions, requests.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_parameters, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, ModModule, Parameters, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};

/// The request methods of Locust's client.
pub(super) const METHODS: [&str; 8] = ["get", "post", "put", "patch", "delete", "head", "options", "request"];
/// Locust's own user classes.
const USERS: [&str; 5] = ["HttpUser", "FastHttpUser", "User", "HttpLocust", "FastHttpLocust"];
/// Locust's own task sets.
const TASK_SETS: [&str; 5] = ["TaskSet", "SequentialTaskSet", "MarkovTaskSet", "TaskSequence", "TagSet"];

/// What a class is to Locust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClassKind {
    User,
    TaskSet,
    /// Any other class, or one whose bases are of another file.
    Other,
}

#[derive(Debug)]
pub(super) struct PythonClass<'a> {
    pub(super) node: &'a StmtClassDef,
    pub(super) kind: ClassKind,
    /// Indices of its bases in this file.
    pub(super) bases: Vec<usize>,
    /// Whether a base is neither Locust's nor of this file, so that what it inherits is not known.
    pub(super) unknown_base: bool,
}

impl PythonClass<'_> {
    /// Names assigned in its body.
    pub(super) fn assigns(&self, name: &str) -> bool {
        self.value_of(name).is_some() || self.has_method(name)
    }

    pub(super) fn value_of(&self, name: &str) -> Option<&Expr> {
        self.node.body.iter().find_map(|statement| match statement {
            Stmt::Assign(assign) if assign.targets.iter().any(|target| is_name(target, name)) => Some(&*assign.value),
            Stmt::AnnAssign(assign) if is_name(&assign.target, name) => assign.value.as_deref(),
            _ => None,
        })
    }

    pub(super) fn has_method(&self, name: &str) -> bool {
        self.methods().any(|method| method.name.as_str() == name)
    }

    pub(super) fn methods(&self) -> impl Iterator<Item = &StmtFunctionDef> {
        self.node.body.iter().filter_map(|statement| match statement {
            Stmt::FunctionDef(method) => Some(method),
            _ => None,
        })
    }
}

/// A function, as far as its local names matter.
#[derive(Debug, Default)]
pub(super) struct Function<'a> {
    /// The value assigned to a name; `None` when unknown (a parameter, a loop variable).
    pub(super) locals: HashMap<&'a str, Vec<Option<&'a Expr>>>,
    /// Whether it names requests by `client.rename_request(…)` or `client.request_name = …`.
    pub(super) renames: bool,
}

#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) call: &'a ExprCall,
    pub(super) method: &'a str,
    pub(super) url: Option<&'a Expr>,
    /// Index of the class it is in.
    pub(super) class: Option<usize>,
    /// Index of the function it is in; 0 is the module.
    pub(super) function: usize,
    /// Whether it is the context of a `with` statement.
    pub(super) in_with: bool,
}

impl<'a> Request<'a> {
    pub(super) fn argument(&self, name: &str) -> Option<&'a Expr> {
        self.call.arguments.find_keyword(name).map(|keyword| &keyword.value)
    }

    /// Whether it passes `**something`, which may hold anything.
    pub(super) fn has_unknown_arguments(&self) -> bool {
        self.call.arguments.keywords.iter().any(|keyword| keyword.arg.is_none())
    }

    /// Whether the script decides on success; `FastHttpUser.rest` always leaves it to the script.
    pub(super) fn catches_response(&self) -> bool {
        self.method == "rest"
            || self.argument("catch_response").is_some_and(|value| match value {
                Expr::BooleanLiteral(literal) => literal.value,
                _ => true,
            })
    }
}

/// A script.
#[derive(Debug, Default)]
pub(super) struct ParsedScript<'a> {
    pub(super) body: &'a [Stmt],
    pub(super) classes: Vec<PythonClass<'a>>,
    pub(super) functions: Vec<Function<'a>>,
    pub(super) requests: Vec<Request<'a>>,
    class_stack: Vec<usize>,
    function_stack: Vec<usize>,
    with_calls: HashSet<TextRange>,
}

impl<'a> ParsedScript<'a> {
    pub(super) fn read(module: &'a ModModule) -> Self {
        let mut script = Self {
            body: &module.body,
            functions: vec![Function::default()],
            function_stack: vec![0],
            ..Self::default()
        };
        script.visit_body(&module.body);
        script
    }

    /// The class and the classes of this file it inherits from.
    pub(super) fn lineage(&self, class: usize) -> Vec<&PythonClass<'a>> {
        let (mut indices, mut next) = (vec![class], 0);
        while let Some(&index) = indices.get(next) {
            for &base in &self.classes[index].bases {
                if !indices.contains(&base) {
                    indices.push(base);
                }
            }
            next += 1;
        }
        indices.into_iter().map(|index| &self.classes[index]).collect()
    }

    fn class(&mut self, node: &'a StmtClassDef) {
        let (mut kind, mut bases, mut unknown_base) = (ClassKind::Other, Vec::new(), false);
        for base in node.arguments.iter().flat_map(|arguments| arguments.args.iter()) {
            let Some(name) = last_name(base) else {
                unknown_base = true;
                continue;
            };
            let known = self.classes.iter().rposition(|class| class.node.name.as_str() == name);
            let of_base = match known {
                Some(index) => {
                    bases.push(index);
                    unknown_base |= self.classes[index].unknown_base;
                    self.classes[index].kind
                }
                None if USERS.contains(&name) => ClassKind::User,
                None if TASK_SETS.contains(&name) => ClassKind::TaskSet,
                None => {
                    unknown_base |= !["object", "ABC"].contains(&name);
                    // A base of another file that calls itself a user most likely is one.
                    if name.ends_with("User") { ClassKind::User } else { ClassKind::Other }
                }
            };
            if kind == ClassKind::Other {
                kind = of_base;
            }
        }
        self.classes.push(PythonClass { node, kind, bases, unknown_base });
    }

    fn local(&mut self, target: &'a Expr, value: Option<&'a Expr>) {
        match target {
            Expr::Name(name) => self.here().locals.entry(name.id.as_str()).or_default().push(value),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|target| self.local(target, None)),
            Expr::List(list) => list.elts.iter().for_each(|target| self.local(target, None)),
            Expr::Starred(starred) => self.local(&starred.value, None),
            Expr::Attribute(attribute) if attribute.attr.as_str() == "request_name" => self.here().renames = true,
            _ => {}
        }
    }

    fn here(&mut self) -> &mut Function<'a> {
        let index = self.function_stack.last().copied().unwrap_or(0);
        &mut self.functions[index]
    }

    fn call(&mut self, call: &'a ExprCall) {
        let Expr::Attribute(function) = &*call.func else { return };
        let method = function.attr.as_str();
        if method == "rename_request" {
            self.here().renames = true;
        }
        let receiver = last_name(&function.value);
        let is_rest = method == "rest" && receiver == Some("self");
        if !is_rest && (!METHODS.contains(&method) || receiver != Some("client")) {
            return;
        }
        let position = usize::from(is_rest || method == "request");
        self.requests.push(Request {
            call,
            method,
            url: call
                .arguments
                .find_argument_value("url", position)
                .or_else(|| call.arguments.find_argument_value("path", position)),
            class: self.class_stack.last().copied(),
            function: self.function_stack.last().copied().unwrap_or(0),
            in_with: self.with_calls.contains(&call.range),
        });
    }
}

impl<'a> Visitor<'a> for ParsedScript<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::ClassDef(node) => {
                self.class(node);
                self.class_stack.push(self.classes.len() - 1);
                walk_stmt(self, statement);
                self.class_stack.pop();
                return;
            }
            Stmt::FunctionDef(_) => {
                self.functions.push(Function::default());
                self.function_stack.push(self.functions.len() - 1);
                walk_stmt(self, statement);
                self.function_stack.pop();
                return;
            }
            // A class attribute is no local name.
            Stmt::Assign(assign) => assign.targets.iter().for_each(|target| self.local(target, Some(&assign.value))),
            Stmt::AnnAssign(assign) => self.local(&assign.target, assign.value.as_deref()),
            Stmt::AugAssign(assign) => self.local(&assign.target, None),
            Stmt::For(for_loop) => self.local(&for_loop.target, None),
            Stmt::With(with) => {
                for item in &with.items {
                    self.with_calls.insert(item.context_expr.range());
                    if let Some(target) = &item.optional_vars {
                        self.local(target, None);
                    }
                }
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_parameters(&mut self, parameters: &'a Parameters) {
        for parameter in parameters {
            self.here().locals.entry(parameter.name().as_str()).or_default().push(None);
        }
        walk_parameters(self, parameters);
    }

    fn visit_comprehension(&mut self, comprehension: &'a ruff_python_ast::Comprehension) {
        self.local(&comprehension.target, None);
        ruff_python_ast::visitor::walk_comprehension(self, comprehension);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Call(call) => self.call(call),
            Expr::Named(named) => self.local(&named.target, Some(&named.value)),
            _ => {}
        }
        walk_expr(self, expression);
    }
}

/// `c` of `c`, `b.c` and `a.b.c`.
pub(super) fn last_name(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
}

fn is_name(expression: &Expr, name: &str) -> bool {
    matches!(expression, Expr::Name(found) if found.id.as_str() == name)
}
