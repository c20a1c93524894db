//! Numbers and counted things.

/// The count with its noun: `1 row`, `2 rows`, `1,200 good runs`, `3 queries`. `noun` is the singular; its last word
/// takes the plural.
#[must_use]
pub fn counted(count: impl TryInto<u64>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    let number = grouped(count as f64);
    if count == 1 { format!("{number} {noun}") } else { format!("{number} {}", plural(noun)) }
}

/// The plural of a regular noun.
fn plural(noun: &str) -> String {
    let consonant_y = noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u']));
    match consonant_y {
        Some(stem) => format!("{stem}ies"),
        None if noun.ends_with(['s', 'x']) || noun.ends_with("ch") || noun.ends_with("sh") => format!("{noun}es"),
        None => format!("{noun}s"),
    }
}

/// A number with thousands separated and at most as many decimals as make three significant digits (never fewer
/// than its whole part): 1070 → `1,070`, 34.0703 → `34.1`, 0.004213 → `0.00421`.
#[must_use]
pub fn grouped(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let size = value.abs();
    let mut out = String::with_capacity(16);
    // Most values are whole, and need no formatting of fractions. Up to 2^53 they are exact.
    if size.fract() == 0.0 && size < 9_007_199_254_740_992.0 {
        if value < 0.0 {
            out.push('-');
        }
        push_grouped(&mut out, &(size as u64).to_string());
        return out;
    }
    let decimals = if size >= 100.0 { 0 } else { (2 - size.log10().floor() as i32).clamp(0, 6) as usize };
    let mut text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    out.push_str(sign);
    push_grouped(&mut out, whole);
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// Appends digits with a comma before each three of them.
fn push_grouped(out: &mut String, digits: &str) {
    let first = (digits.len() - 1) % 3 + 1;
    out.push_str(&digits[..first]);
    for three in digits.as_bytes()[first..].chunks(3) {
        out.push(',');
        out.extend(three.iter().map(|digit| char::from(*digit)));
    }
}

/// The largest change that is written as a number, %.
const MOST_PERCENT: f64 = 999.0;

/// A change with its sign, decimals only below 10 %, and no number beyond 999 %: `+34 %`, `-3.1 %`, `> +999 %`.
#[must_use]
pub fn signed_percent(value: f64) -> String {
    let rounded = if value.abs() < 10.0 { (value * 10.0).round() / 10.0 } else { value.round() };
    if rounded == 0.0 {
        "0 %".to_owned()
    } else if rounded > MOST_PERCENT {
        format!("> +{MOST_PERCENT} %")
    } else if rounded < -MOST_PERCENT {
        format!("< -{MOST_PERCENT} %")
    } else {
        format!("{rounded:+} %")
    }
}

#[cfg(test)]
mod tests {
    use super::{counted, grouped, signed_percent};

    #[test]
    fn whole_numbers_are_grouped_as_all_others() {
        let shown = [0.0, -0.0, 7.0, -100.0, 1000.0, 999_999.0, -1_234_567.0, 1e15, 1e16, 1234.6, 0.1].map(grouped);
        let expected = [
            "0",
            "0",
            "7",
            "-100",
            "1,000",
            "999,999",
            "-1,234,567",
            "1,000,000,000,000,000",
            "10,000,000,000,000,000",
            "1,235",
            "0.1",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_change_is_written_with_few_digits() {
        assert_eq!([34.2, -0.04, 3.13, -22.6].map(signed_percent), ["+34 %", "0 %", "+3.1 %", "-23 %"]);
        assert_eq!([999.4, 258_250.0, -1e9].map(signed_percent), ["+999 %", "> +999 %", "< -999 %"]);
    }

    #[test]
    fn one_thing_is_singular_and_every_other_count_plural() {
        assert_eq!(counted(1_u32, "row"), "1 row");
        assert_eq!(counted(0_usize, "good run"), "0 good runs");
        assert_eq!(counted(1_200_u64, "row"), "1,200 rows");
        assert_eq!(counted(2_u8, "query"), "2 queries");
        assert_eq!(counted(2_u8, "day"), "2 days");
        assert_eq!(counted(3_u8, "failure class"), "3 failure classes");
        assert_eq!(counted(2_u8, "batch"), "2 batches");
    }
}
