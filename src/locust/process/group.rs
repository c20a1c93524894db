//! The process group Locust and its workers run in.

use std::io;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::{Child, Command};

/// A child process that leads a group of its own. The group is killed when this is dropped: no worker outlives its
/// run, whatever becomes of the server.
pub(super) struct ProcessGroup {
    child: Child,
    leader: Option<Pid>,
    reaped: bool,
}

impl ProcessGroup {
    /// Starts the command in a group of its own, so that a terminal's Ctrl-C reaches us alone and we decide.
    pub(super) fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.process_group(0).spawn()?;
        let leader = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        Ok(Self { child, leader, reaped: false })
    }

    /// Waits for the leader.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.reaped = status.is_ok();
        status
    }

    /// Asks the leader to end in order; it stops its workers.
    pub(super) fn terminate(&self) {
        if let Some(leader) = self.leader.filter(|_| !self.reaped) {
            // An error only means that it has ended already.
            let _ = kill_process(leader, Signal::TERM);
        }
    }

    /// Ends all processes of the group at once.
    pub(super) fn kill(&self) {
        if let Some(leader) = self.leader {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.kill();
    }
}
