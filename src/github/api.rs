//! The connection to one GitHub: octocrab over this program's HTTP client, with our own idea of when to ask again.
//!
//! octocrab's retry stays off: it repeats a POST at once, which makes second comments. Here only reads and other
//! requests that may be repeated are; a comment's creation is never among them.

use std::future::Future;

use octocrab::{FromResponse, Octocrab, Page};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::Url;

use super::author::Identity;
use super::body::{self, HttpAnswer};
use super::error::{GithubError, Task};
use super::pacing::Pacer;
use super::patience::Patience;
use super::refusal::Refusal;
use super::token::Credentials;
use crate::http;

/// GitHub's own API. GitHub Enterprise Server has its at `https://HOST/api/v3`.
pub const DEFAULT_API_URL: &str = "https://api.github.com";

/// Items a page; the most GitHub gives.
const PER_PAGE: u32 = 100;

/// Pages read of one list, so that a server that always names a next page ends too.
const MAX_PAGES: usize = 500;

/// An authenticated connection to one GitHub.
#[derive(Debug)]
pub struct Github {
    rest: Octocrab,
    /// GitHub Enterprise Server serves GraphQL beside the REST API, not below it.
    graphql: Octocrab,
    credential: String,
    pub(super) app: Option<Octocrab>,
    pub(super) identity: Mutex<Option<Identity>>,
    pub(super) pacer: Pacer,
    api_host: String,
}

impl Github {
    /// Connects over this program's HTTP client. A GitHub App makes its installation token here; a plain token is not
    /// tried before it is needed.
    ///
    /// # Errors
    /// When the address is no API's, or GitHub does not give the app a token.
    pub async fn connect(credentials: &Credentials, api_url: Option<&str>) -> Result<Self, GithubError> {
        let client = http::client().map_err(|error| GithubError::Client { reason: error.to_string() })?;
        Self::connect_with(client, credentials, api_url, Patience::default()).await
    }

    /// The same over another client and with other waiting times.
    ///
    /// # Errors
    /// As for [`Github::connect`].
    pub async fn connect_with(
        client: reqwest::Client,
        credentials: &Credentials,
        api_url: Option<&str>,
        patience: Patience,
    ) -> Result<Self, GithubError> {
        let base = base_url(api_url.unwrap_or(DEFAULT_API_URL))?;
        let open = |address: &Url, token: &SecretString| crab(&client, address, token);
        let pacer = Pacer::new(patience);
        let mut minted = None;
        let token = match credentials {
            Credentials::Token { token, .. } => token.clone(),
            Credentials::App(app) => {
                let signed = open(&base, &app.jwt()?)?;
                let token = mint(&signed, app.installation, credentials.origin(), &pacer).await?;
                minted = Some(signed);
                token
            }
        };
        Ok(Self {
            rest: open(&base, &token)?,
            graphql: open(&graphql_base(&base), &token)?,
            credential: credentials.origin().to_owned(),
            app: minted,
            identity: Mutex::new(None),
            pacer,
            api_host: base.host_str().unwrap_or_default().to_owned(),
        })
    }

    /// The host of its API.
    pub(super) fn api_host(&self) -> &str {
        &self.api_host
    }

    /// Reads one thing; asked again when GitHub does not answer.
    pub(super) async fn get<T: DeserializeOwned>(&self, task: Task, route: &str) -> Result<T, GithubError> {
        self.patiently(task, || self.rest._get(route)).await
    }

    /// Reads a list to its last page and keeps what `keep` wants of each page.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        task: Task,
        route: &str,
        keep: impl Fn(&T) -> bool,
    ) -> Result<Vec<T>, GithubError> {
        let mut kept = Vec::new();
        let mut route = format!("{route}?per_page={PER_PAGE}");
        for _ in 0..MAX_PAGES {
            let page: Page<T> = self.patiently(task, || self.rest._get(route.as_str())).await?;
            kept.extend(page.items.into_iter().filter(&keep));
            match page.next {
                Some(next) => route = next.to_string(),
                None => break,
            }
        }
        Ok(kept)
    }

    /// Sends something once. Whether it may be sent again is for the caller to find out.
    pub(super) async fn post_once<T: DeserializeOwned>(
        &self,
        task: Task,
        route: &str,
        body: &impl Serialize,
    ) -> Result<T, GithubError> {
        self.read(task, self.rest._post(route, Some(body)).await).await
    }

    /// Changes something once.
    pub(super) async fn patch_once<T: DeserializeOwned>(
        &self,
        task: Task,
        route: &str,
        body: &impl Serialize,
    ) -> Result<T, GithubError> {
        self.read(task, self.rest._patch(route, Some(body)).await).await
    }

    /// Sends something that may be sent twice without harm.
    pub(super) async fn post_again<T: DeserializeOwned>(
        &self,
        task: Task,
        route: &str,
        body: &impl Serialize,
    ) -> Result<T, GithubError> {
        self.patiently(task, || self.rest._post(route, Some(body))).await
    }

    /// Deletes something; gone already is as good.
    pub(super) async fn delete(&self, task: Task, route: &str) -> Result<(), GithubError> {
        let deleted: Result<Nothing, _> = self.patiently(task, || self.rest._delete(route, None::<&()>)).await;
        match deleted {
            Err(error) if error.status() == Some(404) => Ok(()),
            other => other.map(|Nothing| ()),
        }
    }

    /// Asks the GraphQL API; only for what may be asked twice.
    pub(super) async fn graphql<T: DeserializeOwned>(
        &self,
        task: Task,
        query: &str,
        variables: Value,
    ) -> Result<T, GithubError> {
        let question = json!({ "query": query, "variables": variables });
        let answer: GraphqlAnswer<T> = self.patiently(task, || self.graphql._post("/graphql", Some(&question))).await?;
        // GraphQL answers 200 even to what is not allowed.
        let refused = |message: &str| GithubError::Refused {
            task,
            status: 200,
            message: crate::clean::sentence(message, 200),
            reason: Refusal::Permission { accepted: None },
            credential: self.credential.clone(),
        };
        match (answer.errors.first(), answer.data) {
            (Some(error), _) => Err(refused(&error.message)),
            (None, Some(data)) => Ok(data),
            (None, None) => Err(refused("no data")),
        }
    }

    /// Repeats a harmless request while that can help.
    pub(super) async fn patiently<T, F>(&self, task: Task, ask: impl Fn() -> F) -> Result<T, GithubError>
    where
        T: FromResponse,
        F: Future<Output = octocrab::Result<HttpAnswer>>,
    {
        patiently(&self.pacer, task, &self.credential, ask).await
    }

    async fn read<T: FromResponse>(&self, task: Task, answer: octocrab::Result<HttpAnswer>) -> Result<T, GithubError> {
        body::read(answer, task, &self.credential, &self.pacer.patience).await
    }
}

