//! The charts of the page: the first endpoint drawn, and the data of all that can be picked.

use serde::Serialize;

use super::axis::clock;
use super::course::{self, Course, MOST_COURSES};
use super::panel::{self, Figure, FindingSpan, Frame};
use super::short::script_json;
use crate::report::{Background, Story};
use crate::results::{EndpointKey, Stage};
use crate::series::RunSeries;

/// Points of the users' chart.
const MOST_POINTS: usize = 180;

/// What the template shows over time.
#[derive(Debug, Serialize)]
pub(super) struct OverTime {
    /// The names that can be picked; the first one is drawn.
    names: Vec<String>,
    figures: Vec<Figure>,
    /// JSON for the script.
    data: String,
    ramp_up: Option<String>,
    /// When each further stage begins, in a sentence.
    stages: Option<String>,
    /// Endpoints without a chart.
    without: usize,
    #[serde(skip)]
    keys: Vec<Option<EndpointKey>>,
}

impl OverTime {
    /// `None` when the run has no course to show.
    pub(super) fn of(story: &Story<'_>) -> Option<Self> {
        #[derive(Serialize)]
        struct ChartData<'a> {
            frame: &'a Frame,
            courses: &'a [Course],
        }
        let of_timeline = || Background { series: RunSeries::from_timeline(&story.results.timeline), past: Vec::new() };
        let known = story.background.filter(|background| background.series.total.len() > 1);
        let background = known.map_or_else(of_timeline, Clone::clone);
        let frame = frame(story, &background.series)?;
        let mut courses = course::courses(story, &background, frame.start);
        let endpoints = courses.iter().filter(|course| course.key.is_some()).count();
        let (first, others) = courses.split_first_mut()?;
        let figures = panel::figures(first, &frame);
        for course in others.iter_mut().filter(|course| course.t == first.t) {
            course.t.clear();
        }
        Some(Self {
            names: courses.iter().map(|course| course.name.clone()).collect(),
            figures,
            ramp_up: frame.ramp.map(|end| clock(end as f64)),
            stages: stages(story),
            without: story.results.endpoints.len().saturating_sub(endpoints),
            data: script_json(&ChartData { frame: &frame, courses: &courses }),
            keys: courses.into_iter().map(|course| course.key).collect(),
        })
    }

    /// Which chart an endpoint has.
    pub(super) fn chart_of(&self, method: &str, name: &str) -> Option<usize> {
        debug_assert!(self.keys.len() <= MOST_COURSES);
        let is = |key: &Option<EndpointKey>| key.as_ref().is_some_and(|key| key.method == method && key.name == name);
        self.keys.iter().position(is)
    }
}

/// What the charts share; `None` for a run without a length.
fn frame(story: &Story<'_>, series: &RunSeries) -> Option<Frame> {
    let total = &series.total;
    let (first, last) = (total.first()?, total.last()?);
    let (start, seconds) = (first.t_s, last.t_s - first.t_s);
    if seconds <= 0 {
        return None;
    }
    let findings = story.verdict.findings.iter().enumerate().filter_map(|(index, finding)| {
        let (from, to) = finding.span_s?;
        Some(FindingSpan { number: index + 1, from: (from - start).max(0), to: (to - start).min(seconds) })
    });
    let every = total.len().div_ceil(MOST_POINTS).max(1);
    let mut users: Vec<(i64, u32)> =
        total.iter().step_by(every).map(|point| (point.t_s - start, point.users)).collect();
    users.extend((!(total.len() - 1).is_multiple_of(every)).then_some((seconds, last.users)));
    // With stages, the ramp-up is that of the first one.
    let ramp_up_end = match story.results.stages.first() {
        Some(first) => total.iter().find(|point| point.users >= first.users).map(|point| point.t_s),
        None => series.peak().since(),
    };
    let ramp = ramp_up_end.map(|end| end - start).filter(|end| *end > 0);
    Some(Frame { start, seconds, ramp, findings: findings.collect(), users })
}

/// When each stage after the first one begins; `None` where there is none.
fn stages(story: &Story<'_>) -> Option<String> {
    let begins: Vec<String> = (1..)
        .zip(Stage::spans(&story.results.stages))
        .skip(1)
        .map(|(number, span)| format!("stage {number} ({} users) at {}", span.users, clock(span.from_s)))
        .collect();
    (!begins.is_empty()).then(|| format!("Begin of the stages: {}.", begins.join(", ")))
}
