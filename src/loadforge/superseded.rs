//! Runs that an older commit of the same branch left behind.

use std::collections::BTreeMap;
use std::time::Duration;

use super::event::Event;
use super::origin::BuildOrigin;
use super::sent_files;
use super::session::Session;
use super::session_error::SessionError;
use super::stopping::stop_run;
use crate::error::chain;
use crate::results::{Build, RunRecord, RunState};

/// The outcome for each running run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Superseded {
    /// Runs of older commits, which were cancelled.
    pub cancelled: Vec<u64>,
    /// Runs whose owner or age is unknown; they are left alone.
    pub unknown: Vec<u64>,
}

/// Time allowed to cancel one run, and to see that it is.
const CANCEL_LIMIT: Duration = Duration::from_secs(20);

impl Session<'_> {
    /// Cancels the runs that older commits of this repository, branch, job and profile left behind.
    ///
    /// Two things show what a run belongs to. The records (`run.json` files that earlier jobs left, for example in a
    /// cache) name its build. Without them, a test made for one run carries its build in its name, and its runs are
    /// found where the service reports each run's test; such a test is deleted as well. The run of a saved test that no
    /// record names is unknown.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses. A single run that cannot be cancelled is a warning.
    pub async fn cancel_superseded(
        &mut self,
        build: &Build,
        records: &[RunRecord],
    ) -> Result<Superseded, SessionError> {
        let cancelling = async |session: &mut Session<'_>| session.cancel_left(build, records).await;
        self.with_signs_of_life(async |session| session.unless_stopped(cancelling).await).await
    }

    async fn cancel_left(&mut self, build: &Build, records: &[RunRecord]) -> Result<Superseded, SessionError> {
        let api_url = self.client.url().to_string();
        let recorded: BTreeMap<u64, BuildOrigin> = records
            .iter()
            .filter(|record| record.is_at(&api_url))
            .filter_map(|record| Some((record.run_id?, BuildOrigin::of(&record.identity.build))))
            .collect();
        let made: BTreeMap<u64, (BuildOrigin, String)> = self
            .client
            .tests()
            .await?
            .into_iter()
            .filter_map(|test| Some((test.id, (BuildOrigin::of_name(&test.name)?, test.name))))
            .collect();
        let mut found = Superseded::default();
        for row in self.client.results().await? {
            let Some(run_id) = row.id.filter(|_| !row.state().is_some_and(RunState::is_end)) else { continue };
            let made_for_it = row.test_id.and_then(|test_id| Some((test_id, made.get(&test_id)?)));
            let origin = recorded.get(&run_id).or(made_for_it.map(|(_, (origin, _))| origin));
            match origin.and_then(|origin| origin.is_superseded_by(build)) {
                Some(true) => {
                    if self.cancel_left_one(run_id, made_for_it.map(|(id, (_, name))| (id, name.as_str()))).await {
                        found.cancelled.push(run_id);
                    }
                }
                Some(false) => {}
                None => found.unknown.push(run_id),
            }
        }
        Ok(found)
    }

    /// Cancels one run and deletes the test that was made for it, with its data files; true when the service took the
    /// cancellation.
    async fn cancel_left_one(&mut self, run_id: u64, test: Option<(u64, &str)>) -> bool {
        let why = "its branch has moved on to another commit".to_owned();
        self.observer.event(&Event::Cancelling { run_id, why });
        if let Err(error) = stop_run(&self.client, run_id, CANCEL_LIMIT).await {
            let monitor_url = self.client.url().monitor(run_id);
            self.observer.event(&Event::NotCancelled { run_id, monitor_url, cause: chain(&error) });
            return false;
        }
        self.observer.event(&Event::Cancelled { run_id });
        if let Some((id, name)) = test {
            if sent_files::any(&self.client, name).await {
                sent_files::remove(&self.client, name, CANCEL_LIMIT, self.observer).await;
            }
            match self.client.delete_test(id).await {
                Ok(_) => self.observer.event(&Event::TestDeleted { id }),
                Err(error) => self.observer.event(&Event::TestLeft { id: Some(id), name: None, cause: chain(&error) }),
            }
        }
        true
    }
}
