//! The LoadForge-compatible server and the engines behind it.
