//! The steps to a limit, for each of the ways there are.

use super::step::{ExplainStep, change, percent};
use crate::baseline::learned::LearnedBaseline;
use crate::baseline::limit::{ErrorParts, ValueParts, min_delta};
use crate::baseline::model::{ENOUGH, Environment, SERVICE_WEIGHT, SLOW_SHARE_WEIGHT, UNEVEN};
use crate::baseline::record::EndpointRecord;
use crate::baseline::service::{LimitParts, RunsLimit, ServiceLimits};
use crate::baseline::statistics::{Failed, PRIOR_WEIGHT, SLOW_SHARE};
use crate::gate::{BaselineQuery, Scatter};
use crate::series::median;
use crate::text::{counted, grouped};
use crate::verdict::Unit;

/// Good runs whose values are listed.
const LISTED: usize = 20;

/// The steps to the limit of this value. `values` are those of the good runs, oldest first, `reason` is what the report
/// says about the limit.
pub(super) fn of(
    learned: &LearnedBaseline<'_>,
    query: &BaselineQuery<'_>,
    most_runs: usize,
    values: &[f64],
    reason: &str,
) -> Vec<ExplainStep> {
    let mut steps = vec![good_runs(learned, query, values)];
    let demand = learned.demand(query);
    let series: Vec<&EndpointRecord> = learned.series(query.endpoint).into_iter().flatten().copied().collect();
    let service = learned.service(query.measure).filter(|_| demand.operator.wants_less());
    let parts = service.as_ref().and_then(|service| {
        let parts = service.parts(query.endpoint, &demand, learned.rounds(query.measure), query.requests)?;
        Some((service, parts))
    });
    if demand.asks_for_improvement() {
        steps.push(ExplainStep::new("Improvement", "The gate asks for an improvement: the change alone decides."));
    } else if query.measure.scatter() == Scatter::Failures {
        let good: Vec<Failed> = series.iter().map(|one| one.failed()).collect();
        steps.extend(errors(&ErrorParts::of(&good, query.requests.max(1), &demand), query, demand.change_percent));
    } else if let Some((service, parts)) = parts {
        steps.extend(with_environment(service, &parts, query.change_percent, demand.rows, most_runs));
    } else if let Some(parts) = ValueParts::of(values, &learned.nature(query, &series), &demand) {
        steps.extend(alone(&parts, query, values.len()));
    }
    steps.push(ExplainStep::new("What the report says", format!("{reason}.")));
    steps
}

fn good_runs(learned: &LearnedBaseline<'_>, query: &BaselineQuery<'_>, values: &[f64]) -> ExplainStep {
    let unit = query.measure.unit();
    let days = match (learned.runs().first(), learned.runs().last()) {
        (Some(first), Some(last)) => {
            format!(" of {} to {}", first.at.strftime("%Y-%m-%d"), last.at.strftime("%Y-%m-%d"))
        }
        _ => String::new(),
    };
    let older = values.len().saturating_sub(LISTED);
    let listed: Vec<String> = values[older..].iter().map(|value| grouped(*value)).collect();
    let more = if older > 0 { format!(" (and {older} older ones)") } else { String::new() };
    let middle = median(values.iter().copied()).unwrap_or_default();
    let text = format!(
        "{}{days} have it, oldest first: {}{more}. Their median is {}.",
        counted(values.len() as u64, "good run"),
        listed.join(", "),
        unit.show(middle)
    );
    ExplainStep::new("Good runs", text).with("runs", values.len() as f64).with("median", middle)
}

