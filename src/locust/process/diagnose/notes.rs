//! Notes about a run's numbers that do not make them doubtful.

use super::evidence::seconds;
use super::users;
use crate::locust::process::invocation::LocustInvocation;
use crate::locust::process::run::{Finished, StopRequest};
use crate::results::STAGES_CLASS;
use crate::text::{counted, duration};

/// What was done to the numbers, and what of the script decided in place of a flag.
#[must_use]
pub fn notes(plan: &LocustInvocation, finished: &Finished) -> Vec<String> {
    let record = &finished.record;
    let mut notes = Vec::new();
    if let (Some(reset), Some(start)) = (record.reset(), record.started()) {
        let after = seconds((reset - start).round());
        notes.push(format!("the script reset its statistics after {after}: what was measured before is left out"));
    }
    if record.odd_times() > 0 {
        notes.push(format!(
            "{} negative, NaN, infinite or no number: the requests count, their times do not",
            match record.odd_times() {
                1 => "1 response time was".to_owned(),
                odd => format!("{} were", counted(odd, "response time")),
            }
        ));
    }
    if let Some(open) = users::never_ended(record) {
        notes.push(format!("{open}. They are in no count and no time"));
    }
    if let Some(shape) = record.shape().filter(|shape| *shape != STAGES_CLASS) {
        let users = counted(record.most_wanted(), "user");
        let length = duration(plan.run_time);
        notes.push(match finished.stop {
            Some(StopRequest::Shape) => format!(
                "the load shape {shape} decides the users (at most {users}), not --users; it was still running after \
                 {length} (--duration) and was stopped"
            ),
            _ => {
                format!("the load shape {shape} decides users (at most {users}) and length, not --users and --duration")
            }
        });
    }
    if let Some(fixed) = record.fixed_users().filter(|fixed| *fixed < plan.users) {
        notes.push(format!(
            "every user class has a fixed_count, {} in all: --users {} is more than there can be",
            counted(fixed, "user"),
            plan.users
        ));
    }
    notes.extend(hosts(plan, finished));
    notes
}

/// Notes about the hosts of a script that names several.
fn hosts(plan: &LocustInvocation, finished: &Finished) -> Option<String> {
    let (hosts, kept) = finished.record.hosts();
    let target = plan.host.as_deref()?;
    kept.then(|| {
        format!(
            "the script's user classes name {} hosts ({}), so that each keeps its own: --target-host {target} applies to \
             classes without a host, and reaches the script as TARGET_HOST",
            hosts.len(),
            hosts.join(", ")
        )
    })
}
