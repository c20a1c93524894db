//! Runs that an older commit of the same branch left behind.

use std::collections::BTreeSet;
use std::time::Duration;

use super::ephemeral::is_superseded;
use super::event::Event;
use super::session::Session;
use super::session_error::SessionError;
use super::stopping::stop_run;
use crate::error::chain;
use crate::results::{RunRecord, RunState};

/// Time allowed to cancel one run, and to see that it is.
const CANCEL_LIMIT: Duration = Duration::from_secs(20);

impl Session<'_> {
    /// Cancels runs of other commits of this branch that are still going on, and returns which.
    ///
    /// Two things show what a run belongs to. The records (`run.json` files that earlier jobs left, for example in a
    /// cache) name branch, commit and run. Without them, a test made for one run carries branch and commit in its name,
    /// and its runs are found where the service reports it each run's test; such a test is deleted as well. The run of a
    /// saved test that no record names cannot be told from another pipeline's and is left alone.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses. A single run that cannot be cancelled is a warning.
    pub async fn cancel_superseded(
        &mut self,
        branch: &str,
        commit: &str,
        records: &[RunRecord],
    ) -> Result<Vec<u64>, SessionError> {
        let cancelling = async |session: &mut Session<'_>| session.cancel_left(branch, commit, records).await;
        self.with_signs_of_life(async |session| session.unless_stopped(cancelling).await).await
    }

    async fn cancel_left(
        &mut self,
        branch: &str,
        commit: &str,
        records: &[RunRecord],
    ) -> Result<Vec<u64>, SessionError> {
        let api_url = self.client.url().to_string();
        let recorded: BTreeSet<u64> = records
            .iter()
            .filter(|record| {
                record.identity.api_url == api_url && record.identity.build.branch.as_deref() == Some(branch)
            })
            .filter(|record| record.identity.build.commit.as_deref().is_some_and(|of| of != commit))
            .filter_map(|record| record.run_id)
            .collect();
        let tests = self.client.tests().await?;
        let left: BTreeSet<u64> =
            tests.iter().filter(|test| is_superseded(&test.name, branch, commit)).map(|test| test.id).collect();
        let mut cancelled = Vec::new();
        for row in self.client.results().await? {
            let of_left_test = row.test_id.filter(|test_id| left.contains(test_id));
            let Some(run_id) = row.id.filter(|id| recorded.contains(id) || of_left_test.is_some()) else {
                continue;
            };
            if row.state().is_some_and(RunState::is_end) {
                continue;
            }
            let why = format!("branch {branch} has moved on to another commit");
            self.observer.event(&Event::Cancelling { run_id, why });
            if let Err(error) = stop_run(&self.client, run_id, CANCEL_LIMIT).await {
                let monitor_url = self.client.url().monitor(run_id);
                self.observer.event(&Event::NotCancelled { run_id, monitor_url, cause: chain(&error) });
                continue;
            }
            self.observer.event(&Event::Cancelled { run_id });
            cancelled.push(run_id);
            if let Some(id) = of_left_test {
                match self.client.delete_test(id).await {
                    Ok(_) => self.observer.event(&Event::TestDeleted { id }),
                    Err(error) => {
                        self.observer.event(&Event::TestLeft { id: Some(id), name: None, cause: chain(&error) });
                    }
                }
            }
        }
        Ok(cancelled)
    }
}
