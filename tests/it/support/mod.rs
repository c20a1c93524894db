//! Servers that integration tests run on loopback.

pub(crate) mod github;
pub(crate) mod recording;
pub(crate) mod service;
