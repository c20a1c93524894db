//! Users that were lost, never came, or waited for an answer that never came.

use super::evidence::{last_traceback, problem, seconds};
use crate::locust::process::invocation::LocustInvocation;
use crate::locust::process::run::Finished;
use crate::locust::record::Record;
use crate::results::{Problem, ProblemKind};
use crate::text::counted;

/// The share of the users from which hung ones make the whole run doubtful; below it, only the rows they could turn.
const HUNG_SHARE: f64 = 0.05;

/// Endpoints named.
const MOST_NAMED: usize = 3;

pub(super) fn lost(plan: &LocustInvocation, finished: &Finished) -> Option<Problem> {
    let record = &finished.record;
    let peak = peak(record);
    let (wanted, length) = (plan.users, plan.run_seconds() as f64);
    let raised: u64 = record.exceptions(true).map(|(_, seen)| seen.count).sum();
    if raised > 0 {
        let (text, seen) = record.exceptions(true).max_by_key(|(_, seen)| seen.count)?;
        let lost =
            if record.shape().is_some() { counted(raised, "user") } else { format!("{raised} of {wanted} users") };
        let message = format!("{lost} were lost before their first task: `on_start` raised {text}");
        return Some(problem(ProblemKind::UsersLost, message, Some(seen.traceback.clone())));
    }
    if let Some(shape) = record.shape() {
        let asked = record.most_wanted();
        return (peak < asked).then(|| {
            let message =
                format!("only {peak} of the {asked} users that the load shape {shape} asks for were ever running");
            problem(ProblemKind::UsersLost, message, None)
        });
    }
    // Where every class has a fixed count, there are never more.
    let wanted = record.fixed_users().map_or(wanted, |fixed| fixed.min(wanted));
    if !record.all_spawned() && peak < wanted {
        let needed = f64::from(wanted) / plan.spawn_rate;
        let why = if needed >= length {
            let (needed, lasted) = (seconds(needed), seconds(length));
            format!(": {} users per second need {needed} and the run lasted {lasted}", plan.spawn_rate)
        } else {
            String::new()
        };
        let message = format!("only {peak} of {wanted} users were ever running{why}");
        return Some(problem(ProblemKind::UsersLost, message, None));
    }
    let at_end = record.users_at_end()?;
    (at_end < wanted).then(|| {
        let lost = wanted - at_end;
        let message = format!("{lost} of {wanted} users stopped before the end: they crashed or stopped themselves");
        // Locust before 2.47 reports an exception in `on_start` in its log only.
        problem(ProblemKind::UsersLost, message, last_traceback(&finished.log).map(str::to_owned))
    })
}

/// Users that were in a request when they were killed, after the time that requests have to end. A user that waits sends
/// nothing else, so that the load was not what was asked for.
pub(super) fn hung(record: &Record) -> Option<Problem> {
    let hung: u64 = record.never_ended().iter().map(|open| open.requests).sum();
    let peak = peak(record).max(1);
    let open = never_ended(record)?;
    (hung as f64 >= f64::from(peak) * HUNG_SHARE).then(|| {
        let message = format!("{hung} of {} hung: {open}", counted(peak, "user"));
        problem(ProblemKind::UsersHung, message, None)
    })
}

/// The requests that never ended, in words.
pub(super) fn never_ended(record: &Record) -> Option<String> {
    let mut open = record.never_ended();
    open.sort_by_key(|open| std::cmp::Reverse(open.requests));
    let total: u64 = open.iter().map(|open| open.requests).sum();
    let oldest = open.iter().map(|open| open.oldest_s).reduce(f64::max)?;
    let mut names: Vec<String> =
        open.iter().take(MOST_NAMED).map(|open| format!("{} ({})", open.endpoint, open.requests)).collect();
    if open.len() > MOST_NAMED {
        names.push(format!("{} more", open.len() - MOST_NAMED));
    }
    Some(format!(
        "{} had not ended when the run was stopped, the oldest after {}: {}",
        counted(total, "request"),
        seconds(oldest.round()),
        names.join(", ")
    ))
}

fn peak(record: &Record) -> u32 {
    record.users().iter().map(|(_, users)| *users).max().unwrap_or(0)
}
