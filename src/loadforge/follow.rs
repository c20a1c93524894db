//! Following a run to its end, through outages, with signs of life.

use std::time::Duration;

use jiff::Timestamp;
use tokio::select;
use tokio::time::{Instant, sleep_until};

use super::client::Client;
use super::error::ApiError;
use super::event::{Event, Observer};
use super::progress::Progress;
use super::recorder::Recorder;
use super::resend::decide;
use super::retry::{Repeat, RetryDecision};
use super::schedule::{Schedule, heartbeat};
use super::stop::{Signal, StopSignals};
use super::watch::{RunWatch, figures};
use super::wire::ResultRow;
use crate::results::{EarlyStop, Engine, LiveFigures, RunState};

/// How long refusals are taken for a fault that passes: a run that was just started may not be known yet, and a service
/// that answered before may do so again.
const REFUSED_PATIENCE: Duration = Duration::from_secs(3 * 60);

/// The longest pause between two looks at our own engine, which counts by itself: a line never shows older numbers.
const LOCAL_LOOKS: Duration = Duration::from_secs(2);

/// What to follow.
pub(super) struct Follow<'a> {
    pub(super) client: &'a Client,
    pub(super) run_id: u64,
    /// How long load is sent.
    pub(super) expected: Duration,
    /// Whether the run was started just now.
    pub(super) fresh: bool,
    /// The overall timeout.
    pub(super) deadline: Instant,
    /// Whether progress has a line of its own, which is written over every second.
    pub(super) live_line: bool,
}

/// Why following ended.
pub(super) enum Ended {
    /// The run has ended.
    Over { state: RunState, row: Box<ResultRow> },
    /// The overall timeout passed; `outage` when the service did not answer at that time.
    TimedOut { outage: Option<String> },
    /// A stop rule was hit; the run still goes on.
    Hit { stop: EarlyStop, row: Box<ResultRow> },
    /// Somebody asked to stop.
    Stopped(Signal),
    /// The service keeps refusing to show the run; `heard` when it was shown before.
    Refused { error: ApiError, heard: bool },
}

