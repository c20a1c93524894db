//! `loadforge-ci`: parse, run, exit code; nothing else.

fn main() {}
