//! The conditions of `when` and `unless` steps: truth of a value, and the logic statements.

use serde_json::Value;

use super::Compiled;

/// Evaluates a condition whose parameters are filled in already.
pub(super) fn holds(condition: &Value) -> Compiled<bool> {
    let Value::Object(statement) = condition else { return Ok(truth(condition)) };
    let mut entries = statement.iter();
    let (Some((word, operand)), None) = (entries.next(), entries.next()) else {
        return Err(format!("a logic statement has one key: {condition}"));
    };
    let list = || operand.as_array().ok_or(format!("{word} takes a list: {operand}"));
    match word.as_str() {
        "not" => Ok(!holds(operand)?),
        "and" => list()?.iter().try_fold(true, |all, item| Ok(all && holds(item)?)),
        "or" => list()?.iter().try_fold(false, |any, item| Ok(any || holds(item)?)),
        "equal" => Ok(list()?.windows(2).all(|pair| pair[0] == pair[1])),
        _ => Err(format!("unknown logic statement {word}")),
    }
}

/// Only these count as false; any other text, "false" included, is true.
fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_empty_text_is_false_and_every_other_text_is_true() {
        assert_eq!(holds(&json!("")), Ok(false));
        assert_eq!(holds(&json!("false")), Ok(true));
        assert_eq!(holds(&json!({"or": [false, {"not": false}]})), Ok(true));
        assert_eq!(holds(&json!({"and": [true, {"equal": ["a", "b"]}]})), Ok(false));
        assert!(holds(&json!({"xor": []})).is_err());
    }
}
