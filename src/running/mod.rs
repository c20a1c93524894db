//! Starting and following a run as flags and configuration ask for it: what `run`, `wait`, `cancel`, `doctor`, `demo` and
//! `gate --confirm` share.
//!
//! [`plan()`] puts a plan together, [`Service`] is what it is sent to, [`execute()`] carries it out and [`report_outcome`]
//! logs how it ended.

mod bundled;
mod control;
mod execute;
mod guard;
mod locust_settings;
mod plan;
mod preflight;
mod project;
mod recorded;
mod secrets;
mod service;
mod started;
mod stop_rules;

pub(crate) use control::{check_control, control_host, shown_host};
pub(crate) use execute::{execute, pause, report_outcome};
pub(crate) use guard::check_target;
pub(crate) use locust_settings::report_locust_settings;
pub(crate) use plan::{plan, plan_again, plan_of_file, source};
pub(crate) use preflight::Preflight;
pub(crate) use recorded::{Asking, environment, failed, is_left_to_container_0, leave_other_builds, record_failure};
pub(crate) use secrets::{register_address, register_entry, register_variables};
pub(crate) use service::{Service, api_url, cache_dir, log_event, named_api_url, stop_signals};
pub(crate) use started::take_started;
pub(crate) use stop_rules::StopRules;
