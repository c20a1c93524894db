//! A GitHub App's own token: a signed JSON Web Token (RFC 7519, RS256) traded for an installation token.
//!
//! See GitHub's "Generating a JSON Web Token (JWT) for a GitHub App". Signing is `ring`'s; no second crypto library.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use secrecy::{ExposeSecret, SecretBox, SecretString};

use super::GithubError;

const ID: &str = "LOADFORGE_CI_GITHUB_APP_ID";
const INSTALLATION: &str = "LOADFORGE_CI_GITHUB_APP_INSTALLATION_ID";
const KEY: &str = "LOADFORGE_CI_GITHUB_APP_PRIVATE_KEY";

/// The token is dated back so that a clock a little ahead does no harm (GitHub's advice), s.
const BACKDATED: u64 = 60;

/// GitHub takes at most ten minutes, s.
const VALID: u64 = 540;

/// What identifies a GitHub App and one of its installations.
#[derive(Debug, Clone)]
pub struct AppCredentials {
    /// The app's id or client id.
    id: String,
    /// The installation.
    pub(super) installation: u64,
    /// The private key, DER.
    key: std::sync::Arc<SecretBox<Vec<u8>>>,
    /// How the key is packed.
    packing: Packing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    /// `BEGIN RSA PRIVATE KEY`, what GitHub generates.
    Pkcs1,
    /// `BEGIN PRIVATE KEY`, what many tools convert it to.
    Pkcs8,
}

/// The app of the environment; `None` when none of its variables is set.
pub(super) fn from_env(lookup: &impl Fn(&str) -> Option<String>) -> Result<Option<AppCredentials>, GithubError> {
    let value = |name: &'static str| {
        let text = lookup(name).map(SecretString::from)?;
        (!matches!(text.expose_secret().trim(), "" | "<nil>")).then_some(text)
    };
    let [id, installation, key] = [ID, INSTALLATION, KEY].map(|name| (name, value(name)));
    if [&id, &installation, &key].iter().all(|(_, value)| value.is_none()) {
        return Ok(None);
    }
    let there =
        |(missing, value): (&'static str, Option<SecretString>)| value.ok_or(GithubError::AppIncomplete { missing });
    AppCredentials::new(there(id)?.expose_secret(), there(installation)?.expose_secret(), there(key)?.expose_secret())
        .map(Some)
}

impl AppCredentials {
    /// Checks the three values; the key may be PEM, PEM with `\n` written out, or either in base64.
    ///
    /// # Errors
    /// When one of them is not what it should be; the error names the variable and never its content.
    pub fn new(id: &str, installation: &str, key: &str) -> Result<Self, GithubError> {
        let wrong = |variable, reason| GithubError::AppValue { variable, reason };
        let id = id.trim();
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)) {
            return Err(wrong(ID, "it should be the app's number or client id"));
        }
        let installation =
            installation.trim().parse().map_err(|_| wrong(INSTALLATION, "it should be the installation's number"))?;
        let (packing, der) = der_of(key).map_err(|reason| wrong(KEY, reason))?;
        let app =
            Self { id: id.to_owned(), installation, key: std::sync::Arc::new(SecretBox::new(Box::new(der))), packing };
        app.key_pair()?;
        Ok(app)
    }

    /// A JSON Web Token that proves to be this app, valid for nine minutes.
    pub(super) fn jwt(&self) -> Result<SecretString, GithubError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        self.jwt_at(now)
    }

    fn jwt_at(&self, now: u64) -> Result<SecretString, GithubError> {
        let claims = serde_json::json!({ "iat": now.saturating_sub(BACKDATED), "exp": now + VALID, "iss": self.id });
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let key = self.key_pair()?;
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| GithubError::AppValue { variable: KEY, reason: "it cannot sign" })?;
        Ok(SecretString::from(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }

    fn key_pair(&self) -> Result<RsaKeyPair, GithubError> {
        let der = self.key.expose_secret();
        match self.packing {
            Packing::Pkcs1 => RsaKeyPair::from_der(der),
            Packing::Pkcs8 => RsaKeyPair::from_pkcs8(der),
        }
        .map_err(|_| GithubError::AppValue { variable: KEY, reason: "it is not an RSA key of 2048 bits or more" })
    }
}

