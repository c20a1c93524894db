//! LoadForge's API: client, wire models, errors, retry, start exactly once, follow, collect.
