//! Small pictures inside table rows: how far a value is from its limit.

use crate::verdict::Row;

/// The value as a bar against its limit: the mark at 80 of 100 is the limit. Empty without both.
pub(super) fn headroom(row: &Row) -> String {
    const LIMIT_AT: f64 = 80.0;
    let (Some(observed), Some(limit)) = (row.observed, row.limit) else {
        return String::new();
    };
    let share = if limit > 0.0 { observed / limit } else { f64::from(u8::from(observed > limit)) * 2.0 };
    let width = (share * LIMIT_AT).clamp(1.0, 100.0);
    format!(
        "<svg class=\"bar {}\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <path d=\"M0 4H{width:.0}\"/></svg>",
        row.outcome
    )
}
