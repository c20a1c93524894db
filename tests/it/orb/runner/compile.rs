//! Compiles a configuration: commands, jobs and executors of the orb become plain jobs with plain steps.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::parameters::{Arguments, bind, fill};
use super::step::Step;
use super::{Compiled, Orb, condition};

/// Where a definition is: `None` in the configuration itself, a name inside that orb.
type Scope<'a> = Option<&'a str>;

/// A configuration with its orbs.
#[derive(Debug)]
pub(in crate::orb) struct Config {
    pub(super) document: Value,
    orbs: BTreeMap<String, Orb>,
}

/// A compiled job.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::orb) struct Job {
    pub(in crate::orb) image: String,
    pub(in crate::orb) environment: BTreeMap<String, String>,
    pub(in crate::orb) steps: Vec<Step>,
}

impl Config {
    /// A configuration whose `orbs.loadforge` is this orb, whatever version it names.
    pub(in crate::orb) fn new(document: Value, orb: Orb) -> Compiled<Self> {
        let mut orbs = BTreeMap::new();
        for name in document.get("orbs").and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name) {
            if name != "loadforge" {
                return Err(format!("no orb {name} is at hand"));
            }
            orbs.insert(name.clone(), orb.clone());
        }
        Ok(Self { document, orbs })
    }

    /// A definition by its name in a scope, and the scope that contains it.
    fn find<'a>(&'a self, section: &str, name: &'a str, scope: Scope<'a>) -> Option<(&'a Value, Scope<'a>)> {
        if let Some((orb, name)) = name.split_once('/') {
            return Some((self.orbs.get(orb)?.entry(section, name)?, Some(orb)));
        }
        match scope {
            Some(orb) => Some((self.orbs.get(orb)?.entry(section, name)?, scope)),
            None => Some((self.document.get(section)?.get(name)?, None)),
        }
    }

    /// Whether a job of the configuration watches a release.
    pub(super) fn is_release(&self, name: &str) -> bool {
        self.document["jobs"][name]["type"] == "release"
    }

    /// The configuration as it was written.
    pub(in crate::orb) fn document(&self) -> &Value {
        &self.document
    }

    /// Compiles one job with its arguments; `pre` and `post` are steps of the caller around it.
    pub(in crate::orb) fn job(
        &self,
        name: &str,
        given: &Map<String, Value>,
        pre: &[Value],
        post: &[Value],
    ) -> Compiled<Job> {
        let (definition, scope) =
            self.find("jobs", name, None).ok_or(format!("cannot find a definition for job {name}"))?;
        let arguments = bind(&format!("job {name}"), definition, given, scope)?;
        let filled = fill(&without_parameters(definition), "parameters", &arguments)?;
        let machine = match filled.get("executor") {
            Some(executor) => self.executor(executor, scope)?,
            None => filled.clone(),
        };
        let image = machine["docker"][0]["image"].as_str().ok_or(format!("job {name} has no image"))?.to_owned();
        let mut steps = Vec::new();
        self.steps(pre, None, &mut steps)?;
        self.steps(filled["steps"].as_array().ok_or(format!("job {name} has no steps"))?, scope, &mut steps)?;
        self.steps(post, None, &mut steps)?;
        let environment = filled.get("environment").and_then(Value::as_object).into_iter().flatten();
        let environment =
            environment.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
        Ok(Job { image, environment, steps })
    }

    fn executor(&self, executor: &Value, scope: Scope<'_>) -> Compiled<Value> {
        let mut given = executor.as_object().cloned().unwrap_or_default();
        let name = given.remove("name").unwrap_or_else(|| executor.clone());
        let name = name.as_str().ok_or(format!("{executor} names no executor"))?;
        let (definition, scope) =
            self.find("executors", name, scope).ok_or(format!("cannot find a definition for executor {name}"))?;
        let arguments = bind(&format!("executor {name}"), definition, &given, scope)?;
        fill(&without_parameters(definition), "parameters", &arguments)
    }

    fn steps(&self, steps: &[Value], scope: Scope<'_>, out: &mut Vec<Step>) -> Compiled<()> {
        steps.iter().try_for_each(|step| self.step(step, scope, out))
    }

    fn step(&self, step: &Value, scope: Scope<'_>, out: &mut Vec<Step>) -> Compiled<()> {
        let empty = json!({});
        let (name, body) = match step {
            Value::String(name) => (name.as_str(), &empty),
            Value::Object(map) if map.len() == 1 => {
                let (name, body) = map.iter().next().unwrap();
                (name.as_str(), body)
            }
            other => return Err(format!("{other} is not a step")),
        };
        if name == "when" || name == "unless" {
            let steps = body["steps"].as_array().ok_or(format!("{name} has no steps"))?;
            if condition::holds(&body["condition"])? == (name == "when") {
                self.steps(steps, scope, out)?;
            }
            return Ok(());
        }
        if let Some(builtin) = Step::builtin(name, body) {
            out.push(builtin.map_err(|error| format!("step {name}: {error}"))?);
            return Ok(());
        }
        let (definition, scope) =
            self.find("commands", name, scope).ok_or(format!("cannot find a definition for command {name}"))?;
        let given = body.as_object().ok_or(format!("the arguments of {name} are no map"))?;
        let arguments: Arguments = bind(&format!("command {name}"), definition, given, scope)?;
        let filled = fill(&without_parameters(definition), "parameters", &arguments)?;
        self.steps(filled["steps"].as_array().ok_or(format!("command {name} has no steps"))?, scope, out)
    }
}

/// A definition without its declarations, in which a default may look like a reference.
fn without_parameters(definition: &Value) -> Value {
    let mut definition = definition.clone();
    if let Some(map) = definition.as_object_mut() {
        map.retain(|key, _| key != "parameters" && key != "description");
    }
    definition
}