/// The key inside a PEM text (RFC 7468), which may itself be wrapped in base64 to survive a one-line setting.
fn der_of(text: &str) -> Result<(Packing, Vec<u8>), &'static str> {
    const NO_PEM: &str = "it should be the app's private key as PEM, or that PEM in base64";
    let unwrapped;
    let pem = if text.contains("-----BEGIN") {
        text
    } else {
        let packed: String = text.split_whitespace().collect();
        unwrapped = STANDARD.decode(packed).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(NO_PEM)?;
        &unwrapped
    };
    let (label, rest) = pem.split_once("-----BEGIN ").and_then(|(_, rest)| rest.split_once("-----")).ok_or(NO_PEM)?;
    let packing = match label {
        "RSA PRIVATE KEY" => Packing::Pkcs1,
        "PRIVATE KEY" => Packing::Pkcs8,
        "ENCRYPTED PRIVATE KEY" => return Err("it is protected by a passphrase; store it without one"),
        _ => return Err("it is another kind of PEM; it should be an RSA private key"),
    };
    let (body, _) = rest.split_once("-----END ").ok_or("its end is missing; store the whole file")?;
    let body: String = body.replace("\\n", "").replace("\\r", "").split_whitespace().collect();
    let der = STANDARD.decode(body).map_err(|_| "its middle is damaged; store the file unchanged")?;
    Ok((packing, der))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    // Made for this test with `openssl genrsa -traditional 2048` and `openssl pkcs8 -topk8 -nocrypt`; used nowhere else.
    const PKCS1: &str = include_str!("../../tests/fixtures/github/app-key.pkcs1.pem");
    const PKCS8: &str = include_str!("../../tests/fixtures/github/app-key.pkcs8.pem");

    #[test]
    fn every_way_to_store_the_key_gives_the_same_signed_token() {
        let ways = [
            PKCS1.to_owned(),
            PKCS8.to_owned(),
            PKCS1.replace('\n', "\\n"),
            PKCS1.replace('\n', " "),
            PKCS8.replace('\n', "\r\n"),
            STANDARD.encode(PKCS1),
            STANDARD.encode(PKCS8),
        ];
        let tokens: Vec<String> = ways
            .iter()
            .map(|key| {
                AppCredentials::new("12", "34", key).unwrap().jwt_at(1_000_000).unwrap().expose_secret().to_owned()
            })
            .collect();
        assert!(tokens.iter().all(|token| *token == tokens[0]));
        let parts: Vec<&str> = tokens[0].split('.').collect();
        let text = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        assert_eq!(text(parts[0]), r#"{"alg":"RS256","typ":"JWT"}"#);
        let claims: serde_json::Value = serde_json::from_str(&text(parts[1])).unwrap();
        assert_eq!(claims, serde_json::json!({ "iat": 999_940, "exp": 1_000_540, "iss": "12" }));
        let key = AppCredentials::new("12", "34", PKCS1).unwrap().key_pair().unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key())
            .verify(tokens[0].rsplit_once('.').unwrap().0.as_bytes(), &URL_SAFE_NO_PAD.decode(parts[2]).unwrap())
            .unwrap();
    }

    #[test]
    fn what_cannot_be_the_key_is_said_without_showing_it() {
        let half = &PKCS1[..PKCS1.len() / 2];
        let middle = PKCS1.lines().nth(5).unwrap();
        for key in
            ["hello", "aGVsbG8=", half, &PKCS1.replace(middle, "!!"), &PKCS1.replace(middle, ""), "-----BEGIN X-----"]
        {
            let error = AppCredentials::new("12", "34", key).unwrap_err();
            assert!(error.to_string().starts_with("LOADFORGE_CI_GITHUB_APP_PRIVATE_KEY is not valid: it"), "{error}");
            assert!(!error.to_string().contains(middle));
        }
        assert!(AppCredentials::new("1 2", "34", PKCS1).is_err());
        assert!(AppCredentials::new("12", "x", PKCS1).is_err());
        assert!(!format!("{:?}", AppCredentials::new("12", "34", PKCS1)).contains(middle));
    }
}
