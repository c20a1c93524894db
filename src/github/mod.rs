//! Finding the pull request and keeping one comment on it.
