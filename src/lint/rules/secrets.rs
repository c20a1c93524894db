//! Passwords, keys and tokens that are written in the script.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Parameters, Stmt};
use ruff_text_size::Ranged;

use crate::lint::diagnostic::{LintFault, Rule};
use crate::lint::script::{ParsedScript, last_name};
use crate::lint::value::{literal, reads_environment};

/// Names that end with one of these hold a password or key.
const CREDENTIALS: [&str; 10] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "apikey",
    "api_key",
    "access_key",
    "private_key",
    "secret_key",
];
/// Names that end with one of these hold a token.
const TOKENS: [&str; 7] = ["token", "authorization", "jwt", "bearer", "cookie", "session_id", "sessionid"];
/// How the well-known services' tokens begin.
const PREFIXES: [&str; 12] = [
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "ghp_",
    "gho_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "ASIA",
    "AIza",
];

pub(super) fn run(script: &ParsedScript<'_>, found: &mut Vec<LintFault>) {
    let mut secrets = Secrets { found };
    for statement in script.body {
        secrets.visit_stmt(statement);
    }
}

struct Secrets<'f> {
    found: &'f mut Vec<LintFault>,
}

impl Secrets<'_> {
    /// Something called `name` gets the value `value`.
    fn named(&mut self, name: &str, value: &Expr) {
        // A default for a missing variable is as good as the variable.
        if let Expr::Call(call) = value
            && reads_environment(call)
        {
            let variable = call.arguments.args.first().and_then(literal).unwrap_or(name);
            if let Some(default) = call.arguments.find_argument_value("default", 1) {
                self.named(variable, default);
            }
            return;
        }
        let Some(text) = literal(value).filter(|text| !text.trim().is_empty()) else { return };
        let name = normalized(name);
        let ends_with = |words: &[&str]| words.iter().any(|word| name == *word || name.ends_with(&format!("_{word}")));
        if ends_with(&CREDENTIALS) {
            self.fault(Rule::HardCodedCredential, value, &name);
        } else if ends_with(&TOKENS) && !is_token(text) {
            self.fault(Rule::HardCodedToken, value, &name);
        }
    }

    fn fault(&mut self, rule: Rule, at: &Expr, name: &str) {
        let variable = name.to_ascii_uppercase();
        let what = if rule == Rule::HardCodedToken { "a token" } else { "a password or key" };
        self.found.push(LintFault {
            rule,
            range: at.range(),
            message: format!(
                "{what} is written in the script (`{name}`); anyone who can read the script or the test can use it"
            ),
            instead: format!("os.environ[\"{variable}\"], and hand it in with --env {variable}"),
        });
    }

    fn call(&mut self, call: &ExprCall) {
        for keyword in &call.arguments.keywords {
            let Some(name) = &keyword.arg else { continue };
            self.named(name, &keyword.value);
            if name.as_str() == "auth"
                && let Expr::Tuple(pair) = &keyword.value
            {
                self.pair(pair.elts.iter());
            }
        }
        if last_name(&call.func).is_some_and(|name| name.starts_with("HTTP") && name.ends_with("Auth")) {
            self.pair(call.arguments.args.iter());
        }
    }

    /// User name and password, one after the other.
    fn pair<'a>(&mut self, mut parts: impl Iterator<Item = &'a Expr>) {
        if let (Some(_), Some(password)) = (parts.next(), parts.next())
            && literal(password).is_some_and(|text| !text.is_empty())
        {
            self.fault(Rule::HardCodedCredential, password, "auth_password");
        }
    }
}

impl<'a> Visitor<'a> for Secrets<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    if let Some(name) = target_name(target) {
                        self.named(name, &assign.value);
                    }
                }
            }
            Stmt::AnnAssign(assign) => {
                if let (Some(name), Some(value)) = (target_name(&assign.target), &assign.value) {
                    self.named(name, value);
                }
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_parameters(&mut self, parameters: &'a Parameters) {
        for parameter in parameters {
            if let Some(default) = parameter.default() {
                self.named(parameter.name(), default);
            }
        }
        ruff_python_ast::visitor::walk_parameters(self, parameters);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Dict(dict) => {
                for item in &dict.items {
                    if let Some(key) = item.key.as_ref().and_then(literal) {
                        self.named(key, &item.value);
                    }
                }
            }
            Expr::Call(call) => self.call(call),
            Expr::StringLiteral(string) => {
                let text = string.value.to_str();
                if is_token(text) {
                    self.fault(Rule::HardCodedToken, expression, "api_token");
                } else if has_user_info(text) {
                    self.fault(Rule::HardCodedCredential, expression, "url_password");
                }
            }
            _ => {}
        }
        walk_expr(self, expression);
    }
}

/// The name something is assigned to: `x`, `self.x`, `headers["x"]`.
fn target_name(target: &Expr) -> Option<&str> {
    match target {
        Expr::Subscript(subscript) => literal(&subscript.slice),
        _ => last_name(target),
    }
}

/// `X-API-Key`, `apiKey` and `API_KEY` are one name: `api_key` with a prefix.
fn normalized(name: &str) -> String {
    let mut text = String::new();
    let mut lower_before = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && lower_before {
            text.push('_');
        }
        lower_before = c.is_ascii_lowercase() || c.is_ascii_digit();
        text.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    }
    text
}

/// Whether a text is a token by its look: an authorization header's value, a JWT (RFC 7519), a service's own form.
fn is_token(text: &str) -> bool {
    let looks_random =
        |text: &str| text.len() >= 8 && !text.contains(char::is_whitespace) && !text.contains(['{', '<']);
    let scheme = ["Bearer ", "Token ", "Basic "].iter().find_map(|scheme| text.strip_prefix(scheme));
    let is_jwt = text.starts_with("eyJ") && text.len() >= 30 && text.matches('.').count() == 2;
    let has_prefix = PREFIXES.iter().any(|prefix| text.strip_prefix(prefix).is_some_and(|rest| rest.len() >= 10));
    scheme.is_some_and(looks_random) || looks_random(text) && (is_jwt || has_prefix)
}

/// `https://user:password@host`.
fn has_user_info(text: &str) -> bool {
    let rest = text.split_once("://").filter(|(scheme, _)| ["http", "https"].contains(scheme)).map(|(_, rest)| rest);
    let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let user_info = authority.and_then(|authority| authority.rsplit_once('@')).map(|(user_info, _)| user_info);
    user_info.is_some_and(|text| text.split_once(':').is_some_and(|(_, password)| !password.is_empty()))
}
