//! Values of variables in the file.

/// Stands for the `$` of a variable's value while the file is read, so that a value is never expanded again. A private
/// character of Unicode, which no file holds.
pub(super) const DOLLAR: char = '\u{E000}';

/// Stands for the value of a variable that is not set while only the rest of the file is needed.
pub(super) const UNSET: char = '\u{E001}';

/// Splits at the first `${NAME}`.
pub(super) fn variable(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (name, after) = rest.split_once('}')?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_name.then_some((before, name, after))
}
