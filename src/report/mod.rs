//! One file per format: console, markdown, html, junit, json, and the JSON schemas. [`FORMATS`] lists those that are
//! written into the results folder.

mod align;
pub mod answer;
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
pub mod schema;
pub mod wording;

pub use context::CONTEXT_VERSION;
pub use format::{Format, Template, TemplateError};
pub use formats::FORMATS;

use serde::{Deserialize, Serialize};

use crate::results::{Results, RunRecord};
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