fn with_environment(
    service: &ServiceLimits,
    parts: &LimitParts,
    tolerated: f64,
    rows: usize,
    most_runs: usize,
) -> Vec<ExplainStep> {
    let model = service.model();
    let endpoints = model.fits().len() as u64;
    let (low, high) =
        model.effects().iter().fold((0.0_f64, 0.0_f64), |(low, high), one| (low.min(*one), high.max(*one)));
    let usual = ExplainStep::new(
        "Usual value",
        format!(
            "What each good run did to all {} ({} to {}) is taken out by medians in turn over endpoints and runs (median \
             polish). What is usual for this endpoint is then {}.",
            counted(endpoints, "endpoint"),
            change(low),
            change(high),
            Unit::Ms.show(parts.center)
        ),
    )
    .with("usual", parts.center)
    .with("endpoints", endpoints as f64);
    let fit = parts.fit;
    let spread = ExplainStep::new(
        "Spread",
        format!(
            "Its own good runs lie {} from it, as a standard deviation. An endpoint of this service with as many requests \
             usually lies {} away, which counts like {SERVICE_WEIGHT} more runs. Both mixed: {}.",
            percent(fit.own),
            percent(fit.expected),
            percent(fit.spread)
        ),
    )
    .with("own_percent", 100.0 * fit.own.exp_m1())
    .with("service_percent", 100.0 * fit.expected.exp_m1())
    .with("spread_percent", 100.0 * fit.spread.exp_m1());
    let slow = ExplainStep::new(
        "Slow runs",
        format!(
            "{:.1} % of all values are taken to be slow for no reason of the code: what the good runs showed, with {} % of \
             {SLOW_SHARE_WEIGHT} values assumed beforehand.",
            100.0 * model.slow_share(),
            100.0 * SLOW_SHARE
        ),
    )
    .with("slow_percent", 100.0 * model.slow_share());
    let mut scatter = format!(
        "One more run scatters by {} about that: the spread, widened because medians of {} and {} are uncertain",
        percent(parts.scatter),
        counted(model.runs() as u64, "run"),
        counted(endpoints, "endpoint")
    );
    if parts.shift.abs() > 0.005 {
        scatter.push_str(&format!(
            ", and because endpoints answer unevenly to an environment ({:.0} % of it)",
            100.0 * UNEVEN
        ));
    }
    if parts.fewer > 0.0 {
        scatter.push_str(", and because this run has fewer requests than usual");
    }
    let scatter = ExplainStep::new("Scatter of one more run", format!("{scatter}."))
        .with("scatter_percent", 100.0 * parts.scatter.exp_m1());
    let limit = |name: &'static str, runs: &str, one: &RunsLimit| {
        let [tolerance, spreads, many] = one.demands;
        let floor = if one.least > one.by_margin {
            format!(" The smallest difference that counts is more: {}.", Unit::Ms.show(one.least - parts.center))
        } else {
            String::new()
        };
        let text = format!(
            "The widest of what is tolerated (+{tolerated} %), {} times the scatter ({}) and what {} judged at once need \
             ({}), on top of the environment: {runs} exceed {}.{floor} The limit: {}.",
            one.spreads,
            change(spreads),
            counted(rows as u64, "row"),
            change(many),
            Unit::Ms.show(one.by_margin),
            Unit::Ms.show(one.limit())
        );
        ExplainStep::new(name, text)
            .with("tolerated_percent", 100.0 * tolerance.exp_m1())
            .with("spreads_percent", 100.0 * spreads.exp_m1())
            .with("many_rows_percent", 100.0 * many.exp_m1())
            .with("limit", one.limit())
    };
    let which = if most_runs > 2 {
        "Up to three runs decide here: the row shows the lower limit, and fails when two runs exceed the limit for two or \
         three the limit for three."
    } else if most_runs == 2 {
        "Two runs decide here, by the limit for two."
    } else {
        "One run decides here, by the limit for two. With `--confirm` up to three runs decide."
    };
    vec![
        usual,
        spread,
        slow,
        environment(service.environment(), parts),
        scatter,
        limit("Limit for two runs", "two runs must", &parts.two),
        limit("Limit for three runs", "three runs must all", &parts.three),
        ExplainStep::new("How many runs decide", which).with("runs", most_runs as f64),
    ]
}

fn environment(environment: &Environment, parts: &LimitParts) -> ExplainStep {
    let factor = change(environment.factor);
    let how = match environment.line {
        Some(line) => format!(
            "A factor of {:.2} and a delay of {} explain this run better than a factor alone ({factor})",
            line.slope,
            Unit::Ms.show(line.delay)
        ),
        None => format!("Half of the endpoints of this run changed by {factor} or more"),
    };
    let expected = Unit::Ms.show((parts.fit.center + parts.shift).exp());
    let text =
        format!("{how}. That is the environment, and makes {expected} of the usual value ({}).", change(parts.shift));
    ExplainStep::new("Environment of this run", text)
        .with("factor_percent", 100.0 * environment.factor.exp_m1())
        .with("delay", environment.line.map_or(0.0, |line| line.delay))
        .with("shift_percent", 100.0 * parts.shift.exp_m1())
}

