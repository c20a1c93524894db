//! The charts of the page: what is drawn, with which words.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use plotters::style::RGBColor;
use serde::Serialize;

use super::chart::{self, ChartSeries, DrawingError, Frame, Lane, Shade, color};
use crate::report::{Story, wording};
use crate::results::TimePoint;
use crate::verdict::Unit;

/// The most points of a chart for a phone.
const NARROW_POINTS: usize = 240;
/// The most rows of a chart's table.
const TABLE_ROWS: usize = 60;
/// The most classes of failure with a line of their own.
const MOST_CLASSES: usize = 8;

/// A chart as the template shows it.
#[derive(Debug, Serialize)]
pub(super) struct Figure {
    id: &'static str,
    title: &'static str,
    legend: Vec<Legend>,
    svg: String,
}

#[derive(Debug, Serialize)]
struct Legend {
    class: &'static str,
    words: &'static str,
}

/// All charts over time, their values for the hover readout, and the same as a table.
#[derive(Debug, Serialize)]
pub(super) struct OverTime {
    figures: Vec<Figure>,
    /// JSON for the script.
    data: String,
    table: Vec<TableRow>,
    /// How many moments the table leaves out between two rows.
    every: usize,
    ramp_up: Option<String>,
    /// Whether it is known when each class of failure occurred.
    classes_have_times: bool,
}

#[derive(Debug, Serialize)]
struct TableRow {
    time: String,
    users: u32,
    throughput: String,
    failures: String,
    p50: String,
    p95: String,
}

/// One line or area: its color and how to read its value.
struct ChartLine {
    color: RGBColor,
    area: bool,
    value: fn(&TimePoint) -> Option<f64>,
}

impl OverTime {
    /// `None` when the run has no course to show.
    pub(super) fn of(story: &Story<'_>) -> Option<Self> {
        let points = &story.results.timeline.points;
        let (first, last) = (points.first()?, points.last()?);
        let seconds = (last.t_s - first.t_s) as f64;
        if seconds <= 0.0 {
            return None;
        }
        let drawer = Drawer { story, start: first.t_s, seconds, shades: shades(story, first.t_s) };
        let lanes = drawer.lanes();
        let mut figures = vec![
            drawer.figure(
                "times",
                "Response time",
                Unit::Ms,
                &[
                    (ChartLine { color: color::LIGHT, area: false, value: |point| point.p50_ms }, "light", "median"),
                    (ChartLine { color: color::STRONG, area: false, value: |point| point.p95_ms }, "strong", "p95"),
                ],
            ),
            drawer.figure(
                "throughput",
                "Throughput",
                Unit::PerSecond,
                &[(
                    ChartLine { color: color::STRONG, area: true, value: |point| Some(point.requests_per_s) },
                    "strong",
                    "requests/s",
                )],
            ),
            drawer.figure(
                "users",
                "Users",
                Unit::Count,
                &[(
                    ChartLine { color: color::CALM, area: true, value: |point| Some(f64::from(point.users)) },
                    "calm",
                    "users running",
                )],
            ),
        ];
        if points.iter().any(|point| point.failures_per_s > 0.0 || point.total_failures > 0) {
            figures.push(drawer.figure(
                "failures",
                "Failures",
                Unit::PerSecond,
                &[(
                    ChartLine { color: color::FAIL, area: true, value: |point| Some(point.failures_per_s) },
                    "fail",
                    "failed requests/s",
                )],
            ));
        }
        if !lanes.is_empty() {
            figures.push(drawer.classes(&lanes));
        }
        let every = points.len().div_ceil(TABLE_ROWS);
        Some(Self {
            figures,
            data: data(points, first.t_s),
            table: points.iter().step_by(every).map(|point| TableRow::of(point, first.t_s)).collect(),
            every,
            ramp_up: story.results.timeline.ramp_up_end().map(|end| chart::clock((end - first.t_s) as f64)),
            classes_have_times: !lanes.is_empty(),
        })
    }
}

