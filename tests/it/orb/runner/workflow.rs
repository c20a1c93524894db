//! Runs a workflow: jobs in the order of `requires`, matrices, filters, contexts and approvals.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::job::{Machine, Outcome, Shell, State};
use super::parameters::{Arguments, fill};
use super::{Cache, Compiled, Config, expression};

/// What starts a pipeline, and what its jobs find.
#[derive(Debug)]
pub(in crate::orb) struct Pipeline<'a> {
    /// A folder for this pipeline alone.
    pub(in crate::orb) root: PathBuf,
    /// What `checkout` brings.
    pub(in crate::orb) project: &'a Path,
    pub(in crate::orb) shell: Shell,
    pub(in crate::orb) path: String,
    /// CircleCI's variables for every job, such as `CIRCLE_BRANCH`, and the project's own.
    pub(in crate::orb) environment: BTreeMap<String, String>,
    /// The variables of each context. A pull request from a fork gets none.
    pub(in crate::orb) contexts: BTreeMap<String, BTreeMap<String, String>>,
    /// Approval jobs that a person approves.
    pub(in crate::orb) approved: BTreeSet<String>,
    /// Jobs that somebody cancels before they end.
    pub(in crate::orb) cancelled: BTreeSet<String>,
}

/// How each job of a workflow ended, in the order they ran.
#[derive(Debug)]
pub(in crate::orb) struct Report {
    pub(in crate::orb) states: BTreeMap<String, State>,
    pub(in crate::orb) outcomes: BTreeMap<String, Outcome>,
    pub(in crate::orb) order: Vec<String>,
}

impl Report {
    /// The files and outputs of a job.
    pub(in crate::orb) fn job(&self, name: &str) -> &Outcome {
        self.outcomes.get(name).unwrap_or_else(|| panic!("{name} did not run: {:?}", self.states))
    }
}

/// A job of a workflow with its own settings taken out of its arguments.
#[derive(Debug)]
struct Entry {
    name: String,
    /// What later jobs may require it by, besides its name.
    alias: Option<String>,
    definition: String,
    approval: bool,
    requires: Vec<(String, Vec<String>)>,
    contexts: Vec<String>,
    filter: Option<String>,
    arguments: Map<String, Value>,
    pre: Vec<Value>,
    post: Vec<Value>,
}

