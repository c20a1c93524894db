//! What should be written where, decided from what was read and without any network.

use std::collections::BTreeMap;

use super::marker::{CommentBody, MarkerKind, Stored};

/// Sections a comment holds at most; their hidden lines alone would fill it otherwise. Passing and old ones go first.
const MAX_SECTIONS: usize = 50;

/// A comment of ours as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) id: u64,
    /// Its name in the GraphQL API.
    pub(super) node: String,
    pub(super) url: String,
    pub(super) body: CommentBody,
}

/// Where a result goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placement {
    /// Into the one comment that is changed in place.
    Sticky,
    /// Into a comment of its commit, a new one if the test is in it already.
    Fresh {
        /// Whether the other tests' results move along, because the earlier comment will be hidden or deleted.
        carry: bool,
    },
    /// Into this comment, wherever it is.
    InPlace(u64),
}

/// The newest section seen of every other test while this publication runs. What another job wrote over by accident is
/// put back from here.
pub(super) type StoredSections = BTreeMap<String, Stored>;

/// What should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CommentPlan {
    /// The comment to write; `None` to make one.
    pub(super) target: Option<u64>,
    /// What it is for.
    pub(super) kind: MarkerKind,
    /// What it should hold, the worst first.
    pub(super) sections: Vec<Stored>,
    /// Results left out because there are more than a comment can hold.
    pub(super) left_out: usize,
    /// Whether it holds all that already.
    pub(super) settled: bool,
    /// Comments that two jobs made at the same moment and that the target replaces.
    pub(super) duplicates: Vec<u64>,
}

/// How new a section is, the newest greatest: one of the pull request's newest commit, then by the run's time, then by
/// the time of judging. A copy is less than its original.
pub(super) fn rank(section: &Stored, head: &str) -> (bool, (i64, i64), bool) {
    (section.commit.as_deref() == Some(head), section.times(), !section.carried)
}

/// The newest result shown of a test, other than `mine`, and the comment it is in.
pub(super) fn shown<'a>(own: &'a [Seen], mine: &Stored, head: &str) -> Option<(&'a Seen, &'a Stored)> {
    own.iter()
        .flat_map(|seen| seen.body.sections.iter().map(move |section| (seen, section)))
        .filter(|(_, section)| section.key == mine.key && section.id != mine.id)
        .max_by_key(|(seen, section)| (rank(section, head), seen.id))
}

/// Decides. `own` is sorted by id and holds only comments proven ours; `known` gains what is seen.
pub(super) fn plan(
    own: &[Seen],
    known: &mut StoredSections,
    mine: &Stored,
    placement: Placement,
    head: &str,
) -> CommentPlan {
    let fresh = MarkerKind::Fresh { commit: mine.commit.clone() };
    let (kind, candidates): (MarkerKind, Vec<&Seen>) = match placement {
        Placement::Sticky => {
            (MarkerKind::Sticky, own.iter().filter(|seen| seen.body.kind == MarkerKind::Sticky).collect())
        }
        Placement::Fresh { .. } => (fresh, of_this_commit(own, mine)),
        Placement::InPlace(id) => match own.iter().find(|seen| seen.id == id) {
            Some(seen) => (seen.body.kind.clone(), vec![seen]),
            None => (fresh, of_this_commit(own, mine)),
        },
    };
    // Two jobs that each made a comment at the same moment agree on the first of them.
    let target = candidates.first().copied();
    for section in candidates.iter().flat_map(|seen| &seen.body.sections) {
        absorb(known, section.clone(), head);
    }
    if placement == (Placement::Fresh { carry: true })
        && let Some(previous) = own.iter().rev().find(|seen| candidates.iter().all(|ours| ours.id != seen.id))
    {
        for section in &previous.body.sections {
            absorb(known, Stored { carried: true, ..section.clone() }, head);
        }
    }
    known.remove(&mine.key);

    let mut sections: Vec<Stored> = known.values().cloned().chain([mine.clone()]).collect();
    let left_out = sections.len().saturating_sub(MAX_SECTIONS);
    sections.sort_by(|a, b| {
        (b.id == mine.id)
            .cmp(&(a.id == mine.id))
            .then(b.outcome.cmp(&a.outcome))
            .then(rank(b, head).cmp(&rank(a, head)))
    });
    sections.truncate(MAX_SECTIONS);
    sections.sort_by(|a, b| b.outcome.cmp(&a.outcome).then_with(|| a.key.cmp(&b.key)));

    let settled = target.is_some_and(|seen| {
        sections.iter().all(|wanted| {
            seen.body.sections.iter().any(|there| {
                there.key == wanted.key
                    && (there.id == wanted.id || (there.key != mine.key && rank(there, head) >= rank(wanted, head)))
            })
        })
    });
    let duplicates = candidates
        .iter()
        .skip(1)
        .filter(|seen| placement == Placement::Sticky || holds_only(seen, mine))
        .map(|seen| seen.id)
        .collect();
    CommentPlan { target: target.map(|seen| seen.id), kind, sections, left_out, settled, duplicates }
}

/// Whether a comment has this result and no other but copies.
pub(super) fn holds_only(seen: &Seen, mine: &Stored) -> bool {
    let sections = &seen.body.sections;
    sections.iter().any(|section| section.id == mine.id)
        && sections.iter().all(|section| section.id == mine.id || section.carried)
}

/// The comments a result may join: made for its commit, after the last one that shows another result of its test.
fn of_this_commit<'a>(own: &'a [Seen], mine: &Stored) -> Vec<&'a Seen> {
    let has = |seen: &Seen, test: &dyn Fn(&Stored) -> bool| seen.body.sections.iter().any(test);
    let earlier = |section: &Stored| section.key == mine.key && section.id != mine.id && !section.carried;
    let after = own.iter().filter(|seen| has(seen, &earlier)).map(|seen| seen.id).max().unwrap_or(0);
    own.iter()
        .filter(|seen| seen.id > after)
        .filter(|seen| match &seen.body.kind {
            MarkerKind::Fresh { commit: Some(commit) } => Some(commit) == mine.commit.as_ref(),
            MarkerKind::Fresh { commit: None } => has(seen, &|section| section.id == mine.id),
            MarkerKind::Sticky => false,
        })
        .collect()
}

fn absorb(known: &mut StoredSections, section: Stored, head: &str) {
    match known.get_mut(&section.key) {
        Some(there) if rank(there, head) >= rank(&section, head) => {}
        Some(there) => *there = section,
        None => {
            known.insert(section.key.clone(), section);
        }
    }
}
