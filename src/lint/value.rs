//! What an expression is worth: a fixed text, one that changes from call to call, or not known.

use ruff_python_ast::{Expr, InterpolatedStringElement, Operator};

use super::script::{ParsedScript, last_name};

/// How far names are followed.
const MOST_STEPS: u32 = 6;

/// The text of a string literal.
pub(super) fn literal(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::StringLiteral(string) => Some(string.value.to_str()),
        _ => None,
    }
}

/// Where an expression is.
#[derive(Clone, Copy)]
pub(super) struct Bindings<'s, 'a> {
    pub(super) script: &'s ParsedScript<'a>,
    /// Index of the function; 0 is the module.
    pub(super) function: usize,
}

impl<'a> Bindings<'_, 'a> {
    /// The form of a URL that is put together from parts that change: the fixed parts, and `[id]` for the others.
    /// `None` when it is fixed, or nothing is known of it.
    pub(super) fn dynamic_form(self, expression: &'a Expr) -> Option<String> {
        let form = self.form(expression, MOST_STEPS)?;
        form.contains(HOLE).then(|| without_query(&form.replace(HOLE, "[id]")))
    }

    /// The fixed text of an expression with [`HOLE`]s; `None` when it is not put together from text.
    fn form(self, expression: &'a Expr, steps: u32) -> Option<String> {
        let steps = steps.checked_sub(1)?;
        match expression {
            Expr::StringLiteral(string) => Some(string.value.to_str().to_owned()),
            Expr::FString(string) => {
                let mut form = String::new();
                for element in string.value.elements() {
                    match element {
                        InterpolatedStringElement::Literal(text) => form.push_str(&text.value),
                        InterpolatedStringElement::Interpolation(part) => {
                            form.push_str(self.part(&part.expression, steps));
                        }
                    }
                }
                Some(form)
            }
            Expr::BinOp(operation) if operation.op == Operator::Add => {
                let (left, right) = (self.form(&operation.left, steps), self.form(&operation.right, steps));
                if left.is_none() && right.is_none() {
                    return None;
                }
                let side = |form: Option<String>, of| form.unwrap_or_else(|| self.part(of, steps).to_owned());
                Some(side(left, &operation.left) + &side(right, &operation.right))
            }
            Expr::BinOp(operation) if operation.op == Operator::Mod => {
                let text = self.form(&operation.left, steps)?;
                let fixed = self.is_fixed(&operation.right, steps);
                Some(if fixed { text } else { replace_percent(&text) })
            }
            Expr::Call(call) => {
                let Expr::Attribute(function) = &*call.func else { return None };
                let arguments =
                    || call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|keyword| &keyword.value));
                let fixed = arguments().all(|argument| self.is_fixed(argument, steps));
                match function.attr.as_str() {
                    "format" => {
                        let text = self.form(&function.value, steps)?;
                        Some(if fixed { text } else { replace_braces(&text) })
                    }
                    "join" if literal(&function.value).is_some_and(|text| text.contains('/')) && !fixed => {
                        Some(format!("{HOLE}/{HOLE}"))
                    }
                    _ => None,
                }
            }
            Expr::Name(name) => {
                let values = self.values(name.id.as_str())?;
                let forms = values.iter().map(|value| value.and_then(|value| self.form(value, steps)));
                // One value that changes is enough.
                let mut forms: Vec<String> = forms.flatten().collect();
                let changing = forms.iter().position(|form| form.contains(HOLE)).unwrap_or(0);
                (changing < forms.len()).then(|| forms.swap_remove(changing))
            }
            Expr::If(either) => {
                let (body, other) = (self.form(&either.body, steps), self.form(&either.orelse, steps));
                body.filter(|form| form.contains(HOLE)).or(other)
            }
            _ => None,
        }
    }

    /// What a part of a text is replaced by: nothing where it is fixed, else a hole.
    fn part(self, expression: &'a Expr, steps: u32) -> &'static str {
        if self.is_fixed(expression, steps) { "" } else { HOLE }
    }

    /// Whether an expression has the same value in every call.
    fn is_fixed(self, expression: &'a Expr, steps: u32) -> bool {
        let Some(steps) = steps.checked_sub(1) else { return false };
        match expression {
            Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_) => true,
            Expr::FString(string) => string.value.elements().all(|element| match element {
                InterpolatedStringElement::Literal(_) => true,
                InterpolatedStringElement::Interpolation(part) => self.is_fixed(&part.expression, steps),
            }),
            Expr::BinOp(operation) => self.is_fixed(&operation.left, steps) && self.is_fixed(&operation.right, steps),
            Expr::Tuple(tuple) => tuple.elts.iter().all(|part| self.is_fixed(part, steps)),
            // `self.host`, `self.environment.host`, and constants of other modules by their capitals.
            Expr::Attribute(attribute) => {
                let name = attribute.attr.as_str();
                ["host", "base_url", "base_path", "prefix"].contains(&name.to_ascii_lowercase().as_str())
                    || is_capital(name)
            }
            Expr::Name(name) => match self.values(name.id.as_str()) {
                Some(values) => values.iter().all(|value| value.is_some_and(|value| self.is_fixed(value, steps))),
                // Assigned at the module's level, once for all, or imported.
                None => true,
            },
            Expr::Call(call) => reads_environment(call),
            _ => false,
        }
    }

    /// What a local name may hold; `None` when it is not local, so that it is the module's.
    fn values(self, name: &str) -> Option<&'a [Option<&'a Expr>]>
    where
        Self: 'a,
    {
        if self.function == 0 {
            return None;
        }
        self.script.functions.get(self.function)?.locals.get(name).map(Vec::as_slice)
    }
}

/// Stands for what changes; no source text holds it, because a NUL is no valid Python.
const HOLE: &str = "\0";

fn is_capital(name: &str) -> bool {
    name.bytes().any(|byte| byte.is_ascii_uppercase()) && !name.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// `os.getenv(…)`, `os.environ.get(…)`, `getenv(…)`.
pub(super) fn reads_environment(call: &ruff_python_ast::ExprCall) -> bool {
    match &*call.func {
        Expr::Attribute(function) if function.attr.as_str() == "get" => last_name(&function.value) == Some("environ"),
        function => last_name(function) == Some("getenv"),
    }
}

/// `/a/%s/%(b)d` → holes for the conversions.
fn replace_percent(text: &str) -> String {
    let mut form = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        form.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            form.push('%');
            rest = after;
            continue;
        }
        form.push_str(HOLE);
        let end = after.find(|c: char| "diouxXeEfFgGcrsa".contains(c)).map_or(after.len(), |index| index + 1);
        rest = match after.strip_prefix('(').and_then(|name| name.split_once(')')) {
            Some((_, conversion)) => conversion.get(1..).unwrap_or_default(),
            None => &after[end..],
        };
    }
    form + rest
}

/// `/a/{}/{b}` → holes for the fields.
fn replace_braces(text: &str) -> String {
    let mut form = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        form.push_str(before);
        form.push_str(HOLE);
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    form + rest
}

/// The path alone: what is asked for by a query belongs to one endpoint.
fn without_query(form: &str) -> String {
    form.split('?').next().unwrap_or_default().to_owned()
}
