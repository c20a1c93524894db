//! Publishing judged runs in the pull request. Nothing that goes wrong here changes a verdict, so it is logged as a warning.

use super::judged_run::JudgedRun;
use crate::circleci::{CircleCi, Repository, RepositorySource};
use crate::cli::{CommentArgs, GitHubArgs};
use crate::github::{self, CommitStatus, Credentials, Github, GithubError, PullRequest, Section};
use crate::log::warn;
use crate::redact;
use crate::report::{escape, markdown};
use crate::results::{ResultsFolder, RunRecord};

/// Publishes every folder's section and status; logs what was done, and what could not be as a warning.
pub(crate) async fn publish_all(judged: &[JudgedRun], how: &CommentArgs, github: &GitHubArgs, ci: &CircleCi) {
    if let Err(fault) = try_publish_all(judged, how, github, ci).await {
        warn("no comment", &fault);
    }
}

async fn try_publish_all(
    judged: &[JudgedRun],
    how: &CommentArgs,
    arguments: &GitHubArgs,
    ci: &CircleCi,
) -> Result<(), GithubError> {
    let api_url = arguments.github_api_url.as_ref().map(url::Url::as_str);
    if let Some(sentence) = ci.repository.as_ref().and_then(|here| github::not_on_github(here, api_url)) {
        tracing::warn!("no comment: {sentence}");
        return Ok(());
    }
    let lookup = |name: &str| std::env::var(name).ok();
    let credentials = Credentials::from_env(lookup, arguments.github_token_env.as_deref())?;
    let github = Github::connect(&credentials, api_url).await?;
    let keys = keys(judged, how.comment_key.as_deref());
    let found = github::find(&github, ci).await;
    for sentence in &found.notes {
        tracing::info!("{sentence}");
    }
    if how.status {
        // The commit of a pull request has its status where the comment is.
        let repository = found.pull_request.as_ref().map(|pull_request| &pull_request.repository);
        for (judged_run, key) in judged.iter().zip(&keys) {
            set_status(&github, repository.or(ci.repository.as_ref()), judged_run, key, ci).await;
        }
    }
    let Some(pull_request) = found.pull_request else {
        return found.failure.map_or(Ok(()), |fault| Err(explained(fault, ci)));
    };
    for (judged_run, key) in judged.iter().zip(&keys) {
        if let Err(fault) = publish(&github, &pull_request, judged_run, key, how, ci).await {
            warn(&format!("no comment for {key}"), &fault);
        }
    }
    Ok(())
}

async fn publish(
    github: &Github,
    pull_request: &PullRequest,
    judged: &JudgedRun,
    key: &str,
    how: &CommentArgs,
    ci: &CircleCi,
) -> Result<(), GithubError> {
    let key = redact::hide(key);
    let section = Section {
        key: &key,
        commit: ci.commit.as_deref(),
        ran_at: judged.run.as_ref().and_then(ran_at),
        at: jiff::Timestamp::now(),
        run: judged.run.as_ref().and_then(|run| run.run_id),
        job: ci.job_id.as_deref(),
        outcome: judged.verdict.outcome,
        render: &|budget| named_section(judged, &key, budget),
    };
    let published = github::publish(github, pull_request, section, how.comment_mode, how.comment_only).await?;
    tracing::info!("{published}");
    for note in &published.notes {
        tracing::info!("{note}");
    }
    if let Some(record) = &published.comment
        && let Err(fault) = judged.folder.write_json(ResultsFolder::COMMENT, record)
    {
        warn("comment.json was not written", &fault);
    }
    Ok(())
}

/// The section, with its key above it where the text names only the test, which others of the same test share.
fn named_section(judged: &JudgedRun, key: &str, budget: usize) -> String {
    if judged.run.as_ref().is_some_and(|run| run.test == key) {
        return hidden_section(judged, budget);
    }
    let name = format!("{}\n\n", escape::markdown::code(key));
    let text = hidden_section(judged, budget.saturating_sub(name.encode_utf16().count()));
    format!("{name}{text}")
}

/// The section without the secrets this process knows, in at most `budget` characters.
fn hidden_section(judged: &JudgedRun, budget: usize) -> String {
    let render = |budget| redact::hide(&markdown::comment_section(&judged.story(), budget)).into_owned();
    let length = |text: &str| text.encode_utf16().count();
    let text = render(budget);
    // A placeholder may be longer than what it hides.
    match length(&text).checked_sub(budget) {
        None | Some(0) => text,
        Some(excess) => render(budget.saturating_sub(2 * excess)).chars().take(budget).collect(),
    }
}

async fn set_status(github: &Github, repository: Option<&Repository>, judged: &JudgedRun, key: &str, ci: &CircleCi) {
    let (Some(repository), Some(commit)) = (repository, &ci.commit) else {
        tracing::warn!(
            "no commit status: the environment names no repository (--repository) or no commit (CIRCLE_SHA1)"
        );
        return;
    };
    let link = judged.links.report.as_deref().or(judged.links.job.as_deref());
    let (key, sentence) = (redact::hide(key), redact::hide(&judged.verdict.sentence));
    let status = CommitStatus { key: &key, outcome: judged.verdict.outcome, sentence: &sentence, link };
    match github::set_status(github, repository, commit, &status).await {
        Ok(()) => tracing::info!("commit status set in {repository}"),
        Err(fault) if ci.repository.as_ref() == Some(repository) => warn("no commit status", &explained(fault, ci)),
        Err(fault) => warn("no commit status", &fault),
    }
}

/// The fault; where it says that there is no such repository, and only CircleCI's display names led to it, that too.
fn explained(fault: GithubError, ci: &CircleCi) -> GithubError {
    let guessed = ci.repository.as_ref().filter(|_| ci.repository_source == Some(RepositorySource::ProjectNames));
    match (fault, guessed) {
        (GithubError::Refused { task, status: 404, .. }, Some(repository)) => {
            GithubError::GuessedRepository { task, repository: repository.to_string() }
        }
        (fault, _) => fault,
    }
}

/// When the run was about to be started, or was first seen.
fn ran_at(run: &RunRecord) -> Option<jiff::Timestamp> {
    run.intent.as_ref().map(|intent| intent.at).or_else(|| run.states.first().map(|seen| seen.at))
}

/// A section's key: the one asked for, else the test's name; folders of the same test are distinguished by their path.
fn keys(judged: &[JudgedRun], asked: Option<&str>) -> Vec<String> {
    let names: Vec<String> =
        judged.iter().map(|judged_run| asked.map_or_else(|| judged_run.name(), ToOwned::to_owned)).collect();
    names
        .iter()
        .zip(judged)
        .map(|(name, judged_run)| match names.iter().filter(|other| *other == name).count() {
            1 => name.clone(),
            _ => format!("{name} ({})", judged_run.folder.path().display()),
        })
        .collect()
}
