//! One file per format: console, markdown, html, junit, json, and the JSON schemas. [`FORMATS`] lists those that are
//! written into the results folder.

mod align;
pub mod answer;
mod background;
pub mod compare;
mod compare_link;
pub mod console;
mod context;
pub mod escape;
pub mod files;
mod format;
mod formats;
pub mod html;
mod json;
pub mod junit;
pub mod markdown;
mod reproduce;
pub mod schema;
pub mod wording;

pub use background::{Background, PastRun};
pub use context::CONTEXT_VERSION;
pub use format::{Format, Template, TemplateError};
pub use formats::FORMATS;
pub use reproduce::{Reproduce, reproduce};

use serde::{Deserialize, Serialize};

use crate::results::{Results, RunRecord, Stage};
use crate::verdict::Verdict;

/// Everything a report may show. Reports read it and nothing else: no file, no network, no clock.
#[derive(Debug, Clone, Copy)]
pub struct Story<'a> {
    /// The verdict and its rows.
    pub verdict: &'a Verdict,
    /// What was measured.
    pub results: &'a Results,
    /// Which run it was; `None` when a CSV file was judged directly.
    pub run: Option<&'a RunRecord>,
    /// Links into the CI system.
    pub links: &'a Links,
    /// The run over time and the builds before it, for the page; `None` where they were not read.
    pub background: Option<&'a Background>,
}

impl Story<'_> {
    /// Whether the script's own load shape decided the users, in place of the flags.
    pub(crate) fn has_load_shape(&self) -> bool {
        self.results.evidence.as_ref().is_some_and(|evidence| evidence.load_shape.is_some())
    }

    /// The users of the stages in words: `50 → 200 users`; `None` without stages.
    pub(crate) fn stages_in_words(&self) -> Option<String> {
        let stages = &self.results.stages;
        (!stages.is_empty()).then(|| Stage::users_in_words(stages))
    }

    /// Peak number of users: what was asked for; what was measured where a load shape decides or nothing is known.
    pub(crate) fn peak_users(&self) -> Option<u32> {
        let asked = self.run.and_then(|run| run.fingerprint.users).filter(|_| !self.has_load_shape());
        let measured = || Some(self.results.timeline.peak_users()).filter(|users| *users > 0);
        asked.or_else(measured)
    }
}

/// Where a reader can go from a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// The CI job.
    pub job: Option<String>,
    /// The artifact `report.html`.
    pub report: Option<String>,
    /// The artifact folder's `summary.md`.
    pub summary: Option<String>,
}