struct Drawer<'a> {
    story: &'a Story<'a>,
    start: i64,
    seconds: f64,
    shades: Vec<Shade>,
}

impl Drawer<'_> {
    fn figure(
        &self,
        id: &'static str,
        title: &'static str,
        unit: Unit,
        lines: &[(ChartLine, &'static str, &'static str)],
    ) -> Figure {
        let points = &self.story.results.timeline.points;
        let description: Vec<String> = lines
            .iter()
            .map(|(line, _, words)| {
                let values: Vec<f64> = points.iter().filter_map(line.value).collect();
                let low = values.iter().copied().reduce(f64::min);
                let high = values.iter().copied().reduce(f64::max);
                format!("{words}: from {} to {}", wording::value_text(low, unit), wording::value_text(high, unit))
            })
            .collect();
        let svg = both(id, title, &description.join("; "), |frame| {
            let every = if frame.width == Frame::WIDE.width { 1 } else { points.len().div_ceil(NARROW_POINTS) };
            let series: Vec<ChartSeries> = lines
                .iter()
                .map(|(line, ..)| ChartSeries {
                    color: line.color,
                    area: line.area,
                    points: points
                        .iter()
                        .step_by(every)
                        .map(|point| ((point.t_s - self.start) as f64, (line.value)(point)))
                        .collect(),
                })
                .collect();
            Ok((frame, chart::over_time(frame, self.seconds, unit, &series, &self.shades)?))
        });
        let legend = lines.iter().map(|(_, class, words)| Legend { class, words }).collect();
        Figure { id, title, legend, svg }
    }

    fn classes(&self, lanes: &[Lane]) -> Figure {
        let names: Vec<&str> = lanes.iter().map(|lane| lane.label.as_str()).collect();
        let svg = both("classes", "Failures by class", &names.join("; "), |frame| {
            let drawn = chart::lanes(frame, self.seconds, lanes, &self.shades)?;
            Ok((frame.with_height(68 * lanes.len() as u32 + 92), drawn))
        });
        let legend = vec![Legend { class: "fail", words: "from the first to the last failure of a text" }];
        Figure { id: "classes", title: "Failures by class", legend, svg }
    }

    fn lanes(&self) -> Vec<Lane> {
        let span = |failure: &crate::results::Failure| {
            let first = unix_seconds(failure.first_seen.as_deref()?)?;
            let last = failure.last_seen.as_deref().and_then(unix_seconds).unwrap_or(first);
            let (from, to) = ((first - self.start) as f64, (last - self.start) as f64);
            (to >= 0.0 && from <= self.seconds).then_some((from.max(0.0), to.min(self.seconds)))
        };
        wording::failure_classes(self.story.results)
            .into_iter()
            .map(|class| Lane {
                label: format!("{}: {}", class.name, Unit::Count.show(class.occurrences as f64)),
                color: color::FAIL,
                spans: merged(class.failures.iter().filter_map(|failure| span(failure)).collect(), self.seconds),
            })
            .filter(|lane| !lane.spans.is_empty())
            .take(MOST_CLASSES)
            .collect()
    }
}

/// Spans that overlap as they are drawn, as one: at most 200 however many there are, since each is drawn at least that
/// part of the run wide.
fn merged(mut spans: Vec<(f64, f64)>, seconds: f64) -> Vec<(f64, f64)> {
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut merged: Vec<(f64, f64)> = Vec::new();
    for (from, to) in spans {
        match merged.last_mut().filter(|last| from <= last.1.max(last.0 + seconds * chart::LEAST_SPAN)) {
            Some(last) => last.1 = last.1.max(to),
            None => merged.push((from, to)),
        }
    }
    merged
}

