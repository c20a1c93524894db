//! The orb: what it packs to, what CircleCI would make of it, and what its examples do when their steps really run.

mod cache;
mod cases;
mod drift;
mod examples;
mod github;
mod hand_over;
mod install;
mod packed;
mod pipeline;
mod readme;
mod review;
mod runner;
mod story;
mod support;
