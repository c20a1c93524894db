//! Logs at least one line per minute while a command waits: CircleCI kills a step after 10 minutes without output.

use std::cell::RefCell;
use std::mem;
use std::pin::pin;
use std::time::Duration;

use tokio::select;
use tokio::time::{Instant, sleep_until};

use super::Session;
use crate::loadforge::event::{Event, Observer};
use crate::loadforge::stop::StopSignals;
use crate::loadforge::watch::NoWatch;

/// The longest silence.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// An observer, and the time of the last event it received.
struct Heard<'a> {
    observer: &'a mut dyn Observer,
    last: Instant,
}

impl Heard<'_> {
    fn event(&mut self, event: &Event) {
        self.last = Instant::now();
        self.observer.event(event);
    }
}

impl Session<'_> {
    /// Awaits a future and logs a line whenever nothing else was logged for a minute.
    pub(in crate::loadforge) async fn with_signs_of_life<T>(
        &mut self,
        doing: impl AsyncFnOnce(&mut Session<'_>) -> T,
    ) -> T {
        let began = Instant::now();
        let silence = self.client.pace().of(LONGEST_SILENCE).max(Duration::from_millis(50));
        let heard = RefCell::new(Heard { observer: &mut *self.observer, last: began });
        let mut observer = |event: &Event| heard.borrow_mut().event(event);
        let mut inner = Session {
            client: self.client.clone(),
            folder: self.folder.clone(),
            observer: &mut observer,
            stop: mem::replace(&mut self.stop, StopSignals::never()),
            live_line: self.live_line,
            watch: mem::replace(&mut self.watch, Box::new(NoWatch)),
            deadline: self.deadline,
        };
        let done = {
            let mut doing = pin!(doing(&mut inner));
            loop {
                let next = heard.borrow().last + silence;
                select! {
                    biased;
                    done = &mut doing => break done,
                    () = sleep_until(next) => {
                        let mut heard = heard.borrow_mut();
                        if heard.last.elapsed() >= silence {
                            heard.event(&Event::StillWaiting { after: began.elapsed() });
                        }
                    }
                }
            }
        };
        let Session { client, stop, watch, deadline, .. } = inner;
        (self.client, self.stop, self.watch, self.deadline) = (client, stop, watch, deadline);
        done
    }
}
