//! The statistics behind learned limits: small, exact where it can be, and free of input and output.

mod margin;
pub mod normal;
mod sampling;
mod share;
mod spread;
mod step;

pub use margin::{Cause, FAIL_SPREADS, Margin, SLOW_SHARE, WARN_SPREADS, clean_run_beyond, farthest, for_rows, margin};
pub use sampling::{mean_variance, percentile_variance, throughput_variance};
pub use share::{Failed, PRIOR_DISPERSION, dispersion, most_failures};
pub use spread::{PRIOR_SPREAD, PRIOR_WEIGHT, shrunk, spread_about, typical_spread};
pub use step::{LEAST_AFTER, LEAST_BEFORE, Step, StepSearch};
