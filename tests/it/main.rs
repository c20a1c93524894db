//! Integration tests, one binary so that they link once. Each topic has a module of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up should panic, in its helpers too")]

mod architecture;
mod attempts;
mod background;
mod bare_locust;
mod baseline;
mod canary;
mod cli;
mod compare;
mod confirm;
mod connections;
mod contributing;
mod csv;
mod demo;
mod docs;
mod docs_gates;
mod emulator;
mod faults;
mod full_disk;
mod fuzz;
mod gate;
mod github;
mod green;
mod identity;
mod init;
mod insight;
mod killed;
mod lint;
mod loadforge;
mod locust_settings;
mod open_shop;
mod orb;
mod own_locust;
mod project;
mod refused;
mod report;
mod run;
mod samples;
mod script_verdict;
mod sequences;
mod story;
mod support;
mod tool;
