//! Any gate is read back as it was written, and no text makes the parser panic.

use proptest::prelude::*;

use crate::gate::{Condition, ErrorClass, Gate, Limit, LimitUnit, Measure, PlainMeasure, Scope, Selector};
use crate::results::Percentile;
use crate::verdict::{Operator, Severity, Unit};

fn percentile() -> impl Strategy<Value = Percentile> {
    // What looks like a share (p0.95) is refused.
    prop_oneof![1..500_u32, 1000..=100_000_u32]
        .prop_map(|thousandths| Percentile::from_percent(f64::from(thousandths) / 1000.0).unwrap())
}

/// A percentile, or a measure without an argument that is one of these.
fn time(of: fn(&PlainMeasure) -> bool) -> impl Strategy<Value = Measure> {
    prop_oneof![percentile().prop_map(Measure::Percentile), plain(of)]
}

/// A measure without an argument that is one of these.
fn plain(of: fn(&PlainMeasure) -> bool) -> impl Strategy<Value = Measure> {
    let measures = Measure::PLAIN.iter().filter(|(_, plain)| of(plain)).map(|(measure, _)| measure.clone());
    prop::sample::select(measures.collect::<Vec<_>>())
}

fn number() -> impl Strategy<Value = f64> {
    (0..1_000_000_u64, 0..7_u32).prop_map(|(digits, decimals)| digits as f64 / 10_f64.powi(decimals as i32))
}

fn operator() -> impl Strategy<Value = Operator> {
    prop::sample::select(vec![
        Operator::Less,
        Operator::LessOrEqual,
        Operator::Greater,
        Operator::GreaterOrEqual,
        Operator::Equal,
    ])
}

/// Any measure with a limit that fits it.
fn measure_and_limit() -> impl Strategy<Value = (Measure, Limit)> {
    let class = prop_oneof![
        (100..600_u16).prop_map(ErrorClass::Status),
        prop::sample::select(ErrorClass::NAMED.map(|(_, class)| class).to_vec())
    ];
    let limit = |unit| number().prop_map(move |number| Limit { number, unit });
    let share =
        || (0..=10_000_u32).prop_map(|part| Limit { number: f64::from(part) / 100.0, unit: LimitUnit::Percent });
    prop_oneof![
        (time(|plain| plain.unit == Unit::Ms), limit(LimitUnit::Milliseconds)),
        (time(|plain| plain.unit == Unit::Ms), limit(LimitUnit::Seconds)),
        (plain(|plain| plain.unit == Unit::PerSecond), limit(LimitUnit::PerSecond)),
        (plain(|plain| plain.unit == Unit::Count), limit(LimitUnit::Count)),
        (plain(|plain| plain.unit == Unit::Percent), share()),
        (class.clone().prop_map(Measure::Errors), share()),
        (class.prop_map(Measure::Errors), limit(LimitUnit::Count)),
        (
            time(|plain| plain.drifts).prop_map(|measure| Measure::Drift(Box::new(measure))),
            (number(), any::<bool>()).prop_map(|(number, falls)| Limit {
                number: if falls { -number } else { number },
                unit: LimitUnit::Percent
            })
        ),
    ]
}

fn any_gate() -> impl Strategy<Value = Gate> {
    let scope = prop_oneof![
        Just(Scope::WholeRun),
        Just(Scope::AfterRampUp),
        (1..9_u32).prop_map(Scope::Stage),
        ((1..=10_000_u32), any::<bool>())
            .prop_map(|(part, after_ramp_up)| Scope::Windows { percent: f64::from(part) / 100.0, after_ramp_up }),
    ];
    let selector = prop::option::of("[ -~äß語\\\\\"*/]{1,12}".prop_map(|text| Selector::new(&text).unwrap()));
    let severity = prop::sample::select(vec![Severity::Fail, Severity::Warn]);
    let change = prop::option::of(-99.9_f64..1000.0);
    (severity, measure_and_limit(), selector, operator(), change, scope).prop_map(
        |(severity, (measure, limit), selector, operator, change, scope)| {
            let drift = matches!(measure, Measure::Drift(_));
            let condition = match change {
                Some(change) if !drift && operator != Operator::Equal => {
                    Condition::VsBaseline { operator, change_percent: (change * 100.0).round() / 100.0 }
                }
                _ => Condition::Fixed { operator, limit },
            };
            let unjudgeable = match scope {
                Scope::WholeRun => false,
                Scope::AfterRampUp => matches!(measure, Measure::Errors(_)),
                Scope::Stage(_) => {
                    drift || matches!(measure, Measure::Errors(_)) || matches!(condition, Condition::VsBaseline { .. })
                }
                Scope::Windows { .. } => {
                    drift || measure.window().is_none() || matches!(condition, Condition::VsBaseline { .. })
                }
            };
            Gate { severity, measure, selector, condition, scope: if unjudgeable { Scope::WholeRun } else { scope } }
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(gate in any_gate()) {
        let text = gate.to_string();
        prop_assert_eq!(text.parse::<Gate>().map_err(|error| error.to_string()), Ok(gate));
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}") {
        if let Err(error) = text.parse::<Gate>() {
            prop_assert!(error.column() >= 1 && !error.to_string().is_empty());
        }
    }

    /// Texts that are nearly a gate reach deeper than random ones.
    #[test]
    fn no_damaged_gate_makes_it_panic(gate in any_gate(), at in any::<prop::sample::Index>(), with in ".{0,3}") {
        let mut text = gate.to_string();
        let at = text.floor_char_boundary(at.index(text.len()));
        let end = text.ceil_char_boundary((at + 2).min(text.len()));
        text.replace_range(at..end, &with);
        if let Err(error) = text.parse::<Gate>() {
            prop_assert!(error.span().end <= error.text().len());
            prop_assert!(!error.carets().is_empty());
        }
    }
}
