//! Package indexes of one's own: pip reads its variables and configuration files itself, uv neither.

use std::env;
use std::path::Path;

use tokio::process::Command;

/// Settings of pip and their names in uv.
const PIP_AS_UV: [(&str, &str); 7] = [
    ("PIP_INDEX_URL", "UV_INDEX_URL"),
    ("PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL"),
    ("PIP_FIND_LINKS", "UV_FIND_LINKS"),
    ("PIP_NO_INDEX", "UV_NO_INDEX"),
    ("PIP_TRUSTED_HOST", "UV_INSECURE_HOST"),
    ("PIP_CONSTRAINT", "UV_CONSTRAINT"),
    ("PIP_CERT", "SSL_CERT_FILE"),
];

/// Hands pip's variables to uv, where uv is not told something else.
pub(super) fn as_uv(command: &mut Command) {
    for (pip, uv) in PIP_AS_UV {
        if let (Some(value), None) = (env::var_os(pip).filter(|value| !value.is_empty()), env::var_os(uv)) {
            command.env(uv, value);
        }
    }
}

/// Whether there is a configuration file for pip and none for uv.
pub(super) fn only_pip_is_configured() -> bool {
    let home = env::var_os("HOME").unwrap_or_default();
    let any = |places: &[&str]| {
        places.iter().any(|place| match place.strip_prefix("~/") {
            Some(inner) => Path::new(&home).join(inner).is_file(),
            None => Path::new(place).is_file(),
        })
    };
    let uv_is_told = ["UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_CONFIG_FILE", "UV_FIND_LINKS"]
        .iter()
        .any(|name| env::var_os(name).is_some());
    let pip = env::var_os("PIP_CONFIG_FILE").map_or_else(
        || any(&["/etc/pip.conf", "/etc/xdg/pip/pip.conf", "~/.config/pip/pip.conf", "~/.pip/pip.conf"]),
        |file| Path::new(&file).is_file(),
    );
    pip && !uv_is_told && !any(&["~/.config/uv/uv.toml", "/etc/uv/uv.toml"])
}
