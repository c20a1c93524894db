//! One chart over the time of a run, drawn as SVG text without fonts or files.
//!
//! Colors are fixed attributes; the page's style sheet maps each to its dark counterpart. Everything is drawn at
//! twice its size in whole units, so that lines stay smooth.

use std::fmt::Write as _;
use std::io;
use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::verdict::Unit;

/// The colors of the page, as `templates/report.css` knows them.
pub(super) mod color {
    use plotters::style::RGBColor;

    pub(in super::super) const INK: RGBColor = RGBColor(0x5C, 0x65, 0x70);
    pub(in super::super) const GRID: RGBColor = RGBColor(0xE4, 0xE6, 0xEA);
    pub(in super::super) const STRONG: RGBColor = RGBColor(0x1F, 0x5F, 0xBF);
    pub(in super::super) const LIGHT: RGBColor = RGBColor(0x6F, 0xA8, 0xDC);
    pub(in super::super) const CALM: RGBColor = RGBColor(0x5B, 0x6B, 0x7F);
    pub(in super::super) const FAIL: RGBColor = RGBColor(0xC0, 0x27, 0x2D);
    pub(in super::super) const WARN: RGBColor = RGBColor(0x9A, 0x67, 0x00);
    pub(in super::super) const PASS: RGBColor = RGBColor(0x1A, 0x7F, 0x4B);
    pub(in super::super) const UNSURE: RGBColor = RGBColor(0x6B, 0x4F, 0xBB);
}

pub(super) type DrawingError = DrawingAreaErrorKind<io::Error>;
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Size of a chart in units of half a pixel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Room for the value labels.
    left: u32,
    /// The most time labels.
    labels: usize,
}

impl Frame {
    /// For a desktop and paper.
    pub(super) const WIDE: Self = Self { width: 2080, height: 400, left: 132, labels: 11 };
    /// For a phone.
    pub(super) const NARROW: Self = Self { width: 740, height: 360, left: 132, labels: 5 };
    /// Units right of the last moment.
    pub(super) const RIGHT: u32 = 24;
    /// Units for the time labels.
    const BOTTOM: u32 = 52;
    /// Units for the numbers of the findings.
    const TOP: u32 = 40;
    /// Units of label text.
    const TEXT: u32 = 29;

    /// Left and right edge of the plotted part, for the hover readout.
    pub(super) const fn plot(self) -> (u32, u32) {
        (self.left, self.width - Self::RIGHT)
    }

    pub(super) const fn with_height(self, height: u32) -> Self {
        Self { height, ..self }
    }

    pub(super) const fn sized(self, width: u32, height: u32) -> Self {
        Self { width, height, ..self }
    }
}

/// A line, or an area down to zero, through the known values; a gap where there is none.
pub(super) struct ChartSeries {
    pub(super) color: RGBColor,
    pub(super) area: bool,
    pub(super) points: Vec<(f64, Option<f64>)>,
}

/// A part of the time that is shaded.
#[derive(Debug, Clone)]
pub(super) struct Shade {
    pub(super) from: f64,
    pub(super) to: f64,
    /// The number of a finding; `None` for the ramp-up.
    pub(super) number: Option<usize>,
}

/// A span on a line of its own.
pub(super) struct Lane {
    pub(super) label: String,
    pub(super) color: RGBColor,
    pub(super) spans: Vec<(f64, f64)>,
}

