//! Which build and which service a run belongs to, and whether two of them are the same.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::engine::Engine;
use crate::text::short_commit;

/// The shortest commit that identifies one, in hexadecimal digits; git abbreviates to this length.
const SHORT_COMMIT: usize = 7;

/// The build that asks for a run, as CI or git describes it. An unknown field is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Build {
    /// The repository: host, owner and name, such as `github.com/acme/shop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The commit under test, in hexadecimal.
    #[serde(default)]
    pub commit: Option<String>,
    /// Its branch; `None` on a tag build and on a detached commit.
    #[serde(default)]
    pub branch: Option<String>,
    /// Its tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The CI job's name (`CIRCLE_JOB`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_name: Option<String>,
    /// The CI job's id, which differs between two attempts of one job (`CIRCLE_WORKFLOW_JOB_ID`).
    #[serde(default, alias = "job", skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// The profile of the configuration file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The named test of the configuration file (`tests:`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_name: Option<String>,
    /// The CircleCI project, whose jobs are numbered together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The job's number in its project (`CIRCLE_BUILD_NUM`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_number: Option<u64>,
    /// Time of the commit, if the checkout has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub committed_at: Option<Timestamp>,
    /// The workflow's id (`CIRCLE_WORKFLOW_ID`); a rerun has a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// The pipeline's id (`CIRCLE_PIPELINE_ID`), which a rerun of its workflows keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// The id of the workflow whose workspace this one uses (`CIRCLE_WORKFLOW_WORKSPACE_ID`): the first attempt's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
}

/// What of a configuration file a command goes by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConfigChoice<'a> {
    /// One of the file's named tests.
    pub name: Option<&'a str>,
    /// A profile.
    pub profile: Option<&'a str>,
}

/// A run's identity: the service that runs it, and the build that it measures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunIdentity {
    /// Where the load comes from.
    pub engine: Engine,
    /// The API's base URL, without credentials.
    pub api_url: String,
    /// The build.
    #[serde(flatten)]
    pub build: Build,
    /// When the run was asked for (this machine's clock).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub asked_at: Option<Timestamp>,
}

/// How a recorded run relates to the build that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The same build, the same attempt.
    SameRun,
    /// The same commit and job, in another attempt (a rerun).
    OtherAttempt,
    /// The same commit in another job, with another profile, or built for another branch or tag.
    OtherJob,
    /// Another commit or another repository.
    OtherCommit,
    /// Another engine or another API address.
    OtherService,
}

/// The first field in which a recorded run differs from what is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field's name in `run.json`.
    pub field: &'static str,
    /// The recorded value.
    pub recorded: String,
    /// The value asked for.
    pub asked: String,
}

impl fmt::Display for Difference {
    /// The field and both values: `commit (4be1d2a, not 0c1d2e3)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = |value: &str| if self.field == "commit" { short_commit(value) } else { value.to_owned() };
        write!(f, "{} ({}, not {})", self.field, cut(&self.recorded), cut(&self.asked))
    }
}

/// The answer of [`RunIdentity::compare`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityMatch {
    /// How the two relate.
    pub relation: Relation,
    /// What differs; `None` for the same run.
    pub difference: Option<Difference>,
    /// Whether a job of this workflow (or of the attempt before, through the shared workspace) passed the run on.
    pub handed_over: bool,
    /// Whether both sides know their workflow, so that `handed_over` says something.
    pub workflows_known: bool,
}

impl Build {
    /// The value of the field that [`RunIdentity::compare`] named.
    fn shown(value: Option<&String>) -> String {
        value.cloned().unwrap_or_else(|| "unknown".to_owned())
    }

    /// Whether the workflow is known to be the first attempt of its pipeline, so that a later job has a higher number.
    #[must_use]
    pub fn is_first_attempt(&self) -> bool {
        self.workflow.is_some() && self.workflow == self.workspace
    }

    /// The branch or tag, for people.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        self.branch.as_deref().or(self.tag.as_deref())
    }

    /// The job, the named test and the profile where they are known, for people: `load-test, profile quick`.
    #[must_use]
    pub fn leg(&self) -> Option<String> {
        let named = |kind: &str, value: &Option<String>| value.as_ref().map(|value| format!("{kind} {value}"));
        let parts = [self.job_name.clone(), named("test", &self.test_name), named("profile", &self.profile)];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

impl fmt::Display for Build {
    /// The commit and its branch or tag: `commit 4be1d2a (main)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.commit {
            Some(commit) => write!(f, "commit {}", short_commit(commit))?,
            None => f.write_str("an unknown commit")?,
        }
        match self.reference() {
            Some(reference) => write!(f, " ({reference})"),
            None => Ok(()),
        }
    }
}

impl RunIdentity {
    /// An identity of which only the service is known.
    #[must_use]
    pub fn new(engine: Engine, api_url: impl Into<String>) -> Self {
        Self { engine, api_url: api_url.into(), build: Build::default(), asked_at: None }
    }

