//! The cells.

use std::time::Duration;

use jiff::SignedDuration;

use super::cell::Cell;
use super::fault::{Answer, Fault, Pattern};
use super::service::{Call, Nature};
use super::story::Story;

const STATUSES: [u16; 17] = [400, 401, 402, 403, 404, 405, 409, 419, 422, 423, 429, 500, 501, 502, 503, 504, 511];

const OTHERS: [Answer; 15] = [
    Answer::Slow,
    Answer::AbsurdWait,
    Answer::Html,
    Answer::Redirect,
    Answer::Huge,
    Answer::Cut,
    Answer::Garbage,
    Answer::Empty,
    Answer::EmptyObject,
    Answer::WrongId,
    Answer::Bare,
    Answer::NoConnection,
    Answer::Closed,
    Answer::Hang,
    Answer::Right,
];

/// Every fault of a call.
fn faults(call: Call) -> Vec<Fault> {
    let answers = || STATUSES.into_iter().map(Answer::Status).chain(OTHERS);
    let not_done = answers().map(|answer| Fault::of(answer, false));
    // An answer in order that is not done is one; of a call that changes nothing it is no fault.
    let not_done = not_done.filter(|fault| fault.answer != Answer::Right || call.acts());
    let done = answers().filter(|answer| !matches!(answer, Answer::NoConnection | Answer::Right) && call.acts());
    let late = [Answer::Status(504), Answer::Closed]
        .into_iter()
        .filter(|_| call == Call::Start || call == Call::CreateTest)
        .map(|answer| Fault { late: Duration::from_secs(20), ..Fault::of(answer, true) });
    not_done.chain(done.map(|answer| Fault::of(answer, true))).chain(late).collect()
}

/// The patterns that make sense for a call that is made once or often.
fn patterns(call: Call) -> &'static [Pattern] {
    match call {
        Call::Poll | Call::ListRuns => &[Pattern::Once, Pattern::Second, Pattern::AfterFirst, Pattern::Always],
        _ => &[Pattern::Once, Pattern::Thrice, Pattern::Always],
    }
}

/// Every call under every fault in every story.
pub(crate) fn matrix() -> Vec<Cell> {
    let stories = [
        Story::Saved,
        Story::Script,
        Story::SavedTooLong,
        Story::ScriptTooLong,
        Story::Stopped(Call::Poll),
        Story::Stopped(Call::Start),
        Story::Detached,
        Story::WaitById,
        Story::Cancelled,
    ];
    let mut cells = Vec::new();
    let mut add = |story, nature, faults: Vec<(Call, Pattern, Fault)>| {
        let seed = cells.len() as u64;
        cells.push(Cell { story, nature, faults, seed });
    };
    for story in stories {
        for call in story.calls() {
            let nature = Nature { csv_by_address: call == Call::Download, ..Nature::default() };
            for fault in faults(call).into_iter().filter(|fault| story.can_be_known(Nature::default(), call, *fault)) {
                for pattern in patterns(call) {
                    add(story, nature, vec![(call, *pattern, fault)]);
                }
            }
        }
    }
    for story in [Story::Saved, Story::Script, Story::SavedTooLong] {
        for fault in faults(Call::Start) {
            for nature in natures().into_iter().filter(|nature| story.can_be_known(*nature, Call::Start, fault)) {
                add(story, nature, vec![(Call::Start, Pattern::Once, fault)]);
            }
            // The list that would tell does not, for a while.
            let closed = Fault::of(Answer::Closed, false);
            let refused = Fault::of(Answer::Status(403), false);
            for list in [closed, refused] {
                if !story.can_be_known(Nature::default(), Call::Start, fault) {
                    continue;
                }
                let faults = vec![(Call::Start, Pattern::Once, fault), (Call::ListRuns, Pattern::Second, list)];
                add(story, Nature::default(), faults);
            }
        }
    }
    for call in Call::ALL.into_iter().filter(|call| !matches!(call, Call::Download | Call::Cancel)) {
        add(Story::Killed(call), Nature::default(), Vec::new());
        for fault in [Fault::of(Answer::Closed, true), Fault::of(Answer::Status(504), false)] {
            add(Story::Killed(call), Nature::default(), vec![(call, Pattern::Once, fault)]);
        }
    }
    cells
}

fn natures() -> Vec<Nature> {
    let usual = Nature::default();
    let silent = Nature { test_id_in_list: false, ..usual };
    let mute = Nature { test_id_in_result: false, ..silent };
    let off = |minutes| Nature { clock: SignedDuration::from_mins(minutes), ..usual };
    let rival = |nature| Nature { rival: true, ..nature };
    vec![silent, mute, off(15), off(-15), rival(usual), rival(silent), rival(mute)]
}

/// A part of the matrix that is the same on every machine: every so many cells, from a different place in each story.
pub(crate) fn sample(cells: usize) -> Vec<Cell> {
    let all = matrix();
    let step = all.len() / cells;
    all.into_iter().enumerate().filter(|(index, _)| index % step == index / step % step).map(|(_, cell)| cell).collect()
}

/// Start requests that meet up to three faults in a row, in a service of any nature.
pub(crate) fn random_starts(seed: u64, count: usize) -> Vec<Cell> {
    let mut random = fastrand::Rng::with_seed(seed);
    let starts = faults(Call::Start);
    let lists: Vec<Fault> = faults(Call::ListRuns);
    (0..count)
        .map(|index| {
            let patterns = [Pattern::Once, Pattern::Second];
            let mut faults: Vec<_> = patterns
                .into_iter()
                .take(random.usize(1..=2))
                .map(|pattern| (Call::Start, pattern, starts[random.usize(..starts.len())]))
                .collect();
            if random.bool() {
                faults.push((Call::ListRuns, Pattern::Second, lists[random.usize(..lists.len())]));
            }
            let natures = natures();
            let nature = if random.bool() { Nature::default() } else { natures[random.usize(..natures.len())] };
            let story = if random.bool() { Story::Saved } else { Story::Script };
            let faults =
                faults.into_iter().filter(|(call, _, fault)| story.can_be_known(nature, *call, *fault)).collect();
            Cell { story, nature, faults, seed: seed + index as u64 }
        })
        .collect()
}
