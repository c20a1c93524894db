//! Hosts that are written in the script, so that the load cannot be sent elsewhere.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;

use crate::lint::diagnostic::{LintFault, Rule};
use crate::lint::script::{ParsedScript, last_name};
use crate::lint::value::{literal, reads_environment};

/// Names that end with one of these hold the address of the target.
const NAMES: [&str; 9] = ["host", "url", "base_url", "target", "server", "endpoint", "domain", "hostname", "base_uri"];

pub(super) fn run(script: &ParsedScript<'_>, found: &mut Vec<LintFault>) {
    for request in &script.requests {
        if let Some(host) = request.url.and_then(absolute) {
            found.push(LintFault {
                rule: Rule::HardCodedHost,
                range: host.range(),
                message: "the request goes to a host written in the script, whatever the target host is".into(),
                instead: "only the path; the host comes from `host`, TARGET_HOST or --target-host".into(),
            });
        }
    }
    let mut hosts = Hosts { found };
    for statement in script.body {
        hosts.visit_stmt(statement);
    }
}

struct Hosts<'f> {
    found: &'f mut Vec<LintFault>,
}

impl Hosts<'_> {
    fn named(&mut self, name: &str, value: &Expr) {
        let name = name.to_ascii_lowercase();
        let is_address = NAMES.iter().any(|word| name == *word || name.ends_with(&format!("_{word}")));
        if let (true, Some(host)) = (is_address, absolute(value)) {
            self.fault(host, "the host is written in the script, so the same test cannot run elsewhere");
        }
    }

    fn fault(&mut self, host: &Expr, message: &str) {
        self.found.push(LintFault {
            rule: Rule::HardCodedHost,
            range: host.range(),
            message: message.into(),
            instead: "os.environ[\"TARGET_HOST\"], and hand it in with --target-host".into(),
        });
    }
}

impl<'a> Visitor<'a> for Hosts<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Assign(assign) => {
                for name in assign.targets.iter().filter_map(last_name) {
                    self.named(name, &assign.value);
                }
            }
            Stmt::AnnAssign(assign) => {
                if let (Some(name), Some(value)) = (last_name(&assign.target), &assign.value) {
                    self.named(name, value);
                }
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression
            && reads_environment(call)
            && let Some(host) = call.arguments.find_argument_value("default", 1).and_then(absolute)
        {
            self.fault(host, "a missing variable sends the load to a host written in the script");
        }
        walk_expr(self, expression);
    }
}

/// The part of an expression that begins it with `http://host`.
fn absolute(expression: &Expr) -> Option<&Expr> {
    let starts_absolute = |text: &str| {
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        rest.is_some_and(|rest| !rest.is_empty())
    };
    match expression {
        Expr::FString(string) => {
            let first = string.value.elements().next()?.as_literal()?;
            starts_absolute(&first.value).then_some(expression)
        }
        Expr::BinOp(operation) => absolute(&operation.left),
        Expr::Call(call) => match &*call.func {
            Expr::Attribute(function) if function.attr.as_str() == "format" => absolute(&function.value),
            _ => None,
        },
        _ => starts_absolute(literal(expression)?).then_some(expression),
    }
}
