//! What must not stay behind: tests made for one run.

use std::time::Duration;

use tokio::time::timeout;

use super::Session;
use crate::error::chain;
use crate::loadforge::event::Event;
use crate::loadforge::recorder::Recorder;
use crate::results::RunRecord;

/// Time allowed to delete a test that was made for one run.
const CLEAN_UP_LIMIT: Duration = Duration::from_secs(5);

impl Session<'_> {
    /// Deletes the test of an earlier record that was made for its run alone and is still there.
    pub(super) async fn clean_up_after(&mut self, record: RunRecord) {
        let folder = self.folder.clone();
        if record.identity.api_url == self.client.url().to_string() {
            self.delete_test(&mut Recorder::new(&folder, record)).await;
        }
    }

    /// Deletes the test that was made for this run alone, with the secrets in it; says so when that fails.
    pub(super) async fn delete_test(&mut self, recorder: &mut Recorder<'_>) {
        let (true, Some(id)) = (recorder.record.ephemeral, recorder.record.test_id) else {
            return;
        };
        match timeout(CLEAN_UP_LIMIT, self.client.delete_test(id)).await {
            Ok(Ok(_)) => {
                recorder.record.ephemeral = false;
                recorder.try_save(self.observer);
                self.observer.event(&Event::TestDeleted { id });
            }
            Ok(Err(error)) => self.observer.event(&Event::TestLeft { id, cause: chain(&error) }),
            Err(_) => {
                self.observer.event(&Event::TestLeft { id, cause: "the service took too long".to_owned() });
            }
        }
    }
}