/// Values over time.
pub(super) fn over_time(
    frame: Frame,
    seconds: f64,
    unit: Unit,
    series: &[ChartSeries],
    shades: &[Shade],
) -> Result<String, DrawingError> {
    let most = series.iter().flat_map(|line| &line.points).filter_map(|point| point.1).fold(0.0, f64::max);
    let ticks = value_ticks(most);
    let top = ticks.last().copied().unwrap_or(1.0).max(most);
    drawn(frame, |area| {
        let mut chart = builder(area, frame)
            .build_cartesian_2d(time_axis(seconds, frame), Axis { end: top, marks: ticks.clone() })?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(color::GRID.stroke_width(2))
            .light_line_style(TRANSPARENT)
            .axis_style(color::GRID.stroke_width(2))
            .x_label_formatter(&|second| clock(*second))
            .y_label_formatter(&|value| unit.show(*value))
            .label_style(label())
            .set_all_tick_mark_size(8)
            .draw()?;
        let plot = chart.plotting_area();
        for shade in shades {
            draw_shade(plot, shade, seconds, top)?;
        }
        for line in series {
            for part in line.points.split(|point| point.1.is_none()).filter(|part| !part.is_empty()) {
                let points: Vec<(f64, f64)> = part.iter().filter_map(|(x, y)| Some((*x, (*y)?))).collect();
                if line.area {
                    chart.draw_series(AreaSeries::new(points.clone(), 0.0, line.color.mix(0.16)))?;
                }
                chart.draw_series(LineSeries::new(points, line.color.stroke_width(if line.area { 2 } else { 4 })))?;
            }
        }
        Ok(())
    })
}

/// How wide a span is drawn at least, as a part of the time.
pub(super) const LEAST_SPAN: f64 = 1.0 / 200.0;

/// When things happened, a line each.
pub(super) fn lanes(frame: Frame, seconds: f64, lanes: &[Lane], shades: &[Shade]) -> Result<String, DrawingError> {
    const LANE: u32 = 68;
    let frame = frame.with_height(LANE * lanes.len() as u32 + Frame::BOTTOM + Frame::TOP);
    let top = lanes.len() as f64;
    drawn(frame, |area| {
        let mut chart = builder(area, frame).build_cartesian_2d(time_axis(seconds, frame), 0.0..top)?;
        chart
            .configure_mesh()
            .disable_mesh()
            .disable_y_axis()
            .axis_style(color::GRID.stroke_width(2))
            .x_label_formatter(&|second| clock(*second))
            .label_style(label())
            .set_all_tick_mark_size(8)
            .draw()?;
        let plot = chart.plotting_area();
        for shade in shades {
            draw_shade(plot, shade, seconds, top)?;
        }
        for (index, lane) in lanes.iter().enumerate() {
            let base = top - index as f64 - 1.0;
            plot.draw(&Text::new(
                lane.label.clone(),
                (0.0, base + 0.5),
                label().pos(Pos::new(HPos::Left, VPos::Bottom)),
            ))?;
            plot.draw(&Rectangle::new([(0.0, base + 0.26), (seconds, base + 0.3)], color::GRID.filled()))?;
            for (from, to) in &lane.spans {
                // A moment is drawn as wide as can be seen.
                let to = to.max(from + seconds * LEAST_SPAN).min(seconds);
                plot.draw(&Rectangle::new([(*from, base + 0.18), (to, base + 0.38)], lane.color.mix(0.85).filled()))?;
            }
        }
        Ok(())
    })
}

/// Draws on an empty canvas and returns what is inside the `<svg>` element.
pub(super) fn drawn(
    frame: Frame,
    draw: impl FnOnce(&Area<'_>) -> Result<(), DrawingError>,
) -> Result<String, DrawingError> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (frame.width, frame.height)).into_drawing_area();
        draw(&area)?;
        area.present()?;
    }
    let inside = svg.find('>').map_or("", |end| &svg[end + 1..]);
    Ok(inside.trim().trim_end_matches("</svg>").trim_end().to_owned())
}

/// The complete element with its text alternative.
pub(super) fn element(class: &str, frame: Frame, id: &str, title: &str, description: &str, inside: &str) -> String {
    let mut out = String::with_capacity(inside.len() + 400);
    let (left, right) = frame.plot();
    let _ = write!(
        out,
        "<svg class=\"{class}\" viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\" data-left=\"{left}\" data-right=\"{right}\">\
         <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>{inside}</svg>",
        frame.width,
        frame.height,
        crate::report::escape::html(title),
        crate::report::escape::html(description),
    );
    out
}

