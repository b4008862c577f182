//! `tradewind exchange`: administration, through the control socket of a running server or on the data directory itself.

use std::path::Path;
use std::process::ExitCode;

use crate::cli::Exchange;
use crate::config::Config;
use crate::failure::{Exit, Failure};

/// True if a server answers on the control socket of `dir`.
pub(crate) fn server_answers(dir: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(dir.join("control.sock")).is_ok()
}

/// Carries out one command.
pub(crate) fn run(config: &Config, command: &Exchange) -> Result<ExitCode, Failure> {
    let _ = command;
    let failure = Failure::new(Exit::Failed, "this build has no administration");
    Err(failure
        .because(format!("the data directory {} cannot be administered yet", config.data_dir.display())))
}
