//! What the CI environment says: commit, branch, repository, pull requests, artifact addresses.
//!
//! Nothing here asks the network. Outside CircleCI every field is empty, and git is asked for commit and branch.

mod environment;
mod git;
mod repository;

pub use environment::CircleCi;
pub use git::environment;
pub use repository::{PullRequestLink, Repository};
