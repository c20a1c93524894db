//! What the CircleCI environment tells.
