//! The LoadForge client and the way from a plan to collected results, against a small service on loopback.

mod calls;
mod collect;
mod data_files;
mod emulated;
mod ephemeral;
mod errors;
mod follow;
mod service;
mod start;
mod stop_early;
mod support;
