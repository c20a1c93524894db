//! Reading JSON from outside with bounded memory.

mod cut;

pub use cut::{cut, cut_text};

use serde::de::DeserializeOwned;
use serde_json::Value;

/// The most memory the values of one answer may take, bytes. An hour of 10,000 endpoints takes less than a tenth.
const MOST_BYTES: usize = 512 << 20;

/// About what an object takes (a node of a map with room for eleven fields), bytes.
const OBJECT: usize = 640;

/// About what a further field of an object takes, its key included, bytes.
const FIELD: usize = 100;

/// About what an element of a list takes, bytes.
const ELEMENT: usize = 40;

/// Why a text was not read.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// It is not JSON.
    #[error("it is not JSON ({0})")]
    Syntax(#[from] serde_json::Error),
    /// Its values would take too much memory.
    #[error("its values would take more than {} MiB of memory", MOST_BYTES >> 20)]
    TooLarge,
}

/// Reads a JSON text whose values fit into 512 MiB: 100 MB of small objects would take a hundred times their length.
///
/// # Errors
/// When it is not JSON or would take too much memory.
pub fn read(text: &[u8]) -> Result<Value, JsonError> {
    read_as(text)
}

/// The same for a type of its own, which takes no more memory than untyped values do.
///
/// # Errors
/// As for [`read`], and when the text is no such value.
pub fn read_as<T: DeserializeOwned>(text: &[u8]) -> Result<T, JsonError> {
    if memory_of(text) > MOST_BYTES {
        return Err(JsonError::TooLarge);
    }
    Ok(serde_json::from_slice(text)?)
}

/// About how much memory the values of a JSON text take, beside the texts in it.
fn memory_of(text: &[u8]) -> usize {
    let mut bytes = 0_usize;
    let mut index = 0;
    while let Some(byte) = text.get(index) {
        bytes = bytes.saturating_add(match byte {
            b'{' => OBJECT,
            b':' => FIELD,
            b',' | b'[' => ELEMENT,
            _ => 0,
        });
        index += 1;
        if *byte == b'"' {
            // To the end of the string.
            while let Some(found) = memchr::memchr2(b'"', b'\\', text.get(index..).unwrap_or_default()) {
                let at = index + found;
                index = at + if text[at] == b'\\' { 2 } else { 1 };
                if text[at] == b'"' {
                    break;
                }
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_of_small_objects_is_bounded_and_a_long_text_is_not() {
        let objects = format!("[{}{{}}]", "{\"a\":1},".repeat(1_000_000));
        assert!(matches!(read(objects.as_bytes()), Err(JsonError::TooLarge)));
        let text = format!("{{\"results_csv_stats\": \"{}\"}}", "GET,/a\\\",{[:\\n".repeat(1_000_000));
        assert!(read(text.as_bytes()).unwrap().is_object());
        assert!(matches!(read(b"<html>"), Err(JsonError::Syntax(_))));
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_the_library_reads_it(text in "[\\[\\]{}\":,\\\\a1 ]{0,40}") {
            prop_assert_eq!(read(text.as_bytes()).ok(), serde_json::from_str::<Value>(&text).ok());
        }
    }
}
