//! The values of the script's variables as secrets: registered, so that nothing this process writes holds them.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::cli::EnvEntry;
use crate::config::Config;
use crate::redact::{self, FEWEST_CHARS, Placeholder, secrets_of};

/// The variable that names the target host. That is not a secret, and reports name it.
const TARGET_HOST: &str = "TARGET_HOST";

/// Registers the value of a variable, given or from the environment; `None` when there is no value, else whether it is
/// hidden from now on.
pub(crate) fn register_entry(entry: &EnvEntry) -> Option<bool> {
    let value = entry.value.clone().or_else(|| std::env::var(&entry.name).ok())?;
    if entry.name == TARGET_HOST {
        if let Ok(address) = value.parse() {
            register_address(&address);
        }
        return Some(true);
    }
    Some(redact::register(&SecretString::from(value), Placeholder::Hidden))
}

/// Registers the password and the query of an address.
pub(crate) fn register_address(address: &Url) {
    for secret in secrets_of(address) {
        redact::register(&secret, Placeholder::Hidden);
    }
}

/// Registers the values of a configuration's variables, those of `--env`, and those whose names a run has recorded.
/// Returns the recorded names that have no value here.
pub(crate) fn register_variables(config: &Config, flags: &[EnvEntry], recorded: &[String]) -> Vec<String> {
    let of_file = config.test.env.iter().filter_map(|text| text.parse().ok());
    let entries: Vec<EnvEntry> = of_file.chain(flags.iter().cloned()).collect();
    entries.iter().for_each(|entry| _ = register_entry(entry));
    let has_value = |name: &String| entries.iter().any(|entry| entry.name == *name && entry.value.is_some());
    let unknown =
        |name: &&String| !has_value(name) && register_entry(&EnvEntry { name: (*name).clone(), value: None }).is_none();
    recorded.iter().filter(unknown).cloned().collect()
}

/// Registers the values passed to the script, and names the variables whose values are too short to be hidden.
pub(super) fn register_values(variables: &[(String, SecretString)]) {
    let is_visible = |(name, value): &&(String, SecretString)| {
        let entry = EnvEntry { name: name.clone(), value: Some(value.expose_secret().to_owned()) };
        !value.expose_secret().trim().is_empty() && register_entry(&entry) == Some(false)
    };
    let visible: Vec<&str> = variables.iter().filter(is_visible).map(|(name, _)| name.as_str()).collect();
    if !visible.is_empty() {
        tracing::info!(
            "values shorter than {FEWEST_CHARS} characters are not hidden in logs and reports: {}",
            visible.join(", ")
        );
    }
}
