//! The service a command speaks to: LoadForge, or our own server with Locust behind it.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::cli::ServiceArgs;
use crate::emulator::{self, EngineChoice, RunningServer, Server, TokenPolicy};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::loadforge::{ApiUrl, Client, Event, StopSignals};
use crate::log;
use crate::results::LocalLoad;

/// Where the token of LoadForge's API is.
const TOKEN_VARIABLE: &str = "LOADFORGE_API_TOKEN";

/// Another way to name the API, shared with other tools.
const URL_VARIABLE: &str = "LOADFORGE_API_URL";

/// A service that runs as long as this value lives.
pub(crate) struct Service {
    pub(crate) client: Client,
    server: Option<RunningServer>,
}

impl Service {
    /// LoadForge, or another server with its API at the given address.
    ///
    /// # Errors
    /// When the address or the token cannot be used.
    pub(crate) fn remote(arguments: &ServiceArgs) -> Result<Self, CommandError> {
        let url = api_url(arguments)?;
        let token = std::env::var(TOKEN_VARIABLE).ok().map(SecretString::from);
        Ok(Self { client: Client::builder(url).token(token).build()?, server: None })
    }

    /// Our own server on a free loopback port, with real Locust behind it.
    ///
    /// # Errors
    /// When it cannot listen.
    pub(crate) async fn local(load: LocalLoad) -> Result<Self, CommandError> {
        let LocalLoad { processes, seconds_per_minute, .. } = load;
        let engine = EngineChoice::Locust { processes, cache_dir: cache_dir() };
        // Anyone who knows the token can run code on this machine and read the script with its secrets.
        let token = emulator::random_token()?;
        let tokens = TokenPolicy::Fixed(token.clone());
        let config = emulator::ServerConfig { engine, seconds_per_minute, tokens, ..emulator::ServerConfig::default() };
        let server = Server::start(config).await?;
        let client = Client::builder(server.api_url().parse()?).token(Some(token)).build()?;
        Ok(Self { client, server: Some(server) })
    }

    /// Stops the server, if there is one, and with it every process it started.
    pub(crate) async fn close(self) {
        if let Some(server) = self.server {
            server.shutdown().await;
        }
    }
}

/// The address of LoadForge's API, or of another server with that API.
///
/// # Errors
/// When it cannot be used.
pub(crate) fn api_url(arguments: &ServiceArgs) -> Result<ApiUrl, CommandError> {
    Ok(named_api_url(arguments).as_deref().unwrap_or(ApiUrl::LOADFORGE).parse()?)
}

/// The address that a flag or the environment names.
pub(crate) fn named_api_url(arguments: &ServiceArgs) -> Option<String> {
    let variable = || std::env::var(URL_VARIABLE).ok().filter(|text| !text.is_empty() && text != "<nil>");
    arguments.api_url.as_ref().map(ToString::to_string).or_else(variable)
}

/// Where Locust is installed when it is missing.
pub(crate) fn cache_dir() -> Option<PathBuf> {
    std::env::var_os("LOADFORGE_CI_CACHE_DIR").filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Logs what happens during a run.
pub(crate) fn log_event(event: &Event) {
    // In a terminal progress has a line of its own.
    if let Event::Progress(progress) = event
        && log::status_line(|width| progress.bar(width))
    {
        return;
    }
    if event.is_warning() {
        tracing::warn!("{event}");
    } else {
        tracing::info!("{event}");
    }
}

/// Listens for signals that ask to stop.
///
/// # Errors
/// When the system does not let us.
pub(crate) fn stop_signals() -> Result<StopSignals, CommandError> {
    StopSignals::on_signals()
        .map_err(|cause| CommandError::new(Exit::Unavailable, format!("failed to listen for signals: {cause}")))
}
