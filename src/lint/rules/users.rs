//! User classes that never wait, and users that never log in.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Decorator, Expr, StmtFunctionDef};
use ruff_text_size::Ranged;

use crate::lint::diagnostic::{LintFault, Rule};
use crate::lint::script::{ClassKind, ParsedScript, PythonClass, Request, last_name};
use crate::lint::value::{Bindings, literal};

/// Parts of a path that usually need a login.
const PRIVATE: [&str; 22] = [
    "account",
    "accounts",
    "admin",
    "basket",
    "billing",
    "cart",
    "carts",
    "checkout",
    "dashboard",
    "invoices",
    "me",
    "my",
    "order",
    "orders",
    "payment",
    "payments",
    "private",
    "profile",
    "settings",
    "subscriptions",
    "wallet",
    "wishlist",
];

pub(super) fn run(script: &ParsedScript<'_>, found: &mut Vec<LintFault>) {
    for index in 0..script.classes.len() {
        found.extend(no_wait_time(script, index));
    }
    found.extend(missing_login(script));
}

fn no_wait_time(script: &ParsedScript<'_>, index: usize) -> Option<LintFault> {
    let class = &script.classes[index];
    let is_abstract = matches!(class.value_of("abstract"), Some(Expr::BooleanLiteral(literal)) if literal.value);
    if class.kind != ClassKind::User || class.unknown_base || is_abstract {
        return None;
    }
    let lineage = script.lineage(index);
    let any = |name: &str| lineage.iter().any(|class| class.assigns(name));
    let has_tasks = any("tasks") || any("task_set") || lineage.iter().any(|class| class.methods().any(is_task));
    // A task set may wait for its users.
    let waits = any("wait_time") || any("min_wait") || any("wait");
    let task_sets_wait =
        script.classes.iter().any(|class| class.kind == ClassKind::TaskSet && class.assigns("wait_time"));
    (has_tasks && !waits && !task_sets_wait).then(|| LintFault {
        rule: Rule::NoWaitTime,
        range: class.node.name.range(),
        message: format!(
            "users of `{}` do not wait between tasks, so a few of them load the service as no real users would",
            class.node.name.as_str()
        ),
        instead: "wait_time = between(1, 3)".into(),
    })
}

fn is_task(method: &StmtFunctionDef) -> bool {
    method.decorator_list.iter().any(|Decorator { expression, .. }| {
        let decorator = match expression {
            Expr::Call(call) => &*call.func,
            other => other,
        };
        last_name(decorator) == Some("task")
    })
}

fn missing_login(script: &ParsedScript<'_>) -> Option<LintFault> {
    let request =
        script.requests.iter().find(|request| is_private(script, request) && !is_logged_in(script, request))?;
    Some(LintFault {
        rule: Rule::MissingLogin,
        range: request.call.range(),
        message: "this path usually needs a login, and no `on_start` makes one: the test may only measure refusals"
            .into(),
        instead: "def on_start(self): log in once a user, and send the token with every request".into(),
    })
}

fn is_private(script: &ParsedScript<'_>, request: &Request<'_>) -> bool {
    let Some(url) = request.url else { return false };
    let scope = Bindings { script, function: request.function };
    let path = literal(url).map(str::to_owned).or_else(|| scope.dynamic_form(url)).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    path.split('/').any(|part| PRIVATE.contains(&part.to_ascii_lowercase().as_str()))
}

fn is_logged_in(script: &ParsedScript<'_>, request: &Request<'_>) -> bool {
    let own = ["headers", "auth", "cookies", "cert"].iter().any(|name| request.argument(name).is_some());
    if own || request.has_unknown_arguments() {
        return true;
    }
    let starts = |class: &PythonClass<'_>| class.methods().any(|method| is_start(method) && prepares(method));
    let Some(index) = request.class else {
        // A function outside of all classes: its callers may have logged in.
        return script.classes.iter().any(starts);
    };
    let lineage = script.lineage(index);
    if lineage.iter().any(|class| class.unknown_base || starts(class)) {
        return true;
    }
    // A task set belongs to a user, which may be any of this file; an outer class may start for an inner one.
    let is_user = lineage[0].kind == ClassKind::User;
    !is_user && script.classes.iter().any(starts)
}

fn is_start(method: &StmtFunctionDef) -> bool {
    ["on_start", "__init__"].contains(&method.name.as_str())
}

/// Whether a method does anything that may log a user in: a call, or setting a header or cookie.
fn prepares(method: &StmtFunctionDef) -> bool {
    struct PreparationSearch(bool);
    impl<'a> Visitor<'a> for PreparationSearch {
        fn visit_expr(&mut self, expression: &'a Expr) {
            match expression {
                // `super().__init__()` alone is not a login.
                Expr::Call(call) => {
                    self.0 |= !["super", "__init__", "on_start", "print"]
                        .contains(&last_name(&call.func).unwrap_or_default());
                }
                Expr::Attribute(attribute) => {
                    self.0 |= ["headers", "cookies", "auth"].contains(&attribute.attr.as_str());
                }
                _ => {}
            }
            walk_expr(self, expression);
        }
    }
    let mut search = PreparationSearch(false);
    search.visit_body(&method.body);
    search.0
}
