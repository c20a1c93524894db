//! Which requests are sent again, decided by a pure function, and how long is waited in between.

use std::time::Duration;

/// Whether doing a request twice is the same as doing it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Reading, deleting, cancelling, setting: yes.
    Safe,
    /// Starting and creating: no.
    Once,
}

/// What happened to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// An answer with this status.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The service's `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// A good status, but the answer makes no sense (cut off, not JSON, without an id).
    Unreadable,
    /// A redirect or a web page: not logged in, or not an API.
    Elsewhere,
    /// No connection was made.
    NotSent,
    /// The request was sent, the answer was not received.
    Lost,
    /// The answer is larger than anything the service should send.
    TooLarge,
    /// The server's certificate is not trusted.
    Certificate,
    /// Nothing that would change by sending it again.
    Hopeless,
}

/// One try of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// Whether the request may be sent twice.
    pub repeat: Repeat,
    /// What happened to it.
    pub outcome: AttemptOutcome,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryDecision {
    /// It worked.
    Done,
    /// Send it again, not before the time the service asked for.
    Retry {
        /// The shortest wait.
        at_least: Duration,
    },
    /// It may have been carried out: look before sending it again.
    LookFirst,
    /// A definite no.
    GiveUp,
}

/// The longest wait a service can ask for: one absurd `Retry-After` must not end the following of a paid run.
pub(super) const LONGEST_ASKED_WAIT: Duration = Duration::from_secs(120);

/// Decides what follows an attempt.
///
/// A 4xx is a definite no, except 408, 425 and 429, which ask for another try; of these only 408 leaves it open
/// whether the request was carried out (RFC 9110, section 15.5.9). 501, 505 and 511 will not get better by waiting.
#[must_use]
pub fn classify(attempt: &Attempt) -> RetryDecision {
    let again =
        |asked: Option<Duration>| RetryDecision::Retry { at_least: asked.unwrap_or_default().min(LONGEST_ASKED_WAIT) };
    let unsure = |at_least| if attempt.repeat == Repeat::Safe { again(at_least) } else { RetryDecision::LookFirst };
    match attempt.outcome {
        AttemptOutcome::Answered { status: 200..=299, .. } => RetryDecision::Done,
        AttemptOutcome::Answered { status: 425 | 429, retry_after } => again(retry_after),
        AttemptOutcome::Answered { status: 501 | 505 | 511 | 300..=407 | 409..=499, .. } => RetryDecision::GiveUp,
        AttemptOutcome::Answered { retry_after, .. } => unsure(retry_after),
        AttemptOutcome::NotSent => again(None),
        AttemptOutcome::Unreadable | AttemptOutcome::Lost => unsure(None),
        // A proxy may have put its own page in the place of an answer: what was asked may be done.
        AttemptOutcome::Elsewhere | AttemptOutcome::TooLarge if attempt.repeat == Repeat::Once => {
            RetryDecision::LookFirst
        }
        AttemptOutcome::Elsewhere
        | AttemptOutcome::TooLarge
        | AttemptOutcome::Certificate
        | AttemptOutcome::Hopeless => RetryDecision::GiveUp,
    }
}

/// How fast the pauses of this module's waiting go: 1 is real time. A factor instead of a fake clock, because a clock
/// that jumps would also let the time limits of real connections run out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PauseFactor(f64);

impl PauseFactor {
    /// Real time.
    pub const REAL: Self = Self(1.0);

    /// Pauses multiplied by a factor from 0 to 1.
    #[must_use]
    pub fn scaled(factor: f64) -> Self {
        Self(if factor.is_finite() { factor.clamp(0.0, 1.0) } else { 1.0 })
    }

    /// A pause at this pace.
    #[must_use]
    pub fn of(self, pause: Duration) -> Duration {
        pause.mul_f64(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every status from 100 to 599, neighbors with the same decision as one line.
    fn table(repeat: Repeat) -> String {
        let decide = |outcome| match classify(&Attempt { repeat, outcome }) {
            RetryDecision::Retry { .. } => "Retry".to_owned(),
            other => format!("{other:?}"),
        };
        let mut lines: Vec<(u16, u16, String)> = Vec::new();
        for status in 100..=599 {
            let decision = decide(AttemptOutcome::Answered { status, retry_after: None });
            match lines.last_mut() {
                Some((_, last, same)) if *same == decision => *last = status,
                _ => lines.push((status, status, decision)),
            }
        }
        let mut text = String::new();
        for (first, last, decision) in lines {
            let range = if first == last { first.to_string() } else { format!("{first}-{last}") };
            text += &format!("{range:<12}{decision}\n");
        }
        for outcome in [
            AttemptOutcome::Unreadable,
            AttemptOutcome::Elsewhere,
            AttemptOutcome::TooLarge,
            AttemptOutcome::NotSent,
            AttemptOutcome::Lost,
            AttemptOutcome::Certificate,
            AttemptOutcome::Hopeless,
        ] {
            text += &format!("{:<12}{}\n", format!("{outcome:?}"), decide(outcome));
        }
        text
    }

    #[test]
    fn a_safe_request_is_sent_again_when_waiting_may_help() {
        insta::assert_snapshot!(table(Repeat::Safe), @r"
        100-199     Retry
        200-299     Done
        300-407     GiveUp
        408         Retry
        409-424     GiveUp
        425         Retry
        426-428     GiveUp
        429         Retry
        430-499     GiveUp
        500         Retry
        501         GiveUp
        502-504     Retry
        505         GiveUp
        506-510     Retry
        511         GiveUp
        512-599     Retry
        Unreadable  Retry
        Elsewhere   GiveUp
        TooLarge    GiveUp
        NotSent     Retry
        Lost        Retry
        Certificate GiveUp
        Hopeless    GiveUp
        ");
    }

    #[test]
    fn a_start_is_sent_again_only_when_it_was_certainly_not_carried_out() {
        insta::assert_snapshot!(table(Repeat::Once), @r"
        100-199     LookFirst
        200-299     Done
        300-407     GiveUp
        408         LookFirst
        409-424     GiveUp
        425         Retry
        426-428     GiveUp
        429         Retry
        430-499     GiveUp
        500         LookFirst
        501         GiveUp
        502-504     LookFirst
        505         GiveUp
        506-510     LookFirst
        511         GiveUp
        512-599     LookFirst
        Unreadable  LookFirst
        Elsewhere   LookFirst
        TooLarge    LookFirst
        NotSent     Retry
        Lost        LookFirst
        Certificate GiveUp
        Hopeless    GiveUp
        ");
    }

    #[test]
    fn the_wait_the_service_asks_for_is_kept() {
        let outcome = AttemptOutcome::Answered { status: 429, retry_after: Some(Duration::from_secs(7)) };
        for repeat in [Repeat::Safe, Repeat::Once] {
            let decision = classify(&Attempt { repeat, outcome });
            assert_eq!(decision, RetryDecision::Retry { at_least: Duration::from_secs(7) });
        }
    }

    #[test]
    fn an_absurd_wait_is_cut() {
        let outcome = AttemptOutcome::Answered { status: 503, retry_after: Some(Duration::from_secs(1 << 30)) };
        let decision = classify(&Attempt { repeat: Repeat::Safe, outcome });
        assert_eq!(decision, RetryDecision::Retry { at_least: Duration::from_secs(120) });
    }
}
