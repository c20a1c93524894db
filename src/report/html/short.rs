//! The page's data for its script: JSON that cannot end a script element, with numbers as short as JSON allows.

use serde::{Serialize, Serializer};

/// A number that is written without a fraction where it has none.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShortNumber(pub(super) f64);

impl Serialize for ShortNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(value) = *self;
        // Beyond 2⁵³ JavaScript has no whole numbers either.
        if value.fract() == 0.0 && value.abs() < 9e15 {
            serializer.serialize_i64(value as i64)
        } else {
            serializer.serialize_f64(value)
        }
    }
}

/// Data for a script as JSON that cannot end a script element.
pub(super) fn script_json(data: &impl Serialize) -> String {
    serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned()).replace('<', "\\u003c")
}

/// A list of values, `null` where there is none.
pub(super) fn list<S: Serializer>(values: &[Option<f64>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(|value| value.map(ShortNumber)))
}

#[cfg(test)]
mod tests {
    use super::ShortNumber;

    #[test]
    fn a_whole_number_has_no_fraction() {
        let text = serde_json::to_string(&[84.0, 0.5, -3.0, 1e300].map(ShortNumber)).unwrap();
        assert_eq!(text, "[84,0.5,-3,1e+300]");
    }
}
