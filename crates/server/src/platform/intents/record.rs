//! How an intent looks in its journal: one byte of version, then JSON.

use std::sync::Arc;

use api::ports::Intent;
use serde::{Deserialize, Serialize};

const VERSION: u8 = 1;

/// What a record holds.
#[derive(Debug)]
pub(super) enum Entry {
    /// The journal's name; its first record.
    Log(String),
    /// An intent.
    Intent(Arc<Intent>),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Written<'a> {
    Log(&'a str),
    Intent(&'a Intent),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Read {
    Log(String),
    Intent(Intent),
}

/// A name that no other journal has.
pub(super) fn new_name() -> String {
    store::OrderId::new().to_string()
}

fn written(entry: &Written<'_>) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = Vec::with_capacity(1_024);
    bytes.push(VERSION);
    serde_json::to_writer(&mut bytes, entry)?;
    Ok(bytes)
}

pub(super) fn encode_name(name: &str) -> Vec<u8> {
    written(&Written::Log(name)).expect("a text is JSON")
}

pub(super) fn encode(intent: &Intent) -> Result<Vec<u8>, serde_json::Error> {
    written(&Written::Intent(intent))
}

/// Reads a record; the error says what is wrong with it.
pub(super) fn decode(bytes: &[u8]) -> Result<Entry, String> {
    match bytes.split_first() {
        Some((&VERSION, json)) => match serde_json::from_slice(json) {
            Ok(Read::Log(name)) => Ok(Entry::Log(name)),
            Ok(Read::Intent(intent)) => Ok(Entry::Intent(Arc::new(intent))),
            Err(error) => Err(error.to_string()),
        },
        Some((version, _)) => Err(format!("version {version} is newer than this program")),
        None => Err("an empty record".to_owned()),
    }
}
