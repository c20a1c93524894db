//! The load-test gate for CircleCI.
//!
//! One story, told in this order: **trigger → follow → collect → judge → report → publish**.

pub mod baseline;
pub mod circleci;
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
pub mod lint;
pub mod loadforge;
pub mod locust;
pub mod log;
pub mod report;
pub mod results;
pub mod verdict;
