//! Which earlier attempts count.

use std::time::Duration;

use super::record::JobAttempt;
use crate::verdict::Outcome;

/// How long an attempt counts for a pipeline of its own at the same commit. CircleCI's reruns stay in their pipeline and
/// count however late they are.
pub const RECENT: Duration = Duration::from_secs(12 * 3600);

/// The recorded attempts that count together with this one, oldest first: those of the same commit, job, profile and
/// settings in the same pipeline. Of another pipeline only recent ones count that no good one followed: starting the
/// pipeline again must not undo a failure, and one good night must not hide that the next one is slow.
#[must_use]
pub fn counted<'a>(recorded: &'a [JobAttempt], now: &JobAttempt) -> Vec<&'a JobAttempt> {
    let others: Vec<&JobAttempt> =
        recorded.iter().filter(|one| one.run != now.run && one.is_of_the_same_job(now)).collect();
    let ended_well =
        |one: &&JobAttempt| !is_of_the_same_pipeline(one, now) && matches!(one.together, Outcome::Pass | Outcome::Warn);
    let open_from = others.iter().rposition(ended_well).map_or(0, |good| good + 1);
    let is_recent =
        |one: &JobAttempt| Duration::try_from(now.at.duration_since(one.at)).map_or(true, |age| age <= RECENT);
    let counts = |(index, one): (usize, &'a JobAttempt)| {
        let counts = is_of_the_same_pipeline(one, now) || (index >= open_from && is_recent(one));
        counts.then_some(one)
    };
    others.into_iter().enumerate().filter_map(counts).collect()
}

/// Whether two attempts belong to one pipeline. Where nobody names it, a shared workspace or nothing against it will do.
fn is_of_the_same_pipeline(one: &JobAttempt, other: &JobAttempt) -> bool {
    let known = |one: &Option<String>, other: &Option<String>| Some(one.as_ref()? == other.as_ref()?);
    let (one, other) = (&one.build, &other.build);
    known(&one.pipeline, &other.pipeline)
        .or_else(|| known(&one.workspace, &other.workspace).filter(|same| *same))
        .unwrap_or_default()
}
