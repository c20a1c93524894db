//! The charts of one endpoint as the page shows them without JavaScript, and before a reader picks another one.
//!
//! `templates/charts.js` draws the same charts for whatever is picked; the two are kept alike.

use serde::Serialize;

use super::axis::{clock, nines, time_marks, value_marks};
use super::course::{Course, unit_of};
use super::svg::{Plot, PlotPoint};
use crate::report::wording;
use crate::verdict::Unit;

/// Height of the plotted part of the first chart and of the others, px.
const TALL: u32 = 200;
const SMALL: u32 = 110;
/// Steps of their value axes.
const TALL_STEPS: f64 = 4.5;
const SMALL_STEPS: f64 = 2.5;

/// What all charts over time share.
#[derive(Debug, Serialize)]
pub(super) struct Frame {
    /// The run's first moment, Unix seconds.
    pub(super) start: i64,
    /// Length of the run, s.
    pub(super) seconds: i64,
    /// End of the ramp-up, s.
    pub(super) ramp: Option<i64>,
    /// Findings that have a time, numbered as in the list of findings.
    pub(super) findings: Vec<FindingSpan>,
    /// Users over time.
    pub(super) users: Vec<(i64, u32)>,
}

/// When a finding was, s since the start.
#[derive(Debug, Serialize)]
pub(super) struct FindingSpan {
    pub(super) number: usize,
    pub(super) from: i64,
    pub(super) to: i64,
}

/// One chart with its heading.
#[derive(Debug, Serialize)]
pub(super) struct Figure {
    kind: &'static str,
    title: &'static str,
    legend: Vec<LegendEntry>,
    svg: String,
    note: String,
}

/// An entry of a legend.
#[derive(Debug, Serialize)]
struct LegendEntry {
    class: &'static str,
    words: String,
}

fn entry(class: &'static str, words: impl Into<String>) -> LegendEntry {
    LegendEntry { class, words: words.into() }
}

/// The charts of one endpoint.
pub(super) fn figures(course: &Course, frame: &Frame) -> Vec<Figure> {
    let mut figures = vec![times(course, frame), throughput(course, frame), failures(course, frame), users(frame)];
    figures.extend(distribution(course));
    figures.extend(saturation(course, frame));
    figures
}

fn times(course: &Course, frame: &Frame) -> Figure {
    let lines = [("p99", "p99", &course.p99), ("p95", "p95", &course.p95), ("p50", "median", &course.p50)];
    let shown: Vec<_> = lines.into_iter().filter(|(_, _, values)| values.iter().any(Option::is_some)).collect();
    let limits: Vec<_> = course.limits.iter().filter(|limit| unit_of(limit.of) == Unit::Ms).collect();
    let values = shown.iter().flat_map(|(_, _, values)| values.iter().flatten().copied());
    let most = values.chain(limits.iter().map(|limit| limit.value)).fold(0.0, f64::max);
    let mut plot = over_time(frame, TALL, most, Unit::Ms);
    let mut legend: Vec<LegendEntry> = shown.iter().rev().map(|(class, words, _)| entry(class, *words)).collect();
    if let Some((low, _, high)) = course.good.get("p95") {
        plot.band("good", &[(0.0, *low, *high), (frame.seconds as f64, *low, *high)]);
        legend.push(entry("good", "p95 of good runs"));
    }
    if frame.ramp.is_some() {
        legend.push(entry("ramp", "ramp-up"));
    }
    for (class, _, values) in &shown {
        plot.line(class, &points(&course.t, values));
    }
    for limit in &limits {
        plot.rule(if limit.missed { "limit missed" } else { "limit" }, limit.value, &limit.text);
    }
    let description = shown.iter().map(|(_, words, values)| described(words, values, Unit::Ms)).collect::<Vec<_>>();
    figure("times", "Response time", legend, plot, &description.join("; "))
}

fn throughput(course: &Course, frame: &Frame) -> Figure {
    one_measure(course, frame, ("rps", "Throughput", "requests/s"), &course.rps)
}

