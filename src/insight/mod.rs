//! What the numbers mean over time.