async fn patiently<T, F>(pacer: &Pacer, task: Task, credential: &str, ask: impl Fn() -> F) -> Result<T, GithubError>
where
    T: FromResponse,
    F: Future<Output = octocrab::Result<HttpAnswer>>,
{
    let mut tried = 0;
    loop {
        tried += 1;
        let error = match body::read(ask().await, task, credential, &pacer.patience).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if tried >= pacer.patience.tries {
            return Err(error);
        }
        pacer.pause(error, tried).await?;
    }
}

/// An answer whose content does not matter.
struct Nothing;

impl FromResponse for Nothing {
    async fn from_response<B>(_: ::http::Response<B>) -> octocrab::Result<Self>
    where
        B: http_body::Body<Data = bytes::Bytes, Error = octocrab::Error> + Send,
    {
        Ok(Self)
    }
}

#[derive(serde::Deserialize)]
struct GraphqlAnswer<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Vec<GraphqlFault>,
}

#[derive(serde::Deserialize)]
struct GraphqlFault {
    #[serde(default)]
    message: String,
}

fn base_url(address: &str) -> Result<Url, GithubError> {
    let wrong = |reason: &str| GithubError::BadApiUrl { reason: reason.to_owned() };
    let mut url = Url::parse(address.trim()).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("it should start with https:// and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("credentials do not belong in an address"));
    }
    if url.scheme() == "http" && !http::is_loopback(&url) {
        return Err(wrong(
            "the token would be sent over plain http, which is allowed to this machine only; use https://",
        ));
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// `https://HOST/api/v3` has its GraphQL at `https://HOST/api/graphql`; github.com at `/graphql`.
fn graphql_base(rest: &Url) -> Url {
    let mut url = rest.clone();
    let path = rest.path().trim_end_matches('/');
    if let Some(parent) = path.strip_suffix("/v3") {
        url.set_path(parent);
    }
    url
}

fn crab(client: &reqwest::Client, address: &Url, token: &SecretString) -> Result<Octocrab, GithubError> {
    Octocrab::builder()
        .base_uri(address.as_str())
        .and_then(|builder| builder.personal_token(token.clone()).build_with_reqwest(client.clone()))
        .map_err(|error| GithubError::Client { reason: crate::error::chain(&error) })
}

#[derive(serde::Deserialize)]
struct InstallationToken {
    token: SecretString,
}

/// Trades the app's signed token for one of its installation, valid for an hour.
async fn mint(signed: &Octocrab, installation: u64, origin: &str, pacer: &Pacer) -> Result<SecretString, GithubError> {
    let route = format!("/app/installations/{installation}/access_tokens");
    let body = json!({});
    let ask = || signed._post(route.as_str(), Some(&body));
    patiently(pacer, Task::MintToken, origin, ask).await.map(|InstallationToken { token }| token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphql_is_found_beside_the_rest_api() {
        for (rest, graphql) in [
            ("https://api.github.com", "https://api.github.com/"),
            ("https://ghe.example/api/v3", "https://ghe.example/api"),
            ("https://ghe.example/api/v3/", "https://ghe.example/api"),
        ] {
            assert_eq!(graphql_base(&base_url(rest).unwrap()).as_str(), graphql);
        }
    }

    #[test]
    fn an_address_with_a_secret_or_another_scheme_is_refused_without_showing_it() {
        for address in ["ftp://x", "api.github.com", "https://me:s3cret@ghe.example", ""] {
            let error = base_url(address).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
