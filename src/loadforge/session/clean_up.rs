//! What must not stay behind: tests made for one run, and runs that one start made twice.

use std::time::Duration;

use tokio::time::timeout;

use super::Session;
use crate::error::chain;
use crate::loadforge::candidates::{RunCandidates, place};
use crate::loadforge::event::Event;
use crate::loadforge::recorder::Recorder;
use crate::loadforge::sent_files;
use crate::loadforge::stopping::stop_run;
use crate::results::RunRecord;

/// Time allowed for each step of deleting a test that was made for one run, of which there are three, and of removing its
/// data files.
const STEP_LIMIT: Duration = Duration::from_millis(1700);

/// Time allowed to look for a second run, and to cancel it.
const TWIN_LIMIT: Duration = Duration::from_secs(3);

impl Session<'_> {
    /// Deletes the test of an earlier record that was made for its run alone and is still there.
    pub(super) async fn clean_up_after(&mut self, record: RunRecord) {
        let folder = self.folder.clone();
        if record.identity.api_url == self.client.url().to_string() {
            self.delete_test(&mut Recorder::new(&folder, record)).await;
        }
    }

    /// Deletes the test that was made for this run alone, with the secrets in it: the recorded one and whatever else has
    /// its name, which is ours alone. Says so when one stays, or when that is not known.
    pub(super) async fn delete_test(&mut self, recorder: &mut Recorder<'_>) {
        self.remove_files(recorder).await;
        if !recorder.record.ephemeral {
            return;
        }
        let (id, name) = (recorder.record.test_id, recorder.record.ephemeral_name.clone());
        let mut failure = None;
        let mut deleted = Vec::new();
        if let Some(id) = id {
            match self.delete_one(id).await {
                Ok(()) => deleted.push(id),
                Err(cause) => failure = Some((Some(id), cause)),
            }
        }
        // An answer is no proof, and a request that was sent twice may have made two.
        for _ in 0..2 {
            let Some(of_name) = &name else { break };
            let left = match timeout(STEP_LIMIT, self.client.tests()).await {
                Ok(Ok(rows)) => rows.into_iter().filter(|row| row.name == *of_name).map(|row| row.id),
                // Only a confirmed deletion is reported as one; an unknown outcome is reported as unknown.
                Ok(Err(error)) if deleted.is_empty() => {
                    failure = failure.or_else(|| Some((None, chain(&error))));
                    break;
                }
                Err(_) if deleted.is_empty() => {
                    failure = failure.or_else(|| Some((None, "the service took too long".to_owned())));
                    break;
                }
                Ok(Err(_)) | Err(_) => break,
            };
            let left: Vec<u64> = left.collect();
            failure = None;
            if left.is_empty() {
                break;
            }
            for id in left {
                deleted.retain(|known| *known != id);
                match self.delete_one(id).await {
                    Ok(()) => {
                        failure = Some((Some(id), "the service says it is deleted, but still lists it".to_owned()));
                        deleted.push(id);
                    }
                    Err(cause) => {
                        failure = Some((Some(id), cause));
                        break;
                    }
                }
            }
        }
        match failure {
            Some((id, cause)) => self.observer.event(&Event::TestLeft { id, name, cause }),
            None => {
                recorder.record.ephemeral = false;
                recorder.try_save(self.observer);
                deleted.into_iter().for_each(|id| self.observer.event(&Event::TestDeleted { id }));
            }
        }
    }

    /// Removes the data files that were sent for this run alone.
    async fn remove_files(&mut self, recorder: &mut Recorder<'_>) {
        let (true, Some(name)) = (recorder.record.sent_files, recorder.record.ephemeral_name.clone()) else { return };
        if sent_files::remove(&self.client, &name, STEP_LIMIT, self.observer).await {
            recorder.record.sent_files = false;
            recorder.try_save(self.observer);
        }
    }

    async fn delete_one(&self, id: u64) -> Result<(), String> {
        match timeout(STEP_LIMIT, self.client.delete_test(id)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(chain(&error)),
            Err(_) => Err("the service took too long".to_owned()),
        }
    }

    /// Looks for a second run of a start that was sent more than once or answered unclearly. Of a test that was made for
    /// this run alone every run is ours, and is cancelled; of a saved test another pipeline may have started it, and it
    /// is only named.
    pub(super) async fn stop_twins(&mut self, recorder: &Recorder<'_>, run_id: u64) {
        let (true, Some(intent)) = (recorder.may_have_twin, &recorder.record.intent) else {
            return;
        };
        let minutes = recorder.record.fingerprint.duration_s.map(|seconds| seconds as f64 / 60.0);
        let looking = RunCandidates::find(&self.client, intent, minutes);
        let Ok(Ok(found)) = timeout(TWIN_LIMIT, looking).await else {
            return;
        };
        for twin in found.of_test.into_iter().filter(|id| *id != run_id) {
            let seen = place(&self.client, twin);
            if !recorder.record.ephemeral {
                self.observer.event(&Event::Warning(format!(
                    "{seen} is of the same test and began after our start request; if no other pipeline started it, use \
                     `cancel --run-id {twin}`"
                )));
                continue;
            }
            let why = format!("one start made it beside run {run_id}");
            self.observer.event(&Event::Cancelling { run_id: twin, why });
            match stop_run(&self.client, twin, TWIN_LIMIT).await {
                Ok(_) => self.observer.event(&Event::Cancelled { run_id: twin }),
                Err(error) => self.observer.event(&Event::NotCancelled {
                    run_id: twin,
                    monitor_url: self.client.url().monitor(twin),
                    cause: chain(&error),
                }),
            }
        }
    }
}