fn failures(course: &Course, frame: &Frame) -> Figure {
    let mut figure = one_measure(course, frame, ("fail", "Failed", "% of the requests"), &course.fail);
    let classes = course.classes.iter().map(|class| {
        let when = class
            .span
            .map_or_else(String::new, |(from, to)| format!(", {} to {}", clock(from as f64), clock(to as f64)));
        format!("{}: {}{when}", class.class, Unit::Count.show(class.count as f64))
    });
    figure.note = classes.collect::<Vec<_>>().join(" · ");
    figure
}

/// An area over time with the limit and the band of the good runs.
fn one_measure(
    course: &Course,
    frame: &Frame,
    (class, title, words): (&'static str, &'static str, &'static str),
    values: &[Option<f64>],
) -> Figure {
    let unit = unit_of(class);
    let limits: Vec<_> = course.limits.iter().filter(|limit| limit.of == class).collect();
    let shown = values.iter().flatten().copied().chain(limits.iter().map(|limit| limit.value));
    let most = shown.fold(0.0, f64::max);
    let mut plot = over_time(frame, SMALL, most, unit);
    let mut legend = vec![entry(class, words)];
    if let Some((low, _, high)) = course.good.get(class).filter(|(_, _, high)| *high > 0.0) {
        plot.band("good", &[(0.0, *low, *high), (frame.seconds as f64, *low, *high)]);
        legend.push(entry("good", "good runs"));
    }
    plot.area(class, &points(&course.t, values));
    for limit in limits {
        plot.rule(if limit.missed { "limit missed" } else { "limit" }, limit.value, &limit.text);
    }
    figure(class, title, legend, plot, &described(words, values, unit))
}

fn users(frame: &Frame) -> Figure {
    let most = frame.users.iter().map(|(_, users)| f64::from(*users)).fold(0.0, f64::max);
    let mut plot = over_time(frame, SMALL, most, Unit::Count);
    let values: Vec<PlotPoint> = frame.users.iter().map(|(t, users)| (*t as f64, Some(f64::from(*users)))).collect();
    plot.area("users", &values);
    let description = format!("up to {} users", Unit::Count.show(most));
    figure("users", "Users", vec![entry("users", "running")], plot, &description)
}

/// Response times by percentile, this run over the band of the good runs.
fn distribution(course: &Course) -> Option<Figure> {
    let curve = &course.curve;
    if curve.this.len() < 2 {
        return None;
    }
    let marks = value_marks(curve.most(), TALL_STEPS);
    let mut plot = Plot::new(TALL, curve.end(), marks.last().copied().unwrap_or(1.0));
    plot.y_marks(&labelled(&marks, Unit::Ms));
    let ends = [0.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99];
    let ends = ends.into_iter().map(|percent| (nines(percent / 100.0), format!("p{percent}")));
    let ends: Vec<_> = ends.filter(|(at, text)| *at <= curve.end() + 1e-9 && text != "p75").collect();
    plot.x_marks(&ends);
    let mut legend = vec![entry("p95", "this run")];
    if !curve.good.is_empty() {
        let at = |percent: f64| nines(percent / 100.0);
        plot.band("good", &curve.good.iter().map(|(q, low, _, high)| (at(*q), *low, *high)).collect::<Vec<_>>());
        plot.line("usual", &curve.good.iter().map(|(q, _, middle, _)| (at(*q), Some(*middle))).collect::<Vec<_>>());
        legend.push(entry("usual", format!("median of {}", crate::text::counted(curve.runs, "good run"))));
        legend.push(entry("good", "their range"));
    }
    plot.line("p95", &curve.this.iter().map(|(q, ms)| (nines(q / 100.0), Some(*ms))).collect::<Vec<_>>());
    let words = curve.this.iter().map(|(percent, ms)| format!("p{percent} {}", Unit::Ms.show(*ms)));
    let mut figure =
        figure("curve", "Distribution of response times", legend, plot, &words.collect::<Vec<_>>().join(", "));
    figure.note = if curve.exact {
        "Every response time of this run, by percentile.".to_owned()
    } else {
        "The percentiles of the CSV, which Locust rounds to two digits.".to_owned()
    };
    Some(figure)
}

/// The p95 of each moment against its throughput: a curve that turns up shows where the service saturates.
fn saturation(course: &Course, frame: &Frame) -> Option<Figure> {
    let values = if course.p95.iter().any(Option::is_some) { &course.p95 } else { &course.p50 };
    let ramp = frame.ramp.unwrap_or(0);
    let moments = course.t.iter().zip(&course.rps).zip(values);
    let known: Vec<(bool, f64, f64)> =
        moments.filter_map(|((t, rps), ms)| Some((*t < ramp, (*rps)?, (*ms)?))).collect();
    if known.len() < 3 {
        return None;
    }
    let most = |value: fn(&(bool, f64, f64)) -> f64| known.iter().map(value).fold(0.0, f64::max);
    let x_marks = value_marks(most(|point| point.1), TALL_STEPS);
    let y_marks = value_marks(most(|point| point.2), TALL_STEPS);
    let end = |marks: &[f64]| marks.last().copied().unwrap_or(1.0);
    let mut plot = Plot::new(TALL, end(&x_marks), end(&y_marks));
    plot.y_marks(&labelled(&y_marks, Unit::Ms));
    plot.x_marks(&labelled(&x_marks, Unit::PerSecond));
    let of = |during_ramp: bool| -> Vec<(f64, f64)> {
        known.iter().filter(|point| point.0 == during_ramp).map(|point| (point.1, point.2)).collect()
    };
    plot.dots("early", &of(true));
    plot.dots("p95", &of(false));
    let legend = vec![entry("p95", "p95 of a moment"), entry("early", "during the ramp-up")];
    let description = format!("{} moments", known.len());
    Some(figure("load", "Response time by throughput", legend, plot, &description))
}

/// An empty chart over time, with the ramp-up and the findings behind what will be drawn.
fn over_time(frame: &Frame, height: u32, most: f64, unit: Unit) -> Plot {
    let marks = value_marks(most, if height == TALL { TALL_STEPS } else { SMALL_STEPS });
    let mut plot = Plot::new(height, frame.seconds as f64, marks.last().copied().unwrap_or(1.0));
    if let Some(ramp) = frame.ramp.filter(|ramp| *ramp > 0) {
        plot.shade("ramp", 0.0, ramp as f64, "");
    }
    for finding in &frame.findings {
        // A finding about most of the run would hide what it is about.
        let whole = (finding.to - finding.from) * 4 > frame.seconds;
        let class = if whole { "finding long" } else { "finding" };
        plot.shade(class, finding.from as f64, finding.to as f64, &finding.number.to_string());
    }
    plot.y_marks(&labelled(&marks, unit));
    let moments = time_marks(frame.seconds as f64).into_iter().map(|second| (second, clock(second)));
    plot.x_marks(&moments.collect::<Vec<_>>());
    plot
}

fn labelled(marks: &[f64], unit: Unit) -> Vec<(f64, String)> {
    marks.iter().map(|mark| (*mark, unit.show(*mark))).collect()
}

fn points(t: &[i64], values: &[Option<f64>]) -> Vec<PlotPoint> {
    t.iter().zip(values).map(|(t, value)| (*t as f64, *value)).collect()
}

fn described(words: &str, values: &[Option<f64>], unit: Unit) -> String {
    let known = || values.iter().flatten().copied();
    let (low, high) = (known().reduce(f64::min), known().reduce(f64::max));
    format!("{words}: from {} to {}", wording::value_text(low, unit), wording::value_text(high, unit))
}

fn figure(kind: &'static str, title: &'static str, legend: Vec<LegendEntry>, plot: Plot, description: &str) -> Figure {
    let svg = plot.finish(&format!("chart-{kind}"), title, description);
    Figure { kind, title, legend, svg, note: String::new() }
}
