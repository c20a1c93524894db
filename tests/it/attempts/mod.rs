//! The attempts at one commit, judged together.

mod counting;
mod file;
mod program;
mod rows;
mod simulation;
mod support;