impl Pipeline<'_> {
    /// Compiles and runs the only workflow of a configuration.
    pub(in crate::orb) fn run(&self, config: &Config, cache: &mut Cache) -> Compiled<Report> {
        let workflows = config.document["workflows"].as_object().ok_or("no workflows")?;
        let mut workflows = workflows.iter().filter(|(name, _)| *name != "version");
        let (Some((_, workflow)), None) = (workflows.next(), workflows.next()) else {
            return Err("one workflow is expected".to_owned());
        };
        let mut waiting = Vec::new();
        for item in workflow["jobs"].as_array().ok_or("a workflow without jobs")? {
            waiting.extend(entries(item)?);
        }
        self.check_names(&waiting)?;
        let mut report = Report { states: BTreeMap::new(), outcomes: BTreeMap::new(), order: Vec::new() };
        let aliases: BTreeMap<String, Vec<String>> = waiting.iter().fold(BTreeMap::new(), |mut all, entry| {
            for name in [Some(&entry.name), entry.alias.as_ref()].into_iter().flatten() {
                all.entry(name.clone()).or_insert_with(Vec::new).push(entry.name.clone());
            }
            all
        });
        while !waiting.is_empty() {
            let ready = waiting.iter().position(|entry| {
                entry.requires.iter().all(|(name, _)| aliases[name].iter().all(|name| report.states.contains_key(name)))
            });
            let entry = waiting.remove(ready.ok_or("jobs require each other in a circle")?);
            let state = self.entry(config, &entry, &aliases, &mut report, cache)?;
            report.states.insert(entry.name.clone(), state);
        }
        Ok(report)
    }

    fn check_names(&self, entries: &[Entry]) -> Compiled<()> {
        let mut names = BTreeSet::new();
        for entry in entries {
            if !names.insert(&entry.name) {
                return Err(format!("two jobs are called {}", entry.name));
            }
        }
        let aliases: BTreeSet<_> = entries.iter().filter_map(|entry| entry.alias.as_ref()).collect();
        for (name, _) in entries.iter().flat_map(|entry| &entry.requires) {
            if !names.contains(name) && !aliases.contains(name) {
                return Err(format!("a job requires {name}, which is not in the workflow"));
            }
        }
        for context in entries.iter().flat_map(|entry| &entry.contexts) {
            if !self.contexts.contains_key(context) {
                return Err(format!("the context {context} is not defined in this test"));
            }
        }
        Ok(())
    }

    fn entry(
        &self,
        config: &Config,
        entry: &Entry,
        aliases: &BTreeMap<String, Vec<String>>,
        report: &mut Report,
        cache: &mut Cache,
    ) -> Compiled<State> {
        // The compiler sees every job, whether it will run or not.
        // A release is watched by CircleCI itself; what it would decide is for the test to work out.
        let is_release = config.is_release(&entry.definition);
        let compiled = match entry.approval || is_release {
            true => None,
            false => Some(config.job(&entry.definition, &entry.arguments, &entry.pre, &entry.post)?),
        };
        let met = entry.requires.iter().all(|(required, states)| {
            aliases[required].iter().all(|name| states.iter().any(|word| is_state(report.states[name], word)))
        });
        if !met || !self.passes(entry.filter.as_deref())? {
            return Ok(State::NotRun);
        }
        if self.cancelled.contains(&entry.name) {
            return Ok(State::Canceled);
        }
        if is_release {
            return Ok(State::Success);
        }
        let Some(job) = compiled else {
            return Ok(if self.approved.contains(&entry.name) { State::Success } else { State::NotRun });
        };
        let number = report.order.len() + 1;
        let mut environment = self.environment.clone();
        if !environment.contains_key("CIRCLE_PR_NUMBER") {
            environment.extend(entry.contexts.iter().flat_map(|context| self.contexts[context].clone()));
        }
        for (name, value) in [
            ("CI", "true"),
            ("CIRCLECI", "true"),
            ("CIRCLE_JOB", &entry.name),
            ("CIRCLE_BUILD_NUM", &number.to_string()),
            ("CIRCLE_WORKFLOW_JOB_ID", &format!("job-{}-{number}", self.root.file_name().unwrap().to_string_lossy())),
            ("CIRCLE_WORKING_DIRECTORY", "~/project"),
        ] {
            environment.insert(name.to_owned(), value.to_owned());
        }
        // A pipeline may stand for one of several containers of its jobs.
        for (name, value) in [("CIRCLE_NODE_INDEX", "0"), ("CIRCLE_NODE_TOTAL", "1")] {
            environment.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        let workspace = self.root.join("workspace");
        std::fs::create_dir_all(&workspace).unwrap();
        let machine = Machine {
            root: self.root.join(format!("{number}-{}", entry.name)),
            project: self.project,
            shell: self.shell,
            environment,
            path: self.path.clone(),
            workspace: &workspace,
        };
        let outcome = machine.run(&job, cache);
        let state = outcome.state;
        report.outcomes.insert(entry.name.clone(), outcome);
        report.order.push(entry.name.clone());
        Ok(state)
    }

    fn passes(&self, filter: Option<&str>) -> Compiled<bool> {
        let variable = |name: &str| self.environment.get(name).cloned().unwrap_or_default();
        let values = [("pipeline.git.branch", "CIRCLE_BRANCH"), ("pipeline.git.tag", "CIRCLE_TAG")];
        let values = values.map(|(value, name)| (value.to_owned(), variable(name))).into();
        filter.map_or(Ok(true), |filter| expression::holds(filter, &values))
    }
}

