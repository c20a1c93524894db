//! The instrument of the fault matrix: a scriptable stand-in for LoadForge's API, commands run against it under a paused
//! clock, and what must hold whatever the service does.
//!
//! A [`Cell`] names a story (what the user asked for), one call of it and the fault of that call. [`Cell::observe`] plays
//! it, [`Aftermath::broken`] says what does not hold.

#![allow(dead_code, unused_imports, reason = "the tests and the bench each use a part")]

mod aftermath;
mod answers;
mod cell;
mod fault;
mod matrix;
mod service;
mod story;

pub(crate) use aftermath::Aftermath;
pub(crate) use cell::Cell;
pub(crate) use fault::{Answer, Fault, Pattern};
pub(crate) use matrix::{matrix, random_starts, sample};
pub(crate) use service::{Call, Nature};
pub(crate) use story::Story;
