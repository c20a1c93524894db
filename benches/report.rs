//! Every report of a run with 10,000 endpoints, 400 of them failing, and a history of an hour.
//! The goal with judging is 250 ms (`cargo bench --bench report`).

#[path = "../tests/it/report/sample.rs"]
#[expect(clippy::unwrap_used, reason = "fixed texts that parse")]
#[expect(dead_code, reason = "shared with the integration tests; each uses a part")]
mod sample;

use divan::{Bencher, black_box};
use loadforge_ci::report::{console, html, junit, markdown};
use sample::Sample;

fn main() {
    divan::main();
}

fn large() -> Sample {
    Sample::large(10_000, 400, 3600)
}

#[divan::bench]
fn console(bencher: Bencher<'_, '_>) {
    let sample = large();
    bencher.bench_local(|| {
        let mut out = Vec::new();
        console::write(&mut out, &sample.story(), &console::ConsoleOptions::default()).map(|()| out)
    });
}

#[divan::bench]
fn summary(bencher: Bencher<'_, '_>) {
    let sample = large();
    bencher.bench_local(|| markdown::summary(&sample.story(), None));
}

#[divan::bench]
fn summary_from_a_template_over_all_endpoints(bencher: Bencher<'_, '_>) {
    let sample = large();
    let template = "{% for e in endpoints %}\n{{ e.endpoint|code }} {{ e.p95 }}\n{% endfor %}";
    bencher.bench_local(|| markdown::summary(&sample.story(), Some(("own.md", template))));
}

#[divan::bench]
fn comment(bencher: Bencher<'_, '_>) {
    let sample = large();
    bencher.bench_local(|| markdown::comment_section(&sample.story(), 60_000));
}

#[divan::bench]
fn junit(bencher: Bencher<'_, '_>) {
    let sample = large();
    bencher.bench_local(|| junit::xml(&sample.story()));
}

#[divan::bench]
fn html(bencher: Bencher<'_, '_>) {
    let sample = large();
    bencher.bench_local(|| html::page(&sample.story()));
}

#[divan::bench]
fn json(bencher: Bencher<'_, '_>) {
    let sample = large();
    bencher.bench_local(|| serde_json::to_string_pretty(black_box(&sample.verdict)));
}
