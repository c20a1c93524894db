//! `emulate`: the LoadForge-compatible server in the foreground.

use std::io::Write;
use std::time::Duration;

use secrecy::SecretString;

use crate::cli::EmulateArgs;
use crate::emulator::{EngineChoice, ReplayPace, Server, ServerConfig, TokenPolicy};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::running::{cache_dir, stop_signals};
use crate::stdout::printed;

pub(super) async fn run(arguments: &EmulateArgs, mut sink: impl Write) -> Result<Exit, CommandError> {
    let seconds = |value: f64, flag: &str| {
        Duration::try_from_secs_f64(value)
            .ok()
            .filter(|time| *time <= LONGEST_PROVISIONING)
            .ok_or_else(|| CommandError::usage(format!("{flag} takes 0 to 3600 seconds, not {value}")))
    };
    let engine = match &arguments.replay {
        Some(folder) => EngineChoice::Replay { folder: folder.clone(), pace: ReplayPace::AsPlanned },
        None => EngineChoice::Locust { processes: arguments.processes, cache_dir: cache_dir() },
    };
    let mut stop = stop_signals()?;
    let server = Server::start(ServerConfig {
        listen: arguments.listen,
        tokens: tokens(arguments.token_env.as_deref())?,
        seconds_per_minute: arguments.seconds_per_minute,
        provisioning: seconds(arguments.provisioning, "--provisioning")?,
        engine,
        state: arguments.state.clone(),
        ..ServerConfig::default()
    })
    .await?;
    // The address goes to stdout, so that a script can read it.
    printed(writeln!(sink, "{}", server.api_url()).and_then(|()| sink.flush()))?;
    tracing::info!("serving LoadForge's API; stop it with Ctrl-C");
    let signal = stop.signal().await;
    server.shutdown().await;
    Ok(signal.exit())
}

/// The longest `--provisioning`.
const LONGEST_PROVISIONING: Duration = Duration::from_secs(3600);

fn tokens(variable: Option<&str>) -> Result<TokenPolicy, CommandError> {
    let Some(name) = variable else { return Ok(TokenPolicy::Any) };
    match std::env::var(name) {
        Ok(token) if !token.is_empty() => Ok(TokenPolicy::Fixed(SecretString::from(token))),
        _ => Err(CommandError::usage(format!("the variable {name}, named by --token-env, is not set"))),
    }
}