    /// Compares a recorded run with the build that asks, and with the service it asks where it names one.
    ///
    /// A repository that one side does not know says nothing, because the environment of a job does not always name
    /// it. A commit, branch, job or profile that only one side knows is a difference. The local engine's address is
    /// left out: it serves each run on whatever port is free.
    #[must_use]
    pub fn compare(&self, asked: &Build, service: Option<(Engine, &str)>) -> IdentityMatch {
        let recorded = &self.build;
        let (difference, relation) = if let Some(difference) = service.and_then(|service| self.other_service(service)) {
            (Some(difference), Relation::OtherService)
        } else if let Some(difference) = other_commit(recorded, asked) {
            (Some(difference), Relation::OtherCommit)
        } else if let Some(difference) = other_job(recorded, asked) {
            (Some(difference), Relation::OtherJob)
        } else if recorded.job_id != asked.job_id {
            (Some(differ("job_id", recorded.job_id.as_ref(), asked.job_id.as_ref())), Relation::OtherAttempt)
        } else if recorded.workflow != asked.workflow {
            (Some(differ("workflow", recorded.workflow.as_ref(), asked.workflow.as_ref())), Relation::OtherAttempt)
        } else {
            (None, Relation::SameRun)
        };
        let known = recorded.workflow.as_ref().zip(asked.workflow.as_ref());
        IdentityMatch {
            relation,
            difference,
            workflows_known: known.is_some(),
            handed_over: known.is_some_and(|(before, now)| {
                before == now
                    || asked.workspace.as_ref() == Some(before)
                    || (recorded.workspace.is_some() && recorded.workspace == asked.workspace)
            }),
        }
    }

    fn other_service(&self, (engine, api_url): (Engine, &str)) -> Option<Difference> {
        let differ = |field, recorded: &str, asked: &str| Difference {
            field,
            recorded: recorded.to_owned(),
            asked: asked.to_owned(),
        };
        if self.engine != engine {
            return Some(differ("engine", self.engine.name(), engine.name()));
        }
        let trimmed = |url: &str| url.trim_end_matches('/').to_owned();
        let elsewhere = engine == Engine::Loadforge && trimmed(&self.api_url) != trimmed(api_url);
        elsewhere.then(|| differ("api_url", &self.api_url, api_url))
    }
}

impl IdentityMatch {
    /// Whether `run` may continue the run: the same commit and job at the same service.
    #[must_use]
    pub const fn may_continue(&self) -> bool {
        matches!(self.relation, Relation::SameRun | Relation::OtherAttempt)
    }

    /// Whether the run may be judged, published or waited for as one of this build: the same commit at the same
    /// service, and not left over from another workflow.
    #[must_use]
    pub const fn is_of_this_build(&self) -> bool {
        match self.relation {
            Relation::SameRun => true,
            Relation::OtherAttempt | Relation::OtherJob => self.handed_over || !self.workflows_known,
            Relation::OtherCommit | Relation::OtherService => false,
        }
    }
}

fn differ(field: &'static str, recorded: Option<&String>, asked: Option<&String>) -> Difference {
    Difference { field, recorded: Build::shown(recorded), asked: Build::shown(asked) }
}

fn other_commit(recorded: &Build, asked: &Build) -> Option<Difference> {
    if let (Some(before), Some(now)) = (&recorded.repository, &asked.repository)
        && !same_repository(before, now)
    {
        return Some(differ("repository", Some(before), Some(now)));
    }
    let same = match (&recorded.commit, &asked.commit) {
        (Some(before), Some(now)) => same_commit(before, now),
        (before, now) => before == now,
    };
    (!same).then(|| differ("commit", recorded.commit.as_ref(), asked.commit.as_ref()))
}

fn other_job(recorded: &Build, asked: &Build) -> Option<Difference> {
    let fields = [
        ("branch", &recorded.branch, &asked.branch),
        ("tag", &recorded.tag, &asked.tag),
        ("job_name", &recorded.job_name, &asked.job_name),
        ("test_name", &recorded.test_name, &asked.test_name),
        ("profile", &recorded.profile, &asked.profile),
    ];
    let (field, before, now) = fields.into_iter().find(|(_, before, now)| before != now)?;
    Some(differ(field, before.as_ref(), now.as_ref()))
}

/// Whether two repositories are the same; one of them may lack its host.
fn same_repository(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    one == other || one.ends_with(&format!("/{other}")) || other.ends_with(&format!("/{one}"))
}

/// Whether two commits are the same; one of them may be abbreviated.
fn same_commit(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    short.len() >= SHORT_COMMIT && long.get(..short.len()).is_some_and(|start| start.eq_ignore_ascii_case(short))
        || one == other
}

#[cfg(test)]
mod tests;