impl TableRow {
    fn of(point: &TimePoint, start: i64) -> Self {
        Self {
            time: chart::clock((point.t_s - start) as f64),
            users: point.users,
            throughput: Unit::PerSecond.show(point.requests_per_s),
            failures: Unit::PerSecond.show(point.failures_per_s),
            p50: wording::value_text(point.p50_ms, Unit::Ms),
            p95: wording::value_text(point.p95_ms, Unit::Ms),
        }
    }
}

/// The chart for wide and for narrow screens; the style sheet shows one of them.
fn both(
    id: &str,
    title: &str,
    description: &str,
    draw: impl Fn(Frame) -> Result<(Frame, String), DrawingError>,
) -> String {
    [("wide", Frame::WIDE), ("narrow", Frame::NARROW)]
        .into_iter()
        .filter_map(|(class, frame)| {
            // Drawing into memory does not fail; if it ever does, the table below shows the same values.
            let (frame, inside) = draw(frame).ok()?;
            Some(chart::element(class, frame, &format!("{id}-{class}"), title, description, &inside))
        })
        .collect()
}

/// The ramp-up, then the findings that have a time, numbered as in the list of findings.
fn shades(story: &Story<'_>, start: i64) -> Vec<Shade> {
    let ramp_up =
        story.results.timeline.ramp_up_end().map(|end| Shade { from: 0.0, to: (end - start) as f64, number: None });
    let findings = story.verdict.findings.iter().enumerate().filter_map(|(index, finding)| {
        let (from, to) = finding.span_s?;
        Some(Shade { from: (from - start) as f64, to: (to - start) as f64, number: Some(index + 1) })
    });
    ramp_up.into_iter().filter(|shade| shade.to > 0.0).chain(findings).collect()
}

/// A moment as Locust writes it: ISO 8601 with or without a zone (then UTC), or Unix seconds.
fn unix_seconds(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_second());
    }
    if let Ok(civil) = text.parse::<DateTime>() {
        return civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_second());
    }
    text.parse::<f64>().ok().filter(|seconds| seconds.is_finite()).map(|seconds| seconds as i64)
}

/// The values for the hover readout as JSON arrays that cannot end a script element.
fn data(points: &[TimePoint], start: i64) -> String {
    #[derive(Serialize)]
    struct ChartData {
        t: Vec<i64>,
        users: Vec<u32>,
        rps: Vec<f64>,
        fps: Vec<f64>,
        p50: Vec<Option<f64>>,
        p95: Vec<Option<f64>>,
    }
    let tenth = |value: f64| (value * 10.0).round() / 10.0;
    let data = ChartData {
        t: points.iter().map(|point| point.t_s - start).collect(),
        users: points.iter().map(|point| point.users).collect(),
        rps: points.iter().map(|point| tenth(point.requests_per_s)).collect(),
        fps: points.iter().map(|point| tenth(point.failures_per_s)).collect(),
        p50: points.iter().map(|point| point.p50_ms.map(tenth)).collect(),
        p95: points.iter().map(|point| point.p95_ms.map(tenth)).collect(),
    };
    serde_json::to_string(&data).unwrap_or_else(|_| "{}".to_owned()).replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::{merged, unix_seconds};

    #[test]
    fn spans_that_would_cover_each_other_are_drawn_as_one() {
        assert_eq!(
            merged(vec![(50.0, 60.0), (0.0, 5.0), (4.0, 9.0), (60.0, 60.0)], 1000.0),
            [(0.0, 9.0), (50.0, 60.0)]
        );
        let many = (0..50_000).map(|index| (f64::from(index) / 50.0, f64::from(index) / 50.0)).collect();
        assert!(merged(many, 1000.0).len() <= 200);
    }

    #[test]
    fn moments_are_read_in_every_form_locust_writes() {
        for text in ["2026-11-22T10:00:00Z", "2026-11-22T10:00:00.000000", "2026-11-22 10:00:00", "1795341600.0"] {
            assert_eq!(unix_seconds(text), Some(1_795_341_600), "{text}");
        }
        assert_eq!(unix_seconds("yesterday"), None);
    }
}
