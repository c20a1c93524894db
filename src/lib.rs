//! The load-test gate for CircleCI.
//!
//! The steps, in this order: **trigger → follow → collect → judge → report → publish**.

pub mod attempts;
pub mod baseline;
pub mod circleci;
pub mod clean;
pub mod cli;
pub mod command;
pub mod config;
pub mod demo;
pub mod emulator;
pub mod error;
pub mod exit;
pub mod gate;
pub mod github;
pub mod http;
pub mod insight;
pub mod json;
mod judging;
pub mod lint;
pub mod loadforge;
pub mod locust;
pub mod log;
pub mod project;
pub mod python;
pub mod reach;
pub mod redact;
pub mod release;
pub mod report;
pub mod results;
mod running;
pub mod series;
mod stdout;
pub mod text;
pub mod verdict;

/// The version that `--version` and every report name: the crate's, or the one a development build was given at compile
/// time in the variable LOADFORGE_CI_BUILD_VERSION, such as `1.2.3-dev.0123456`.
pub const VERSION: &str = match option_env!("LOADFORGE_CI_BUILD_VERSION") {
    Some(version) if !version.is_empty() => version,
    _ => env!("CARGO_PKG_VERSION"),
};