fn is_state(state: State, word: &str) -> bool {
    match word {
        "success" => state == State::Success,
        "failed" => state == State::Failed,
        "canceled" => state == State::Canceled,
        "not_run" => state == State::NotRun,
        "terminal" => true,
        _ => false,
    }
}

/// The jobs of one item of a workflow: one, or one for each point of its matrix.
fn entries(item: &Value) -> Compiled<Vec<Entry>> {
    let empty = Value::Object(Map::new());
    let (definition, settings) = match item {
        Value::String(name) => (name, &empty),
        Value::Object(map) if map.len() == 1 => map.iter().next().unwrap(),
        other => return Err(format!("{other} is not a job of a workflow")),
    };
    let mut settings = settings.clone();
    let matrix = settings.as_object_mut().and_then(|map| map.remove("matrix"));
    let Some(matrix) = matrix else { return Ok(vec![entry(definition, None, &settings)?]) };
    let alias = matrix["alias"].as_str().unwrap_or(definition).to_owned();
    let mut points = vec![Arguments::new()];
    for (name, values) in matrix["parameters"].as_object().ok_or("a matrix without parameters")? {
        let values = values.as_array().ok_or(format!("matrix parameter {name} is not a list"))?;
        points = points
            .iter()
            .flat_map(|point| {
                values.iter().map(|value| point.clone().into_iter().chain([(name.clone(), value.clone())]).collect())
            })
            .collect();
    }
    points
        .into_iter()
        .map(|point| {
            let mut settings = fill(&settings, "matrix", &point)?;
            settings.as_object_mut().ok_or("a job's settings are a map")?.extend(point);
            entry(definition, Some(alias.clone()), &settings)
        })
        .collect()
}

fn entry(definition: &str, alias: Option<String>, settings: &Value) -> Compiled<Entry> {
    let mut arguments = settings.as_object().cloned().ok_or(format!("the settings of {definition} are no map"))?;
    let mut take = |key: &str| arguments.remove(key);
    let steps = |value: Option<Value>| value.and_then(|steps| steps.as_array().cloned()).unwrap_or_default();
    let words = |value: Option<Value>| match value {
        Some(Value::Array(words)) => words.iter().filter_map(|word| word.as_str().map(ToOwned::to_owned)).collect(),
        Some(Value::String(word)) => vec![word],
        _ => Vec::new(),
    };
    let approval = take("type") == Some(Value::from("approval"));
    let name =
        take("name").and_then(|name| name.as_str().map(ToOwned::to_owned)).unwrap_or_else(|| definition.to_owned());
    let requires = match take("requires") {
        Some(Value::Array(items)) => items.iter().map(requirement).collect::<Compiled<_>>()?,
        _ => Vec::new(),
    };
    let contexts = words(take("context"));
    let filter = match take("filters") {
        None => None,
        Some(Value::String(expression)) => Some(expression),
        Some(map) => return Err(format!("branch and tag filters are deprecated, write an expression: {map}")),
    };
    take("serial-group");
    let (pre, post) = (steps(take("pre-steps")), steps(take("post-steps")));
    Ok(Entry {
        name,
        alias,
        definition: definition.to_owned(),
        approval,
        requires,
        contexts,
        filter,
        arguments,
        pre,
        post,
    })
}

/// `name`, or `name: state` and `name: [states]`.
fn requirement(item: &Value) -> Compiled<(String, Vec<String>)> {
    match item {
        Value::String(name) => Ok((name.clone(), vec!["success".to_owned()])),
        Value::Object(map) if map.len() == 1 => {
            let (name, states) = map.iter().next().unwrap();
            let states = match states {
                Value::Array(words) => words.iter().filter_map(|word| word.as_str().map(ToOwned::to_owned)).collect(),
                word => vec![word.as_str().unwrap_or_default().to_owned()],
            };
            Ok((name.clone(), states))
        }
        other => Err(format!("{other} is not a requirement")),
    }
}
