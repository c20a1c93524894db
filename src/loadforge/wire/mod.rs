//! What the service sends and takes. Reading is lenient: numbers may be strings, fields may be missing or null, ids
//! go by several names, and nothing but what is needed is asked for.

mod fields;
mod result;
mod rows;

pub(super) use fields::Fields;
pub use fields::leading_number;
pub(super) use result::started_id;
pub use result::{FailureCount, ResultRow};
pub use rows::{FileRow, HostRow, HostSpec, TestRow, TestSpec};
