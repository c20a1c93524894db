//! The accounts and the tokens that logging in gives.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;

/// An account of the shop, and the environment variables by which the scripts learn of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// E-mail address.
    pub email: &'static str,
    /// Password; of no worth outside the demo.
    pub password: &'static str,
    /// Name shown.
    pub name: &'static str,
    /// Whether it may import customers and generate reports.
    pub analyst: bool,
    /// The variable that holds the address.
    pub email_variable: &'static str,
    /// The variable that holds the password.
    pub password_variable: &'static str,
}

/// The accounts the shop knows, one a pair of environment variables.
pub const ACCOUNTS: [Account; 3] = [
    Account {
        email: "shopper@demo.example",
        password: "demo-shopper",
        name: "Sam Shopper",
        analyst: false,
        email_variable: "TEST_USER_EMAIL",
        password_variable: "TEST_USER_PASSWORD",
    },
    Account {
        email: "buyer@demo.example",
        password: "demo-buyer",
        name: "Bo Buyer",
        analyst: false,
        email_variable: "CHECKOUT_USER_EMAIL",
        password_variable: "CHECKOUT_USER_PASSWORD",
    },
    Account {
        email: "analyst@demo.example",
        password: "demo-analyst",
        name: "Ann Analyst",
        analyst: true,
        email_variable: "REPORT_USER_EMAIL",
        password_variable: "REPORT_USER_PASSWORD",
    },
];

/// How long a token is good for.
pub(super) const TOKEN_LIFE: Duration = Duration::from_secs(24 * 3600);

/// Makes and checks bearer tokens. They are signed, so none has to be remembered.
#[derive(Debug)]
pub(super) struct Tokens {
    key: hmac::Key,
    opened: Instant,
    serial: AtomicU64,
}

impl Tokens {
    /// `None` when the system has no random numbers.
    pub(super) fn new() -> Option<Self> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok()?;
        Some(Self { key, opened: Instant::now(), serial: AtomicU64::new(0) })
    }

    /// A token for the account of this index: account, second and serial number, signed.
    pub(super) fn issue(&self, account: usize) -> String {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let text = format!("{account}.{}.{serial}", self.opened.elapsed().as_secs());
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, text.as_bytes()));
        format!("{text}.{signature}")
    }

    pub(super) fn check(&self, token: &str) -> Option<usize> {
        let (text, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        hmac::verify(&self.key, text.as_bytes(), &signature).ok()?;
        let mut parts = text.split('.');
        let account = parts.next()?.parse().ok()?;
        let issued: u64 = parts.next()?.parse().ok()?;
        (self.opened.elapsed().as_secs() < issued + TOKEN_LIFE.as_secs()).then_some(account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_issued_token_is_good() {
        let (tokens, others) = (Tokens::new().unwrap(), Tokens::new().unwrap());
        let token = tokens.issue(2);
        assert_eq!(tokens.check(&token), Some(2));
        assert_ne!(token, tokens.issue(2));
        assert_eq!(others.check(&token), None);
        assert_eq!(tokens.check(&token.replacen('2', "1", 1)), None);
        for nonsense in ["", ".", "2.0.0", "2.0.0.", "2.0.0.!!"] {
            assert_eq!(tokens.check(nonsense), None, "{nonsense}");
        }
    }
}
