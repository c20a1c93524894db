//! `loadforge.yml`: model, loading, and what a flag, a profile and the file together mean.
//!
//! [`ConfigFile`] is what can be written, [`Config`] what commands go by: [`load()`] parses every gate and waiver, so that each
//! command that reads a configuration refuses a bad one with its line and column.
//!
//! Precedence: flag > environment > profile > file > default. The command line takes care of the first two (any flag
//! can come from `LOADFORGE_CI_<FLAG>`); [`load()`] merges a profile into the file's values.

mod codeowners;
mod confirm;
mod control;
mod duration;
mod error;
mod expand;
mod find;
mod gate_list;
mod guard;
mod host;
mod judged_test;
mod load;
mod model;
mod names;
mod owners;
mod stop;
mod targets;
mod test_section;
mod variables;

pub use confirm::{ConfirmSection, DurationShare, Wait};
pub use control::ControlSection;
pub use duration::{Duration, NotADuration};
pub use error::ConfigError;
pub use guard::NotAllowed;
pub use host::{NotAHost, check_host};
pub use load::load;
pub use model::{BaselineSection, Config, ConfigFile, Guard, Profile};
pub use names::names;
pub use owners::{Owners, OwnershipSection};
pub use stop::StopSection;
pub use targets::TargetsSection;
pub use test_section::{StageEntry, TestSection};
pub use variables::Variables;

/// The JSON schema of `loadforge.yml`.
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(ConfigFile<TestSection>)
}
