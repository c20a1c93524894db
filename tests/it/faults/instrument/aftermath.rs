//! What must hold, whatever the service did.

use std::fs;
use std::path::Path;
use std::time::Duration;

use loadforge_ci::loadforge::RunOutcome;

use super::service::{SECRET, StandIn, TOKEN};
use super::story::{Ended, Line, Story};

/// The longest silence of the log.
const LONGEST_SILENCE: Duration = Duration::from_secs(90);

/// The time from a signal to the end: five seconds to cancel the run, and as much to delete its test.
const STOP_LIMIT: Duration = Duration::from_secs(11);

/// What a cell left behind.
pub(crate) struct Aftermath {
    story: Story,
    said: Vec<Line>,
    ended: Vec<Ended>,
    /// All files of the results folder, one after the other.
    files: String,
    /// The runs that our client started: id, whether it was over when the last command ended, cancelled, finished.
    runs: Vec<(u64, bool, bool)>,
    /// Runs of others that were cancelled.
    foreign_cancelled: Vec<u64>,
    own_runs: Vec<u64>,
    /// Tests our client made that are still there: id and name.
    tests_left: Vec<(u64, String)>,
    saved_tests: usize,
    /// Time from the signal to the end.
    stopping: Option<Duration>,
    /// What was asked of the service.
    pub(crate) log: Vec<String>,
}

impl Aftermath {
    /// Takes stock right after the last command.
    pub(crate) fn of(story: Story, service: &StandIn, folder: &Path, said: Vec<Line>, ended: Vec<Ended>) -> Self {
        let state = service.state();
        let runs = state.runs.iter().filter(|(_, run)| run.ours);
        let aftermath = Self {
            story,
            said,
            ended,
            files: contents(folder),
            runs: runs.clone().map(|(id, run)| (*id, run.is_over(), run.cancelled)).collect(),
            own_runs: runs.map(|(id, _)| *id).collect(),
            foreign_cancelled: Vec::new(),
            tests_left: Vec::new(),
            saved_tests: 0,
            stopping: state.stopped_at.map(|at| at.elapsed()),
            log: state.log.clone(),
        };
        drop(state);
        aftermath.with_late(service)
    }

    /// Looks again once everything that was delayed has happened.
    pub(crate) fn later(mut self, service: &StandIn) -> Self {
        service.state().settle();
        let state = service.state();
        for (id, run) in state.runs.iter().filter(|(_, run)| run.ours) {
            if !self.own_runs.contains(id) {
                self.own_runs.push(*id);
                self.runs.push((*id, false, run.cancelled));
            }
        }
        drop(state);
        self.with_late(service)
    }

    fn with_late(mut self, service: &StandIn) -> Self {
        let state = service.state();
        self.log.clone_from(&state.log);
        self.foreign_cancelled = state.foreign_cancelled();
        let left = state.made_tests.iter().filter(|(id, _)| state.tests.contains_key(*id));
        self.tests_left = left.map(|(id, name)| (*id, name.clone())).collect();
        self.saved_tests = state.saved_tests();
        self
    }

    /// All output.
    fn all_words(&self) -> String {
        let lines = self.said.iter().map(|line| line.text.clone());
        lines.chain(self.ended.iter().map(|ended| ended.closing.clone())).collect::<Vec<_>>().join("\n")
    }

    /// The warnings and the last words.
    fn closing_words(&self) -> String {
        let warnings = self.said.iter().filter(|line| line.is_warning).map(|line| line.text.clone());
        warnings.chain(self.ended.iter().map(|ended| ended.closing.clone())).collect::<Vec<_>>().join("\n")
    }

    /// What does not hold, in words. Empty when all is well.
    pub(crate) fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let (closing, all) = (self.closing_words(), self.all_words());
        let going: Vec<u64> = self.runs.iter().filter(|(.., cancelled)| !cancelled).map(|(id, ..)| *id).collect();
        if going.len() > 1 {
            broken.push(format!("several runs: {going:?}"));
        }
        for (id, over, cancelled) in &self.runs {
            let by_id = closing.contains(&format!("run {id}")) && all.contains(&format!("/run/monitor/{id}"));
            let unknown = closing.contains("may have been started");
            if !(*over || *cancelled || by_id || unknown) {
                broken.push(format!("run {id} goes on unnamed"));
            }
        }
        for (id, name) in &self.tests_left {
            if !closing.contains(&format!("test {id}")) && !closing.contains(name.as_str()) {
                broken.push(format!("test {id} stays unnamed"));
            }
        }
        if self.saved_tests != 2 {
            broken.push("a test of somebody else was deleted".to_owned());
        }
        if !self.foreign_cancelled.is_empty() && self.story != Story::WaitById {
            broken.push(format!("runs of others were cancelled: {:?}", self.foreign_cancelled));
        }
        for ended in &self.ended {
            if ended.took > ended.limit {
                broken.push(format!("took {} s of {} s", ended.took.as_secs(), ended.limit.as_secs()));
            }
            let finished = ended.end.as_ref().filter(|end| end.outcome == RunOutcome::Finished);
            if let Some(end) = finished
                && self.story != Story::WaitById
                && !self.runs.iter().any(|(id, over, cancelled)| Some(*id) == end.run_id && *over && !*cancelled)
            {
                broken.push(format!("{:?} is said to be finished and is not ours or not over", end.run_id));
            }
        }
        if let Some(took) = self.stopping.filter(|took| *took > STOP_LIMIT) {
            broken.push(format!("took {} s to stop", took.as_secs()));
        }
        let silence = self.said.windows(2).map(|pair| pair[1].at - pair[0].at).max().unwrap_or_default();
        if silence > LONGEST_SILENCE {
            broken.push(format!("{} s of silence", silence.as_secs()));
        }
        for (name, secret) in [("token", TOKEN), ("secret", SECRET)] {
            // `wait` and `cancel` do not know the script.
            let is_known = name == "token" || self.story.knows_its_secret();
            if is_known && all.contains(secret) || self.files.contains(secret) {
                broken.push(format!("the {name} is shown"));
            }
        }
        broken
    }

    /// Whether a line that holds these words was written.
    pub(crate) fn says(&self, words: &str) -> bool {
        self.all_words().contains(words)
    }

    /// The output, the requests and the remaining files, to look into a cell.
    pub(crate) fn story(&self) -> String {
        let lines: Vec<_> = self.said.iter().map(|line| format!("  {}", line.text)).collect();
        let ends: Vec<_> =
            self.ended.iter().map(|ended| format!("  = {} ({} s)", ended.closing, ended.took.as_secs())).collect();
        format!("{}\n{}\n  asked: {}", lines.join("\n"), ends.join("\n"), self.log.join(" | "))
    }
}

fn contents(folder: &Path) -> String {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| fs::read_to_string(entry.path()).ok()).collect::<Vec<_>>().join("\n")
}