fn alone(parts: &ValueParts, query: &BaselineQuery<'_>, runs: usize) -> Vec<ExplainStep> {
    let unit = query.measure.unit();
    let why = if unit == Unit::Ms {
        format!(
            "The endpoint is judged by its own good runs alone: telling it from its environment takes {ENOUGH} endpoints \
             and {ENOUGH} good runs that measured them."
        )
    } else {
        "Only response times are told from their environment, so its own good runs alone decide.".to_owned()
    };
    let [tolerance, spreads, many] = parts.demands;
    let mut steps = vec![
        ExplainStep::new("Usual value", format!("{why} The median is {}.", unit.show(parts.median)))
            .with("usual", parts.median),
        ExplainStep::new(
            "Spread",
            format!(
                "The good runs lie {} from it, as a standard deviation. Before any was seen, {} is expected, which counts \
                 like {PRIOR_WEIGHT} more runs. Both mixed, and widened because the median of {} is uncertain: {}.",
                percent(parts.seen),
                percent(parts.expected),
                counted(runs as u64, "run"),
                percent(parts.spread)
            ),
        )
        .with("own_percent", 100.0 * parts.seen.exp_m1())
        .with("expected_percent", 100.0 * parts.expected.exp_m1())
        .with("spread_percent", 100.0 * parts.spread.exp_m1()),
        ExplainStep::new(
            "Margin",
            format!(
                "The widest of what is tolerated ({:+} %), {} spreads ({} as a factor) and what {} judged at once need \
                 ({}): {}.",
                query.change_percent,
                parts.spreads,
                change(spreads),
                counted(parts.rows as u64, "row"),
                change(many),
                unit.show(parts.by_margin)
            ),
        )
        .with("tolerated_percent", 100.0 * tolerance.exp_m1())
        .with("spreads_percent", 100.0 * spreads.exp_m1())
        .with("many_rows_percent", 100.0 * many.exp_m1())
        .with("by_margin", parts.by_margin),
    ];
    let mut least = format!("A difference counts from {} on", unit.show(parts.delta));
    if parts.bucket > 0.0 {
        least.push_str(&format!(", and from one step of Locust's rounding, {}", unit.show(parts.bucket)));
    }
    let text = format!("{least}. The limit: {}.", unit.show(parts.limit));
    steps.push(ExplainStep::new("Smallest difference", text).with("limit", parts.limit));
    steps
}

fn errors(parts: &ErrorParts, query: &BaselineQuery<'_>, tolerated: f64) -> Vec<ExplainStep> {
    let show = |rate: f64| Unit::Percent.show(rate);
    let rate = 100.0 * parts.all.fraction();
    vec![
        ExplainStep::new(
            "Usual value",
            format!(
                "{} of {} failed in all good runs together: {}.",
                grouped(parts.all.failures as f64),
                counted(parts.all.requests, "request"),
                show(rate)
            ),
        )
        .with("usual", rate),
        ExplainStep::new(
            "Bursts",
            format!(
                "Failures come in bursts: they scatter {:.1} times as much as coin flips, so each count is divided by that.",
                parts.dispersion
            ),
        )
        .with("dispersion", parts.dispersion),
        ExplainStep::new(
            "What the good runs explain",
            format!(
                "With {} in this run, up to {} is explained with a chance of at least {:.3} % (one-sided exact test).",
                counted(query.requests, "request"),
                show(parts.explained),
                100.0 * parts.alpha
            ),
        )
        .with("explained", parts.explained)
        .with("chance_percent", 100.0 * parts.alpha),
        ExplainStep::new(
            "Limit",
            format!(
                "The highest of that, what is tolerated ({:+} %: {}) and the smallest change that counts ({} percentage \
                 points more: {}).",
                tolerated,
                show(parts.tolerated),
                min_delta::PERCENTAGE_POINTS,
                show(parts.relevant)
            ),
        )
        .with("tolerated", parts.tolerated)
        .with("smallest", parts.relevant),
    ]
}
