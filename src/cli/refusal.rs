//! clap's error for an invalid command line, without the secrets that may be in it.

use std::io::{self, Write};

use clap::Error;
use clap::error::{ContextKind, ContextValue};

use crate::clean;
use crate::redact::{self, shown_address};

/// The same error with the values it repeats made harmless: no control characters, no password or query of an address, no
/// value of a variable.
pub(super) fn without_values(mut error: Error) -> Error {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let of_variable = text(ContextKind::InvalidArg).is_some_and(|flag| flag.starts_with("--env"));
    let value = text(ContextKind::InvalidValue).map(|value| harmless(&value, of_variable));
    let argument = text(ContextKind::InvalidArg).map(|argument| {
        // A word that is not a flag may be the value that belongs to one: `run PASSWORD=…`.
        let is_flag = argument.starts_with('-');
        if is_flag { clean::line(&argument).into_owned() } else { harmless(&argument, true) }
    });
    let subcommand = text(ContextKind::InvalidSubcommand).map(|name| harmless(&name, true));
    let all = [
        (ContextKind::InvalidValue, value),
        (ContextKind::InvalidArg, argument),
        (ContextKind::InvalidSubcommand, subcommand),
    ];
    for (kind, value) in all {
        if let Some(value) = value {
            error.insert(kind, ContextValue::String(value));
        }
    }
    error
}

/// Names the variable a wrong value came from; `variable` returns it for a flag that is not on the command line.
pub(super) fn with_source(mut error: Error, variable: impl Fn(&str) -> Option<String>) -> Error {
    if let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg)
        && let Some(name) = argument.split([' ', '=']).next().and_then(variable)
    {
        let named = format!("{argument} (from {name})");
        error.insert(ContextKind::InvalidArg, ContextValue::String(named));
    }
    error
}

fn harmless(value: &str, may_be_variable: bool) -> String {
    let value = clean::line(value);
    let value = redact::hide(&value);
    match value.split_once('=') {
        Some((name, _)) if !name.contains("://") && (may_be_variable || is_variable(name)) => {
            format!("{name}=[hidden]")
        }
        _ if value.contains("://") || value.contains(['@', '?']) => shown_address(&value),
        _ => value.into_owned(),
    }
}

/// Whether a name is written as variables are: `SHOP_PASSWORD`.
fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
}

/// Prints an answer of clap to where it belongs, without the secrets this process knows.
///
/// # Errors
/// When it cannot be written.
pub fn print(answer: &Error) -> io::Result<()> {
    let text = answer.render().to_string();
    match redact::hide(&text) {
        std::borrow::Cow::Owned(hidden) if answer.use_stderr() => io::stderr().write_all(hidden.as_bytes()),
        std::borrow::Cow::Owned(hidden) => io::stdout().write_all(hidden.as_bytes()),
        std::borrow::Cow::Borrowed(_) => answer.print(),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::super::parse;

    fn refused(arguments: &[&str]) -> String {
        let arguments = std::iter::once("loadforge-ci").chain(arguments.iter().copied()).map(OsString::from);
        parse(arguments, |_| None).unwrap_err().to_string()
    }

    #[test]
    fn no_secret_of_a_command_line_is_repeated() {
        let secret = "s3cr3t-canary";
        for arguments in [
            ["run", "--env", &format!("MY-PW={secret}")],
            ["run", "--test-id", &format!("PASSWORD={secret}")],
            ["run", &format!("PASSWORD={secret}"), "--detach"],
            ["run", "--api-url", &format!("https://u:{secret}@h:port/x")],
            ["run", "--target-host", &format!("h/?token={secret}")],
            ["run", "--target-host", &format!("//user:{secret}@h")],
            [&format!("TOKEN={secret}"), "run", "--detach"],
        ] {
            let text = refused(&arguments);
            assert!(text.contains("error: ") && !text.contains(secret), "{arguments:?}: {text}");
        }
        assert!(refused(&["run", "--env", "MY-PW=x"]).contains("'MY-PW=[hidden]' for '--env"));
        assert!(refused(&["run", "--region", "nyc3=0"]).contains("'nyc3=0'"));
    }

    #[test]
    fn nothing_on_a_command_line_steers_the_terminal() {
        let text = refused(&["run", "--users", "\u{1b}]0;x\u{7}5\nerror: forged"]);
        assert!(!text.contains(['\u{1b}', '\u{7}']) && !text.contains("\nerror: forged"), "{text:?}");
    }
}
