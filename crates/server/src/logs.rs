//! Logs: from every crate through `tracing`, to standard error.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config;

/// Starts logging. A second call in one process changes nothing.
pub(crate) fn start(settings: &config::Log) {
    // The filter was checked when the configuration was read.
    let filter = EnvFilter::new(&settings.filter);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Standard error may be a file on the full disk that the log is about: telling of that there would be a panic.
        .log_internal_errors(false);
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let started =
        if settings.json { builder.json().try_init() } else { builder.with_ansi(colour).try_init() };
    if let Err(error) = started {
        crate::terminal::note(format!("logging could not be started: {error}"));
    }
}
