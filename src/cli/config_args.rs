//! Which configuration a command goes by.

use std::path::PathBuf;

use clap::Args;

use crate::config::{self, Config, ConfigError, Variables};
use crate::results::ConfigChoice;

/// The configuration.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub struct ConfigArgs {
    /// The configuration file [default: loadforge.yml, here or above in the repository; it may be missing]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Test to use of those named under `tests:` in the configuration file
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Profile to apply from the configuration file
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
}

impl ConfigArgs {
    /// Reads the configuration the flags name; `${NAME}` in it expands from this process's environment.
    ///
    /// # Errors
    /// When the file cannot be read or its content is wrong.
    pub fn load(&self) -> Result<Config, ConfigError> {
        self.read(Variables::All)
    }

    /// The same for a command that starts nothing: variables of the test may be unset, and what the file says of the
    /// test is left out then.
    ///
    /// # Errors
    /// As [`ConfigArgs::load`].
    pub fn load_to_judge(&self) -> Result<Config, ConfigError> {
        self.read(Variables::OutsideTest)
    }

    /// The configuration of each test that the flags mean: of the named one, else of every one under `tests:` with its name,
    /// else of the one under `test:`.
    ///
    /// # Errors
    /// As [`ConfigArgs::load`].
    pub fn load_each(&self) -> Result<Vec<(Option<String>, Config)>, ConfigError> {
        let mut names: Vec<Option<String>> = vec![self.name.clone()];
        if self.name.is_none() {
            let named = config::names(self.config.as_deref(), environment())?;
            if !named.is_empty() {
                names = named.into_iter().map(Some).collect();
            }
        }
        let load = |name: Option<String>| {
            let one = Self { name: name.clone(), ..self.clone() };
            Ok((name, one.load()?))
        };
        names.into_iter().map(load).collect()
    }

    /// What of the file the flags name.
    #[must_use]
    pub fn selected(&self) -> ConfigChoice<'_> {
        ConfigChoice { name: self.name.as_deref(), profile: self.profile.as_deref() }
    }

    fn read(&self, variables: Variables) -> Result<Config, ConfigError> {
        config::load(self.config.as_deref(), self.selected(), environment(), variables)
    }
}

/// This process's variables. One that is not text cannot be one of ours; `std::env::vars` would panic on it.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}
