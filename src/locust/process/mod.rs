//! Locust's process: found or installed, started under our launcher, followed, stopped, and judged.

mod diagnose;
mod environment;
mod error;
mod find;
mod group;
mod install;
mod invocation;
mod log;
mod mirror;
mod python;
mod requirements;
mod run;
mod version;

pub use diagnose::{notes, problems};
pub use error::ProcessError;
pub use find::{ChosenLocust, LocustSource, cache_folder, choose};
pub use install::ProgressSink;
pub use invocation::{LocustInvocation, is_reserved};
pub use python::Interpreter;
pub use run::{Finished, StopRequest, recover, run};
pub use version::{NotAVersion, Version};
