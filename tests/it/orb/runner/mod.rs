//! A CircleCI of our own for tests: packs the orb, compiles a configuration the way CircleCI does, and runs the steps.
//!
//! Everything CircleCI gives a job (cache, workspace, artifacts, test results, `CIRCLE_*`, `BASH_ENV`) is a folder or a
//! variable here. Images and resource classes are checked and noted; the steps run on this machine.

mod compile;
mod condition;
mod expression;
mod job;
mod pack;
mod parameters;
mod step;
mod storage;
mod template;
mod workflow;

pub(super) use compile::Config;
pub(super) use expression::holds;
pub(super) use job::{Outcome, Shell, State};
pub(super) use pack::{Orb, orb_folder};
pub(super) use parameters::{Declared, Kind};
pub(super) use step::Step;
pub(super) use storage::Cache;
pub(super) use workflow::{Pipeline, Report};

use serde_json::Value;

/// Reads a YAML text.
pub(super) fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("not YAML: {error}\n{text}"))
}

/// A compile error, as CircleCI's compiler would refuse the configuration.
pub(super) type Compiled<T> = Result<T, String>;

/// Puts values in for the parameters of a definition, declarations and all.
pub(super) fn fill_parameters(definition: &Value, values: &serde_json::Map<String, Value>) -> Compiled<Value> {
    parameters::fill(definition, "parameters", &values.clone().into_iter().collect())
}
