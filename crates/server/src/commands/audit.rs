//! `tradewind audit`: whether the audit log is what it was.

use std::process::ExitCode;

use serde_json::json;
use store::Class;
use store::audit::{self, Trust, Verdict};

use super::db::{failed, runtime};
use crate::cli::Audit;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::platform::{notary, open_store, secrets};
use crate::terminal::{answer, note};

/// Checks every hash, every signed checkpoint, and that the one kept beside the database is in the chain.
pub(crate) fn run(config: &Config, command: &Audit) -> Result<ExitCode, Failure> {
    let Audit::Verify { keys, output } = command;
    let trust = trust(config, keys)?;
    let verdict = runtime()?.block_on(async {
        let store = open_store(config).await?;
        let verdict = audit::verify(&mut store.read_as(Class::Report), &trust).await;
        store.close().await;
        verdict.map_err(|error| failed("cannot check the audit log", &error))
    })?;
    let key = trust.keys.first().map(|key| hex(key));
    if output.json {
        answer(json!({ "v": 1, "ok": verdict.fault.is_none(), "entries": verdict.entries,
            "checkpoints": verdict.checkpoints, "key": key, "fault": verdict.fault }));
    } else {
        answer(words(&verdict));
        match key {
            Some(key) => note(format!("checkpoints must be signed with {key}")),
            None => note("there is no platform.key here: signatures were checked, but not who made them"),
        }
    }
    Ok(if verdict.fault.is_none() { ExitCode::SUCCESS } else { Exit::Failed.into() })
}

fn words(verdict: &Verdict) -> String {
    let checked = format!("{} entries, {} signed checkpoints", verdict.entries, verdict.checkpoints);
    match &verdict.fault {
        None => format!("the audit log is sound: {checked}"),
        Some(fault) => format!(
            "FAULT at entry {}: {} (checked: {checked})\nif the database or platform.key was replaced on purpose: name the \
             earlier key with --key, remove {} after a restore",
            fault.seq,
            fault.why,
            notary::NAME
        ),
    }
}

/// This installation's key, those that were named, and the checkpoint that is kept beside the database.
fn trust(config: &Config, named: &[String]) -> Result<Trust, Failure> {
    let own = secrets::look(&config.data_dir)?.map(|secrets| secrets.signer.public_key());
    let mut keys: Vec<Vec<u8>> = own.into_iter().collect();
    for text in named {
        let wrong = || {
            Failure::new(Exit::Usage, format!("{text:?} is not a public key"))
                .advise("give 64 hexadecimal digits, as `audit verify --json` prints them")
        };
        keys.push(unhex(text).filter(|key| key.len() == 32).ok_or_else(wrong)?);
    }
    Ok(Trust { keys, kept: notary::kept(&config.data_dir.join(notary::NAME)).into_iter().collect() })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<u32>>>()?;
    let pairs = digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok());
    if digits.len().is_multiple_of(2) { pairs.collect() } else { None }
}
