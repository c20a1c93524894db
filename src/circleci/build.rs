//! The build that a run belongs to, as CircleCI or git describes it.

use super::environment::meaningful;
use super::{CircleCi, RepositorySource, git};
use crate::results::{Build, ConfigChoice};

/// The build of this process, with what it goes by of the configuration file.
#[must_use]
pub fn build(ci: &CircleCi, selected: ConfigChoice<'_>) -> Build {
    let committed_at = ci.commit.as_deref().and_then(git::committed_at);
    Build { committed_at, ..of(ci, |name| std::env::var(name).ok(), selected) }
}

fn of(ci: &CircleCi, lookup: impl Fn(&str) -> Option<String>, selected: ConfigChoice<'_>) -> Build {
    let value = |name: &str| lookup(name).and_then(meaningful);
    Build {
        repository: repository(ci),
        commit: ci.commit.clone(),
        branch: ci.branch.clone(),
        tag: ci.tag.clone(),
        job_name: ci.job_name.clone(),
        job_id: ci.job_id.clone(),
        profile: selected.profile.map(ToOwned::to_owned),
        test_name: selected.name.map(ToOwned::to_owned),
        project: project(&value),
        job_number: value("CIRCLE_BUILD_NUM").and_then(|number| number.parse().ok()),
        committed_at: None,
        workflow: value("CIRCLE_WORKFLOW_ID"),
        pipeline: value("CIRCLE_PIPELINE_ID"),
        workspace: value("CIRCLE_WORKFLOW_WORKSPACE_ID"),
    }
}

/// The project that numbers its jobs together.
fn project(value: &impl Fn(&str) -> Option<String>) -> Option<String> {
    Some(format!("{}/{}", value("CIRCLE_PROJECT_USERNAME")?, value("CIRCLE_PROJECT_REPONAME")?))
}

/// The repository with its host. The names of a CircleCI project are left out, because they may differ from the
/// repository's and a job without a checkout knows nothing else.
fn repository(ci: &CircleCi) -> Option<String> {
    let repository = ci.repository.as_ref().filter(|_| ci.repository_source != Some(RepositorySource::ProjectNames))?;
    let name = repository.to_string().to_ascii_lowercase();
    Some(repository.host().map_or_else(|| name.clone(), |host| format!("{host}/{name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn a_repository_is_named_with_its_host_and_not_by_its_project() {
        let url = [("CIRCLE_REPOSITORY_URL", "git@github.com:Acme/shop.git")];
        let of_url = CircleCi::from_env(lookup(&url));
        assert_eq!(repository(&of_url).unwrap(), "github.com/acme/shop");
        let names = [("CIRCLE_PROJECT_USERNAME", "acme"), ("CIRCLE_PROJECT_REPONAME", "shop")];
        assert_eq!(repository(&CircleCi::from_env(lookup(&names))), None);
    }

    #[test]
    fn the_attempts_of_a_job_are_told_apart() {
        let pairs = [
            ("CIRCLE_WORKFLOW_ID", "w2"),
            ("CIRCLE_WORKFLOW_WORKSPACE_ID", "w1"),
            ("CIRCLE_JOB", "load"),
            ("CIRCLE_WORKFLOW_JOB_ID", "j2"),
            ("CIRCLE_TAG", "<nil>"),
        ];
        let ci = CircleCi::from_env(lookup(&pairs));
        let build = of(&ci, lookup(&pairs), ConfigChoice { name: None, profile: Some("quick") });
        let text = |text: &str| Some(text.to_owned());
        assert_eq!((build.workflow, build.workspace), (text("w2"), text("w1")));
        assert_eq!((build.job_name, build.job_id, build.profile), (text("load"), text("j2"), text("quick")));
        assert_eq!(build.tag, None);
    }
}
