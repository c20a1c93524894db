//! The CI environment: commit, branch, repository, pull requests, artifact addresses.
//!
//! Nothing here asks the network. Outside CircleCI every field is empty, and git is asked for commit and branch; it is
//! also asked for the repository when no variable names it better.

mod build;
mod environment;
mod evidence;
mod git;
mod repository;

pub use build::build;
pub use environment::CircleCi;
pub use evidence::{RepositorySource, is_merge_queue, pull_request_of_branch};
pub use git::environment;
pub use repository::{PullRequestLink, Repository};
