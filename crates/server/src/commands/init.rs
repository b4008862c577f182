//! `tradewind init`: a configuration file to begin with. What is there is never overwritten.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::cli::Init;
use crate::config::document;
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, note};

/// Where it goes when nobody says.
const NAME: &str = "tradewind.toml";

/// Writes the file, readable by its owner alone: a password may be put into it.
pub(crate) fn run(init: &Init, config: Option<&Path>) -> Result<(), Failure> {
    let path =
        init.file.clone().or_else(|| config.map(Path::to_owned)).unwrap_or_else(|| PathBuf::from(NAME));
    let cannot = |error: &std::io::Error| {
        Failure::new(Exit::Failed, format!("cannot write {}", path.display())).because(error)
    };
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let mut file = opened.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::new(Exit::Refused, format!("{} exists already", path.display()))
            .because("a configuration is never overwritten")
            .advise("name another file, or move this one away"),
        ErrorKind::NotFound => cannot(&error).advise("make the folder first"),
        _ => cannot(&error),
    })?;
    file.write_all(document::sample().as_bytes()).and_then(|()| file.sync_all()).map_err(|e| cannot(&e))?;
    if init.output.json {
        answer(json!({ "v": 1, "file": path.display().to_string() }));
    } else {
        answer(path.display());
        note(format!(
            "every setting stands in it with its default; start with it: tradewind --config {}",
            path.display()
        ));
    }
    Ok(())
}
