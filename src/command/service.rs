//! The service a command speaks to: LoadForge, or our own server with Locust behind it.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::cli::ServiceArgs;
use crate::emulator::{self, EngineChoice, RunningServer, Server};
use crate::error::{CommandError, Explain};
use crate::loadforge::{ApiUrl, Client, Event};
use crate::results::LocalLoad;

/// Where the token of LoadForge's API is.
pub(super) const TOKEN_VARIABLE: &str = "LOADFORGE_API_TOKEN";

/// Another way to name the API, shared with other tools.
const URL_VARIABLE: &str = "LOADFORGE_API_URL";

/// A service that is there for as long as this value lives.
pub(super) struct Service {
    pub(super) client: Client,
    server: Option<RunningServer>,
}

impl Service {
    /// LoadForge, or whatever speaks its API at the address given.
    ///
    /// # Errors
    /// When the address or the token cannot be used.
    pub(super) fn remote(arguments: &ServiceArgs) -> Result<Self, CommandError> {
        let variable = || std::env::var(URL_VARIABLE).ok().filter(|text| !text.is_empty() && text != "<nil>");
        let address = arguments.api_url.as_ref().map(ToString::to_string).or_else(variable);
        let url: ApiUrl = address.as_deref().unwrap_or(ApiUrl::LOADFORGE).parse()?;
        let token = std::env::var(TOKEN_VARIABLE).ok().map(SecretString::from);
        Ok(Self { client: Client::builder(url).token(token).build()?, server: None })
    }

    /// Our own server on a free loopback port, with real Locust behind it.
    ///
    /// # Errors
    /// When it cannot listen.
    pub(super) async fn local(load: LocalLoad) -> Result<Self, CommandError> {
        let LocalLoad { processes, seconds_per_minute } = load;
        let engine = EngineChoice::Locust { processes, cache_dir: cache_dir() };
        let config = emulator::ServerConfig { engine, seconds_per_minute, ..emulator::ServerConfig::default() };
        let server = Server::start(config).await?;
        let token = Some(SecretString::from("local"));
        let client = Client::builder(server.api_url().parse()?).token(token).build()?;
        Ok(Self { client, server: Some(server) })
    }

    /// Stops the server, if there is one, and with it every process it started.
    pub(super) async fn close(self) {
        if let Some(server) = self.server {
            server.shutdown().await;
        }
    }
}

/// Where Locust is installed when it is missing.
pub(super) fn cache_dir() -> Option<PathBuf> {
    std::env::var_os("LOADFORGE_CI_CACHE_DIR").filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Says what happens during a run.
pub(super) fn say(event: &Event) {
    if event.is_warning() {
        tracing::warn!("{event}");
    } else {
        tracing::info!("{event}");
    }
}

/// A warning with its cause and the next step.
pub(super) fn warn(what: &str, fault: &impl Explain) {
    let cause = crate::error::chain(fault);
    match fault.hint() {
        Some(hint) => tracing::warn!("{what}: {cause}\nhint: {hint}"),
        None => tracing::warn!("{what}: {cause}"),
    }
}
