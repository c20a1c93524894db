//! Whether the run recorded in the results folder is taken up instead of starting another.

use crate::results::{Build, Engine, Fingerprint, Intent, Relation, RunRecord, RunState};

/// The run that is requested now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) engine: Engine,
    pub(super) api_url: &'a str,
    pub(super) build: &'a Build,
    pub(super) fingerprint: &'a Fingerprint,
}

/// What to do about the record.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Adoption {
    /// Start a run; the reason says why an existing record is not adopted.
    Fresh {
        /// In words, where there is something to say.
        reason: Option<String>,
    },
    /// Follow the recorded run.
    Follow {
        /// Its id.
        run_id: u64,
    },
    /// A start was recorded, its outcome was not: look for the run first.
    Resolve(Intent),
    /// The recorded run's results are here already.
    Collected {
        /// Its id.
        run_id: u64,
    },
}

/// Decides. A run is taken up when it is of the same commit, job and test at the same service and not collected yet, or
/// collected by the same attempt of the job (the step was repeated). One that did not complete is not: asking again means
/// wanting another.
pub(super) fn decide(record: Option<&RunRecord>, asked: &Asked<'_>) -> Adoption {
    let fresh = |reason: &str| Adoption::Fresh { reason: (!reason.is_empty()).then(|| reason.to_owned()) };
    let Some(record) = record else {
        return fresh("");
    };
    if record.run_id.is_none() && record.intent.is_none() {
        return fresh("");
    }
    let comparison = record.identity.compare(asked.build, Some((asked.engine, asked.api_url)));
    let same_attempt = comparison.relation == Relation::SameRun && asked.build.job_id.is_some();
    if record.collected && !same_attempt {
        return fresh("");
    }
    if let Some(state) = record.state().filter(|state| state.is_end() && *state != RunState::Finished) {
        return fresh(&format!("it {}", how(state)));
    }
    if !comparison.may_continue() {
        let reason =
            comparison.difference.map_or_else(String::new, |difference| format!("it has another {difference}"));
        return fresh(&reason);
    }
    let differences = known_differences(&record.fingerprint, asked.fingerprint);
    if !differences.is_empty() {
        return fresh(&format!("it is of another test ({})", differences.join(", ")));
    }
    match (record.run_id, &record.intent) {
        (Some(run_id), _) if record.collected => Adoption::Collected { run_id },
        _ if asked.engine == Engine::Local => fresh("the local engine ended with the command that started it"),
        (Some(run_id), _) => Adoption::Follow { run_id },
        (None, Some(intent)) => Adoption::Resolve(intent.clone()),
        (None, None) => fresh(""),
    }
}

fn how(state: RunState) -> String {
    match state {
        RunState::Cancelled => "was cancelled".to_owned(),
        RunState::FailedToLaunch => "failed to launch".to_owned(),
        RunState::EndedEarly => "ended early".to_owned(),
        other => format!("did not complete: {other}"),
    }
}

/// The fields that are known on both sides and differ, each as `field: recorded, asked`. The service may not have reported
/// a saved test's settings at one of the times.
fn known_differences(recorded: &Fingerprint, asked: &Fingerprint) -> Vec<String> {
    recorded
        .differences(asked)
        .into_iter()
        .filter(|(_, recorded, asked)| ![recorded, asked].into_iter().any(|side| side == "not known" || side == "none"))
        .map(|(field, recorded, asked)| format!("{field}: {recorded}, now {asked}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::results::RunIdentity;

    fn build(job: Option<&str>) -> Build {
        Build { commit: Some("c0ffee0".into()), job_id: job.map(Into::into), ..Build::default() }
    }

    fn record() -> RunRecord {
        let fingerprint = Fingerprint { test: "4".into(), users: Some(50), ..Fingerprint::default() };
        let identity =
            RunIdentity { build: build(Some("job-1")), ..RunIdentity::new(Engine::Loadforge, "https://api") };
        RunRecord {
            test_id: Some(4),
            intent: Some(Intent { at: Timestamp::UNIX_EPOCH, test_id: 4, known_runs: vec![1, 2] }),
            run_id: Some(9),
            ..RunRecord::new(identity, "checkout", fingerprint)
        }
    }

    fn decided(record: &RunRecord, job: Option<&str>) -> Adoption {
        decided_for(record, &build(job))
    }

    fn decided_for(record: &RunRecord, build: &Build) -> Adoption {
        let fingerprint = Fingerprint { test: "4".into(), users: Some(50), ..Fingerprint::default() };
        let engine = record.identity.engine;
        decide(Some(record), &Asked { engine, api_url: "https://api", build, fingerprint: &fingerprint })
    }

    fn with(change: impl FnOnce(&mut RunRecord)) -> RunRecord {
        let mut record = record();
        change(&mut record);
        record
    }

    #[test]
    fn a_run_that_is_not_collected_is_taken_up() {
        assert_eq!(decided(&record(), None), Adoption::Follow { run_id: 9 });
        let lost = with(|record| record.run_id = None);
        assert_eq!(decided(&lost, None), Adoption::Resolve(lost.intent.clone().unwrap()));
        let finished = with(|record| {
            record.note(RunState::Finished, Timestamp::UNIX_EPOCH);
        });
        assert_eq!(decided(&finished, None), Adoption::Follow { run_id: 9 });
    }

    #[test]
    fn a_collected_run_is_taken_up_by_its_own_job_alone() {
        let collected = with(|record| record.collected = true);
        assert_eq!(decided(&collected, Some("job-1")), Adoption::Collected { run_id: 9 });
        assert_eq!(decided(&collected, Some("job-2")), Adoption::Fresh { reason: None });
        let jobless = with(|record| {
            record.collected = true;
            record.identity.build.job_id = None;
        });
        assert_eq!(decided(&jobless, None), Adoption::Fresh { reason: None });
    }

    #[test]
    fn what_differs_is_named_and_what_is_not_known_does_not_differ() {
        let fresh = |record: &RunRecord| match decided(record, None) {
            Adoption::Fresh { reason } => reason.unwrap(),
            other => panic!("{other:?}"),
        };
        let users = with(|record| record.fingerprint.users = Some(200));
        assert_eq!(fresh(&users), "it is of another test (users: 200, now 50)");
        let elsewhere = with(|record| record.identity.api_url = "http://localhost:1".into());
        assert_eq!(fresh(&elsewhere), "it has another api_url (http://localhost:1, not https://api)");
        let other = with(|record| record.identity.build.commit = Some("badc0de".into()));
        assert_eq!(fresh(&other), "it has another commit (badc0de, not c0ffee0)");
        let local = with(|record| record.identity.engine = Engine::Local);
        assert_eq!(fresh(&local), "the local engine ended with the command that started it");
        let cancelled = with(|record| {
            record.note(RunState::Cancelled, Timestamp::UNIX_EPOCH);
        });
        assert_eq!(fresh(&cancelled), "it was cancelled");
        let unknown = with(|record| record.fingerprint.users = None);
        assert_eq!(decided(&unknown, None), Adoption::Follow { run_id: 9 });
    }

    #[test]
    fn without_a_record_a_run_is_started() {
        let fingerprint = Fingerprint::default();
        let asked = Asked { engine: Engine::Local, api_url: "x", build: &build(None), fingerprint: &fingerprint };
        assert_eq!(decide(None, &asked), Adoption::Fresh { reason: None });
        let empty = with(|record| {
            record.run_id = None;
            record.intent = None;
        });
        assert_eq!(decided(&empty, None), Adoption::Fresh { reason: None });
    }
}
