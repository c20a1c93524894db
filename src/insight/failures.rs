//! Failures by class, with the most frequent texts.

use std::collections::BTreeMap;

use super::words;
use crate::results::{ConnectionCause, Failure, FailureKind, Results};
use crate::text::counted;
use crate::verdict::{Finding, FindingKind, Unit};

/// Texts shown.
const MOST_TEXTS: usize = 3;

/// The classes of failures; each failure is in exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum FailureClass {
    Gateway,
    Server,
    Auth,
    RateLimit,
    Client,
    Timeout,
    Connection(ConnectionCause),
    Other,
}

impl FailureClass {
    fn of(failure: &Failure) -> Self {
        match failure.kind() {
            FailureKind::Http(502 | 504) => Self::Gateway,
            FailureKind::Http(401 | 403) => Self::Auth,
            FailureKind::Http(429) => Self::RateLimit,
            FailureKind::Http(400..=499) => Self::Client,
            FailureKind::Http(500..) => Self::Server,
            FailureKind::Timeout => Self::Timeout,
            FailureKind::Connection => Self::Connection(ConnectionCause::of(&failure.error)),
            FailureKind::Http(_) | FailureKind::Other | FailureKind::Unknown => Self::Other,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway errors (502, 504)",
            Self::Server => "server errors (5xx)",
            Self::Auth => "refused logins or rights (401, 403)",
            Self::RateLimit => "rate limits (429)",
            Self::Client => "refused requests (4xx)",
            Self::Timeout => "timeouts",
            Self::Connection(cause) => match cause {
                ConnectionCause::Refused => "refused connections",
                ConnectionCause::UnknownHost => "names that are not known (DNS)",
                ConnectionCause::SelfSigned => "certificates of an authority that is not known",
                ConnectionCause::CertificateExpired => "certificates that expired",
                ConnectionCause::CertificateName => "certificates for another name",
                ConnectionCause::PlainText => "TLS to a port that speaks plain text",
                ConnectionCause::Tls => "failures of TLS",
                ConnectionCause::Reset => "connections broken off",
                ConnectionCause::Unreachable => "hosts that cannot be reached",
                ConnectionCause::Other => "connections that failed",
            },
            Self::Other => "failed checks or exceptions of the script",
        }
    }

    const fn next(self) -> &'static str {
        match self {
            Self::Gateway => {
                "A proxy or load balancer answered, not the service: look whether instances restart or fail their health \
                 checks, and at the timeout between the two."
            }
            Self::Server => "Look at the service's own logs and error tracking for these endpoints and this time.",
            Self::Auth => {
                "Check the test's credentials and that every user logs in first; then the expiry of tokens during the run."
            }
            Self::RateLimit => {
                "The test was held back, so its response times say little about the service: raise the limit for the test, \
                 or send less."
            }
            Self::Client => "The script sends what the service does not take: compare paths, parameters and test data.",
            Self::Timeout => {
                "Requests waited longer than the script allows: look for a saturated service or dependency at this load."
            }
            Self::Connection(cause) => match cause {
                ConnectionCause::Refused => {
                    "Nothing listens there: check host and port of --target-host, whether the service is up, and whether it \
                     crashes under load."
                }
                ConnectionCause::UnknownHost => {
                    "Check the spelling of the host, and whether this machine's DNS server knows it."
                }
                ConnectionCause::SelfSigned => {
                    "Give the script the authority's certificate: self.client.verify = \"ca.pem\" in on_start. Locust's \
                     HttpUser does not read REQUESTS_CA_BUNDLE; for a test environment, verify = False will do."
                }
                ConnectionCause::CertificateExpired => "Renew the certificate of the host under test.",
                ConnectionCause::CertificateName => {
                    "The certificate names another host: use the name in it, or a certificate for this one."
                }
                ConnectionCause::PlainText => "Write http:// in --target-host, or use the port that speaks TLS.",
                ConnectionCause::Tls => "Compare the protocol versions and ciphers that both sides take.",
                ConnectionCause::Reset => {
                    "Look for restarts and crashes, limits on connections, and keep-alive times of a load balancer that are \
                     shorter than the client's."
                }
                ConnectionCause::Unreachable => {
                    "Check the network between this machine and the host: routes and firewalls."
                }
                ConnectionCause::Other => {
                    "Look at the network between the load generator and the service, and read the text."
                }
            },
            Self::Other => "Read the text: the script itself decided that these answers were wrong.",
        }
    }
}