impl Follow<'_> {
    /// Follows the run until it ends, the time limit passes, a stop is requested, or the service refuses permanently.
    pub(super) async fn until_over(
        &self,
        recorder: &mut Recorder<'_>,
        observer: &mut dyn Observer,
        stop: &mut StopSignals,
        watch: &mut dyn RunWatch,
    ) -> Ended {
        let (began, pace) = (Instant::now(), self.client.pace());
        let mut schedule = Schedule::new(self.expected, self.fresh);
        // A server on this machine may run shortened minutes, and looking at it costs nothing.
        if self.client.url().is_loopback() && recorder.record.identity.engine == Engine::Loadforge {
            schedule = schedule.at_most(Duration::from_secs(1));
        } else if recorder.record.identity.engine == Engine::Local || self.live_line {
            schedule = schedule.at_most(LOCAL_LOOKS);
        }
        let beat_after = |after| if self.live_line { Duration::from_secs(1) } else { heartbeat(after) };
        let mut last_line = None;
        let mut last_figures: Option<LiveFigures> = None;
        let mut progress = Progress { state: recorder.record.state(), ..Progress::default() };
        let mut outage = Outage::default();
        let mut heard = self.fresh;
        let mut refused_since = None;
        let mut load_since = None;
        let mut next_look = began;
        let mut next_beat = began + pace.of(beat_after(Duration::ZERO));
        loop {
            // The request continues while log lines are written: it may take as long as any request.
            let look = async move {
                sleep_until(next_look).await;
                self.client.result_once(self.run_id).await
            };
            let mut look = std::pin::pin!(look);
            let answer = loop {
                select! {
                    biased;
                    signal = stop.signal() => return Ended::Stopped(signal),
                    () = sleep_until(self.deadline) => return Ended::TimedOut { outage: outage.cause.take() },
                    answer = &mut look => break answer,
                    () = sleep_until(next_beat) => {
                        progress.after = began.elapsed();
                        if let Some(live) = &last_figures {
                            progress.failing = watch.failing(live);
                            let counted = live.measured.total.histogram.is_some();
                            progress.requests_per_s = rate(&mut last_line, live).filter(|_| counted).or(progress.requests_per_s);
                        }
                        observer.event(&Event::Progress(progress.clone()));
                        next_beat = Instant::now() + pace.of(beat_after(progress.after));
                    }
                }
            };
            let now = Instant::now();
            let after = now - began;
            match answer {
                Ok(row) => {
                    heard = true;
                    refused_since = None;
                    if let Some(lasted) = outage.end(now) {
                        observer.event(&Event::OutageEnded { lasted });
                    }
                    let state = row.state().or(progress.state).unwrap_or(RunState::Queued);
                    if recorder.state(state, observer) {
                        observer.event(&Event::State { state, after });
                    }
                    if state.is_end() {
                        return Ended::Over { state, row: Box::new(row) };
                    }
                    progress = Progress { state: Some(state), ..Progress::of(&row) };
                    schedule.looked(after, state, row.created_at.and_then(age));
                    let mut pause = schedule.pause(after);
                    if state == RunState::Running {
                        let load = now - *load_since.get_or_insert(now);
                        let live = figures(self.client, &row, load, self.expected);
                        if let Some(stop) = watch.look(&live) {
                            return Ended::Hit { stop, row: Box::new(row) };
                        }
                        progress = progress.with(&live);
                        last_figures = Some(live);
                        pause = pause.min(watch.longest_pause().unwrap_or(pause));
                    }
                    next_look = now + pace.of(pause);
                }
                Err(error) => {
                    let at_least = match asked_wait(&error) {
                        Some(at_least) => at_least,
                        None => {
                            let patience = pace.of(REFUSED_PATIENCE);
                            let wrong_token = !heard && matches!(error.status(), Some(401 | 403));
                            if wrong_token || now - *refused_since.get_or_insert(now) >= patience {
                                return Ended::Refused { error, heard };
                            }
                            Duration::ZERO
                        }
                    };
                    if outage.goes_on(now, error.to_string()) {
                        observer.event(&Event::OutageBegan { cause: error.to_string() });
                    }
                    let jitter = 0.75 + fastrand::f64() / 2.0;
                    let pause = pace.of(schedule.outage_pause(outage.tries)).mul_f64(jitter);
                    next_look = now + pause.max(at_least);
                }
            }
        }
    }
}

/// The throughput since the line before, requests/s; `None` where nothing is known of it.
fn rate(last_line: &mut Option<(Duration, u64)>, live: &LiveFigures) -> Option<f64> {
    let now = (live.after, live.measured.total.requests);
    let before = last_line.filter(|(at, _)| *at < now.0);
    if before.is_some() || last_line.is_none() {
        *last_line = Some(now);
    }
    let (at, requests) = before?;
    Some(now.1.saturating_sub(requests) as f64 / (now.0 - at).as_secs_f64())
}

/// How long to wait at least when an error may pass however long it takes, or `None` when it is a refusal. A redirect or
/// a web page is a maintenance page as often as a wrong token.
fn asked_wait(error: &ApiError) -> Option<Duration> {
    match (decide(error, Repeat::Safe), error) {
        (RetryDecision::Retry { at_least }, _) => Some(at_least),
        (_, ApiError::Redirected { .. } | ApiError::WebPage { .. }) => Some(Duration::ZERO),
        _ => None,
    }
}

/// A time in which the service does not answer.
#[derive(Default)]
struct Outage {
    since: Option<Instant>,
    cause: Option<String>,
    tries: u32,
}

impl Outage {
    /// Notes a failed look; true for the first.
    fn goes_on(&mut self, now: Instant, cause: String) -> bool {
        self.cause = Some(cause);
        self.tries += 1;
        self.since.replace(self.since.unwrap_or(now)).is_none()
    }

    /// Notes an answer; returns how long there was none.
    fn end(&mut self, now: Instant) -> Option<Duration> {
        std::mem::take(self).since.map(|since| now - since)
    }
}

/// How long ago something was, by this machine's clock; `None` when that clock is behind.
fn age(at: Timestamp) -> Option<Duration> {
    Duration::try_from(Timestamp::now().duration_since(at)).ok()
}
