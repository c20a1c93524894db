//! Which secrets this process was given, so that nothing it writes holds them.

use secrecy::SecretString;

use crate::cli::{Command, EnvEntry};
use crate::redact::{self, Placeholder};
use crate::running::{register_address, register_entry};

/// Variables that hold a token or a key wherever they are set.
const TOKENS: [&str; 8] = [
    "LOADFORGE_API_TOKEN",
    "CIRCLECI_RELEASE_SECRET",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "LOADFORGE_CI_GITHUB_APP_PRIVATE_KEY",
    "CIRCLE_TOKEN",
    "CIRCLE_OIDC_TOKEN",
    "CIRCLE_OIDC_TOKEN_V2",
];

/// Addresses that may hold a password.
const ADDRESSES: [&str; 13] = [
    "LOADFORGE_API_URL",
    "LOADFORGE_CI_API_URL",
    "LOADFORGE_CI_TARGET_HOST",
    "LOADFORGE_CI_CONTROL_HOST",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "ALL_PROXY",
    "https_proxy",
    "http_proxy",
    "all_proxy",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "UV_DEFAULT_INDEX",
];

/// Registers the tokens of the environment. The first thing a process does: even a command line that cannot be parsed is
/// not repeated with a token in it.
pub fn register_environment() {
    TOKENS.iter().for_each(|name| register_variable(name));
    for (name, value) in std::env::vars_os() {
        if let (Some(name), Ok(value)) = (name.to_str(), value.into_string())
            && is_named_as_secret(name)
        {
            redact::register(&SecretString::from(value), Placeholder::Hidden);
        }
    }
    for name in ADDRESSES {
        if let Some(address) = std::env::var(name).ok().and_then(|text| text.parse().ok()) {
            register_address(&address);
        }
    }
}

/// Registers what the command line names or holds.
pub(super) fn register_arguments(command: &Command) {
    let mut variables = Vec::new();
    let mut addresses = Vec::new();
    let mut entries: &[EnvEntry] = &[];
    match command {
        Command::Signal(signal) => register_variable(&signal.signal_secret_env),
        Command::Run(run) => {
            entries = &run.shape.env;
            addresses.extend([&run.service.api_url, &run.shape.target_host, &run.checked.control_host]);
        }
        Command::Doctor(doctor) => {
            entries = &doctor.run.shape.env;
            addresses.extend([&doctor.run.service.api_url, &doctor.run.shape.target_host]);
            addresses.extend([&doctor.github.github_api_url, &doctor.run.checked.control_host]);
            variables.push(&doctor.github.github_token_env);
        }
        Command::Wait(wait) => {
            entries = &wait.env;
            addresses.extend([&wait.service.api_url, &wait.checked.control_host]);
        }
        Command::Cancel(cancel) => addresses.push(&cancel.service.api_url),
        Command::Gate(gate) => {
            entries = &gate.gate.env;
            addresses.extend([&gate.service.api_url, &gate.github.github_api_url]);
            addresses.extend([&gate.csv_run.target_host, &gate.gate.control_host]);
            variables.push(&gate.github.github_token_env);
        }
        Command::Comment(comment) => {
            addresses.push(&comment.github.github_api_url);
            variables.push(&comment.github.github_token_env);
        }
        Command::Emulate(emulate) => variables.push(&emulate.token_env),
        _ => {}
    }
    variables.into_iter().flatten().for_each(|name| register_variable(name));
    addresses.into_iter().flatten().for_each(register_address);
    for entry in entries {
        register_entry(entry);
    }
}

/// Whether a variable's name says that its value is a secret: `SHOP_PASSWORD`, `AWS_SECRET_ACCESS_KEY`.
fn is_named_as_secret(name: &str) -> bool {
    const ENDINGS: [&str; 9] = [
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "SECRET",
        "TOKEN",
        "API_KEY",
        "APIKEY",
        "PRIVATE_KEY",
        "SECRET_ACCESS_KEY",
    ];
    let name = name.to_ascii_uppercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn register_variable(name: &str) {
    if let Ok(value) = std::env::var(name) {
        redact::register(&SecretString::from(value), Placeholder::Token);
    }
}