fn builder<'a, 'b>(area: &'a Area<'b>, frame: Frame) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut builder = ChartBuilder::on(area);
    builder
        .margin_top(Frame::TOP)
        .margin_right(Frame::RIGHT)
        .set_label_area_size(LabelAreaPosition::Left, frame.left)
        .set_label_area_size(LabelAreaPosition::Bottom, Frame::BOTTOM);
    builder
}

fn label() -> TextStyle<'static> {
    ("sans-serif", Frame::TEXT).into_font().color(&color::INK)
}

fn draw_shade<X, Y>(
    plot: &DrawingArea<SVGBackend<'_>, Cartesian2d<X, Y>>,
    shade: &Shade,
    seconds: f64,
    top: f64,
) -> Result<(), DrawingError>
where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    let (from, to) = (shade.from.clamp(0.0, seconds), shade.to.clamp(0.0, seconds));
    let tint = if shade.number.is_some() { color::WARN } else { color::CALM };
    let text = match shade.number {
        Some(number) => {
            // A finding about most of the run is a line on top of it: a tint would hide what it is about.
            if to - from < seconds / 4.0 {
                plot.draw(&Rectangle::new([(from, 0.0), (to, top)], tint.mix(0.12).filled()))?;
            }
            plot.draw(&PathElement::new(vec![(from, 0.0), (from, top)], tint.mix(0.5).stroke_width(2)))?;
            plot.draw(&PathElement::new(vec![(from, top), (to, top)], tint.mix(0.6).stroke_width(4)))?;
            number.to_string()
        }
        None => {
            plot.draw(&Rectangle::new([(from, 0.0), (to, top)], tint.mix(0.1).filled()))?;
            "ramp-up".to_owned()
        }
    };
    let style = ("sans-serif", Frame::TEXT).into_font().color(&tint).pos(Pos::new(HPos::Left, VPos::Bottom));
    plot.draw(&Text::new(text, (from, top), style))
}

/// Seconds as a clock: `2:30`, or `1:30 h` from an hour on.
pub(super) fn clock(second: f64) -> String {
    let second = second.max(0.0) as u64;
    if second >= 3600 {
        format!("{}:{:02} h", second / 3600, second / 60 % 60)
    } else {
        format!("{}:{:02}", second / 60, second % 60)
    }
}

/// An axis from zero with marks of our own choice.
struct Axis {
    end: f64,
    marks: Vec<f64>,
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        from + (value / self.end * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.marks.clone()
    }

    fn range(&self) -> Range<f64> {
        0.0..self.end
    }
}

impl ValueFormatter<f64> for Axis {
    fn format(value: &f64) -> String {
        value.to_string()
    }
}

fn time_axis(seconds: f64, frame: Frame) -> Axis {
    const STEPS: [f64; 16] =
        [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0];
    let fits = |step: &&f64| seconds / **step < frame.labels as f64;
    let step = STEPS.iter().find(fits).copied().unwrap_or(86_400.0);
    let marks = (0..).map(|index| f64::from(index) * step).take_while(|mark| *mark <= seconds).collect();
    Axis { end: seconds, marks }
}

/// Round values from zero to at least `most`: steps of 1, 2 or 5 times a power of ten, four or so of them.
fn value_ticks(most: f64) -> Vec<f64> {
    let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
    let rough = most / 3.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough).unwrap_or(power);
    let count = (most / step).ceil() as u32;
    (0..=count.max(1)).map(|index| f64::from(index) * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_reach_the_largest_value() {
        assert_eq!(value_ticks(620.0), [0.0, 500.0, 1000.0]);
        assert_eq!(value_ticks(34.1), [0.0, 20.0, 40.0]);
        assert_eq!(value_ticks(0.0), value_ticks(f64::NAN));
        assert_eq!([0.0, 150.0, 5400.0].map(clock), ["0:00", "2:30", "1:30 h"]);
    }
}
