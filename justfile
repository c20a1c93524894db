# The everyday commands; CONTRIBUTING.md says when each is needed.

# Show the recipes.
default:
    @just --list

# Format, and clippy with warnings as errors.
check:
    cargo fmt --check
    cargo clippy --locked --all-targets -- -D warnings

# Format the code.
fmt:
    cargo fmt

# Unit tests, all or those whose name contains FILTER.
unit filter="":
    cargo test --locked --lib {{filter}}

# Integration tests, all or those whose name contains FILTER.
it filter="":
    cargo test --locked --test it {{filter}}

# Imports between rooms, circles and the largest file.
architecture:
    cargo test --locked --test it architecture -- --nocapture

# Update the snapshots of the tests whose name contains FILTER, and show what changed.
snapshots filter="":
    INSTA_UPDATE=always cargo test --locked {{filter}}
    git diff -- '*.snap'

# The whole story on this machine; `just demo --broken` shows a gate failing.
demo *flags:
    cargo run --release -- demo {{flags}}

# The documentation of the code, private items included.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items --open

# Run a fuzz target of fuzz/fuzz_targets, such as gate or config.
fuzz target seconds="60":
    cargo +nightly fuzz run {{target}} -- -max_total_time={{seconds}}

# Benchmarks: judge, report, false_alarms or demo_shop.
bench name="judge":
    cargo bench --bench {{name}}

# Everything that must hold before a merge.
ci:
    .ci/run

# What a release does on one machine, up to publishing.
rehearse *flags:
    scripts/rehearse {{flags}}
