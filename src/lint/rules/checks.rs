//! Whether responses are looked at, and whether looking at them loses the request.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, Stmt, StmtWith};
use ruff_text_size::{Ranged, TextRange};

use crate::lint::diagnostic::{LintFault, Rule};
use crate::lint::script::{ParsedScript, Request};

pub(super) fn run(script: &ParsedScript<'_>, found: &mut Vec<LintFault>) {
    let mut look = ResponseChecks { script, checked: false, lost: Vec::new() };
    for statement in script.body {
        look.visit_stmt(statement);
    }
    let checked = look.checked || script.requests.iter().any(|request| request.catches_response() && request.in_with);
    found.extend(look.lost);
    for request in script.requests.iter().filter(|request| request.catches_response() && !request.in_with) {
        found.push(lost(
            request.call.range(),
            "with catch_response=True a request is recorded only when its `with` block ends, so this one never is",
            "with self.client.get(…, catch_response=True) as response:",
        ));
    }
    if let Some(first) = script.requests.first().filter(|_| !checked) {
        found.push(LintFault {
            rule: Rule::UncheckedResponses,
            range: first.call.range(),
            message: "no response is checked: an empty page or an error page with status 200 counts as a success"
                .into(),
            instead: "with self.client.get(…, catch_response=True) as response: call response.failure(…) when the \
                      content is wrong"
                .into(),
        });
    }
}

fn lost(range: TextRange, message: &str, instead: &str) -> LintFault {
    LintFault { rule: Rule::LostRequest, range, message: message.into(), instead: instead.into() }
}

/// Looks for uses of responses.
struct ResponseChecks<'s, 'a> {
    script: &'s ParsedScript<'a>,
    checked: bool,
    lost: Vec<LintFault>,
}

impl<'a> ResponseChecks<'_, 'a> {
    fn request(&self, range: TextRange) -> Option<&Request<'a>> {
        self.script.requests.iter().find(|request| request.call.range() == range)
    }

    /// What in the block of a caught response raises, so that Locust never records the request.
    fn caught(&mut self, with: &'a StmtWith) {
        for item in &with.items {
            let caught = self.request(item.context_expr.range()).is_some_and(Request::catches_response);
            if let (true, Some(Expr::Name(response))) = (caught, item.optional_vars.as_deref()) {
                let mut raising = Raising { response: response.id.as_str(), tries: 0, lost: &mut self.lost };
                raising.visit_body(&with.body);
            }
        }
    }
}

impl<'a> Visitor<'a> for ResponseChecks<'_, 'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if let Stmt::With(with) = statement {
            self.caught(with);
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Attribute(attribute) = expression {
            let used = ["status_code", "raise_for_status", "failure", "ok", "json", "js"];
            self.checked |= used.contains(&attribute.attr.as_str());
        }
        walk_expr(self, expression);
    }
}

/// Looks for what raises in the block of a caught response, outside of any `try`.
struct Raising<'r> {
    response: &'r str,
    tries: u32,
    lost: &'r mut Vec<LintFault>,
}

impl Raising<'_> {
    fn is_response(&self, expression: &Expr) -> bool {
        matches!(expression, Expr::Name(name) if name.id.as_str() == self.response)
    }
}

impl<'a> Visitor<'a> for Raising<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Try(_) => {
                self.tries += 1;
                walk_stmt(self, statement);
                self.tries -= 1;
                return;
            }
            Stmt::Assert(assert) if self.tries == 0 => self.lost.push(lost(
                assert.range(),
                "when this assertion fails inside the block, the request vanishes from all statistics",
                "if …: response.failure(\"what is wrong\")",
            )),
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Attribute(attribute) = expression
            && self.tries == 0
            && attribute.attr.as_str() == "ok"
            && self.is_response(&attribute.value)
        {
            self.lost.push(lost(
                expression.range(),
                "`ok` raises when the connection broke, and then the request vanishes from all statistics",
                "200 <= response.status_code < 300",
            ));
        }
        walk_expr(self, expression);
    }
}
