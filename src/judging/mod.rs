//! Judging a run: what `gate`, `gate --confirm`, `demo`, `comment` and `doctor` share.
//!
//! [`RunUnderTest`] is a run's results before they are judged, [`Judging`] what they are judged by, [`settle()`] the further
//! runs of `--confirm` and the control run, [`JudgedRun`] the results with their verdict. [`write_reports`] and
//! [`publish_all`] say what came of it.

mod attempts;
mod background;
mod confirm;
mod control;
mod csv_run;
pub(crate) mod demo_history;
mod gates;
mod history;
mod judge;
mod judged_run;
mod publish;
mod repeat;
mod reports;
mod run_under_test;
mod settle;
mod siblings;
mod what_now;

pub(crate) use attempts::Attempts;
pub(crate) use confirm::ConfirmPlan;
pub(crate) use gates::{check, gates};
pub(crate) use history::{keep_failed, open_history, open_index, rules};
pub(crate) use judge::Judging;
pub(crate) use judged_run::JudgedRun;
pub(crate) use publish::publish_all;
pub(crate) use reports::{read_template, write_reports};
pub(crate) use run_under_test::RunUnderTest;
pub(crate) use settle::{FurtherRuns, Settled, settle};
pub(crate) use what_now::say_what_now;