pub(super) fn find(results: &Results) -> Option<Finding> {
    let failed = results.total.failures;
    if failed == 0 {
        return None;
    }
    let mut classes: BTreeMap<FailureClass, u64> = BTreeMap::new();
    let mut texts: BTreeMap<String, u64> = BTreeMap::new();
    for failure in &results.failures {
        let class = classes.entry(FailureClass::of(failure)).or_default();
        *class = class.saturating_add(failure.occurrences);
        let text = texts.entry(failure.excerpt()).or_default();
        *text = text.saturating_add(failure.occurrences);
    }
    let listed = classes.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
    let requests = results.total.requests;
    let rate = Unit::Percent.show(results.total.error_rate().unwrap_or(0.0));
    let sentence = format!("{} of {} failed ({rate})", Unit::Count.show(failed as f64), counted(requests, "request"));
    let mut by_count: Vec<(FailureClass, u64)> = classes.into_iter().filter(|(_, count)| *count > 0).collect();
    by_count.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let share = |count: u64| format!("{:.0} %", count as f64 * 100.0 / listed as f64);
    let finding = |sentence, evidence, next: &str| Finding::new(FindingKind::Failures, sentence, evidence, next);
    let Some(&(most, _)) = by_count.first() else {
        return Some(finding(
            format!("{sentence}, and no failure texts were delivered."),
            "the failures CSV is missing or empty".into(),
            "Look at the service's own logs for this time, or at the run's page.",
        ));
    };
    let kinds: Vec<String> =
        by_count.iter().map(|(class, count)| format!("{} {}", share(*count), class.name())).collect();
    let mut frequent: Vec<(String, u64)> = texts.into_iter().collect();
    frequent.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let shown: Vec<String> =
        frequent.iter().map(|(text, count)| format!("{} × {text}", Unit::Count.show(*count as f64))).collect();
    let mostly = if by_count.len() == 1 { "all of them" } else { "most often" };
    Some(finding(
        format!("{sentence}, {mostly} {}.", most.name()),
        format!("{}; most frequent: {}", kinds.join(", "), words::list(&shown, MOST_TEXTS)),
        most.next(),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{endpoint, results};
    use super::*;

    fn run(failures: &[(&str, u64)]) -> Results {
        let failed = failures.iter().map(|(_, count)| count).sum();
        let mut results = results(vec![endpoint("GET", "/a", 1_000, failed, 20.0)]);
        results.failures =
            failures.iter().map(|(error, occurrences)| Failure::new("GET", "/a", *error, *occurrences)).collect();
        results
    }

    #[test]
    fn classes_and_texts_are_told_by_their_share() {
        let finding = find(&run(&[
            ("HTTPError('502 Server Error: Bad Gateway for url: /a')", 30),
            ("HTTPError('503 Server Error: Service Unavailable for url: /a')", 8),
            ("RemoteDisconnected('Remote end closed connection\nwithout response')", 2),
        ]))
        .unwrap();
        insta::assert_snapshot!(format!("{}\n{}\n{}", finding.sentence, finding.evidence, finding.next), @r"
        40 of 1,000 requests failed (4 %), most often gateway errors (502, 504).
        75 % gateway errors (502, 504), 20 % server errors (5xx), 5 % connections broken off; most frequent: 30 × HTTPError('502 Server Error: Bad Gateway for url: /a'), 8 × HTTPError('503 Server Error: Service Unavailable for url: /a'), 2 × RemoteDisconnected('Remote end closed connection without response')
        A proxy or load balancer answered, not the service: look whether instances restart or fail their health checks, and at the timeout between the two.
        ");
    }

    #[test]
    fn without_failures_there_is_nothing_to_tell_and_without_texts_it_is_said() {
        assert_eq!(find(&run(&[])), None);
        let mut silent = run(&[("x", 5)]);
        silent.failures.clear();
        assert!(find(&silent).unwrap().sentence.ends_with("no failure texts were delivered."));
    }
}
