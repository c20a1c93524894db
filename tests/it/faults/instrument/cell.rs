//! One cell of the matrix.

use std::fmt;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::sleep;

use super::aftermath::Aftermath;
use super::fault::{Fault, Pattern};
use super::service::{Call, Nature, StandIn};
use super::story::Story;

/// A story, what the service is like, and what goes wrong.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) story: Story,
    pub(crate) nature: Nature,
    pub(crate) faults: Vec<(Call, Pattern, Fault)>,
    /// Decides what is random: pauses and names.
    pub(crate) seed: u64,
}

impl Cell {
    /// A cell with these faults in a usual service.
    pub(crate) fn new(story: Story, faults: &[(Call, Pattern, Fault)]) -> Self {
        Self { story, nature: Nature::default(), faults: faults.to_vec(), seed: 1 }
    }

    /// Plays the cell under a paused clock that advances only while everything waits. No socket can be opened.
    pub(crate) fn observe(&self) -> Aftermath {
        fastrand::seed(self.seed);
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let service = StandIn::new(self.nature);
            if self.story == Story::WaitById {
                service.state().add_other_run();
            }
            for (call, pattern, fault) in &self.faults {
                service.fault(*call, *pattern, *fault);
            }
            let mut said = Vec::new();
            let ended = self.story.play(&service, folder.path(), &mut said).await;
            let aftermath = Aftermath::of(self.story, &service, folder.path(), said, ended);
            sleep(Duration::from_secs(300)).await;
            aftermath.later(&service)
        })
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.story)?;
        for (call, pattern, fault) in &self.faults {
            write!(f, ", {call:?} {pattern:?} {fault}")?;
        }
        let Nature { test_id_in_list, test_id_in_result, clock, rival, csv_by_address } = self.nature;
        for (says, word) in [
            (!test_id_in_list, "rows without test"),
            (!test_id_in_result, "results without test"),
            (rival, "rival"),
            (csv_by_address, "CSV by address"),
        ] {
            write!(f, "{}", if says { format!(", {word}") } else { String::new() })?;
        }
        if !clock.is_zero() {
            write!(f, ", clock {} min off", clock.as_mins())?;
        }
        Ok(())
    }
}
