//! Requests whose URL changes from call to call and that have no fixed name; and scripts with a single endpoint.

use std::collections::BTreeSet;

use ruff_text_size::Ranged;

use crate::lint::diagnostic::{LintFault, Rule};
use crate::lint::script::{ParsedScript, Request};
use crate::lint::value::{Bindings, literal};

pub(super) fn run(script: &ParsedScript<'_>, found: &mut Vec<LintFault>) {
    for request in &script.requests {
        found.extend(unnamed(script, request));
    }
    found.extend(single_endpoint(script));
}

fn unnamed(script: &ParsedScript<'_>, request: &Request<'_>) -> Option<LintFault> {
    let scope = Bindings { script, function: request.function };
    let fault = |range, message: &str, form: String| LintFault {
        rule: Rule::UnnamedDynamicUrl,
        range,
        message: message.into(),
        instead: format!("name=\"{form}\""),
    };
    if let Some(name) = request.argument("name") {
        let form = scope.dynamic_form(name)?;
        return Some(fault(name.range(), "the request's name changes from call to call", form));
    }
    if request.has_unknown_arguments() || script.functions[request.function].renames {
        return None;
    }
    let url = request.url?;
    let form = scope.dynamic_form(url)?;
    let message = "this URL changes from call to call, and without a name each becomes an endpoint of its own";
    Some(fault(url.range(), message, form))
}

/// All requests of the script are one and the same.
fn single_endpoint(script: &ParsedScript<'_>) -> Option<LintFault> {
    let mut endpoints = BTreeSet::new();
    for request in &script.requests {
        let named = request.argument("name").or(request.url)?;
        // A name that is not a fixed text may be several endpoints.
        let scope = Bindings { script, function: request.function };
        let name = literal(named).map(str::to_owned).or_else(|| scope.dynamic_form(named))?;
        endpoints.insert((request.method, name));
    }
    let first = script.requests.first().filter(|_| endpoints.len() == 1)?;
    Some(LintFault {
        rule: Rule::SingleEndpoint,
        range: first.call.range(),
        message: "the whole script calls one endpoint, so it says little about the service in real use".into(),
        instead: "a task for each thing users do, weighted by how often: @task(5), @task(2)".into(),
    })
}
