//! What `demo` and `init` need: a small web shop to put under load, and the Locust scripts that do it.

pub mod scripts;
pub mod shop;
