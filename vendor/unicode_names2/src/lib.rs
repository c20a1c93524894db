//! Names of characters for the Python parser, without the table of names: `lint` reads `\N{…}` in a script's strings
//! and never needs to know which character it is. (The real crate is 408 kB of the compressed program.)

#![no_std]

/// Some character for any name: Python itself refuses a name that does not exist.
#[must_use]
pub fn character(name: &str) -> Option<char> {
    (!name.is_empty()).then_some(char::REPLACEMENT_CHARACTER)
}
