//! Servers that integration tests run on loopback, and what they play back.

pub(crate) mod github;
pub(crate) mod recording;
pub(crate) mod repository;
pub(crate) mod service;
