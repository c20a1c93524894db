//! The history of good runs and the limits learned from it.

pub mod statistics;
