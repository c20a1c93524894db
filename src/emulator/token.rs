//! Tokens of the server.

use std::fmt::Write as _;

use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};

use super::server::EmulatorError;

/// Random bytes of a token.
const BYTES: usize = 32;

/// A random token, for a server that only this process uses.
///
/// # Errors
/// When the system has no randomness to give.
pub fn random_token() -> Result<SecretString, EmulatorError> {
    let mut bytes = [0; BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| EmulatorError::Randomness)?;
    let mut token = String::with_capacity(2 * BYTES);
    for byte in bytes {
        // Writing to a `String` cannot fail.
        let _ = write!(token, "{byte:02x}");
    }
    Ok(SecretString::from(token))
}

/// Whether two tokens are the same, in a time that does not depend on where they differ.
pub(super) fn same(one: &SecretString, other: &SecretString) -> bool {
    let (one, other) = (one.expose_secret().as_bytes(), other.expose_secret().as_bytes());
    one.len() == other.len() && one.iter().zip(other).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_and_never_the_same_again() {
        let (one, other) = (random_token().unwrap(), random_token().unwrap());
        assert_eq!(one.expose_secret().len(), 64);
        assert!(same(&one, &one) && !same(&one, &other) && !same(&one, &"local".into()));
    }
}
