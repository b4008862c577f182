//! `tradewind exchange verify`: is the ledger sound?

use std::process::ExitCode;

use exchange_host::{OpenError, Progress, Verified};
use serde_json::json;

use crate::cli::Output;
use crate::commands::serve::open_failure;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, note};

/// Replays and checks; exit code 1 on any violation and on a damaged journal.
pub(super) fn run(config: &Config, output: Output) -> Result<ExitCode, Failure> {
    let mut progress = |progress: Progress| {
        if let Progress::Replaying { commands, .. } = progress {
            note(format!("verifying: {commands} commands replayed"));
        }
    };
    let verified =
        exchange_host::verify(&config.data_dir, &mut progress).map_err(|error| failure(config, error))?;
    if output.json {
        answer(to_json(&verified));
    } else {
        describe(&verified);
    }
    Ok(if verified.findings.is_empty() { ExitCode::SUCCESS } else { Exit::Failed.into() })
}

fn failure(config: &Config, error: OpenError) -> Failure {
    let missing =
        matches!(&error, OpenError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound);
    let failure = open_failure(&config.data_dir, error);
    if missing { failure.advise("name the data directory with --data-dir") } else { failure }
}

fn to_json(verified: &Verified) -> serde_json::Value {
    let finding = |f: &exchange_host::verify::Finding| json!({ "seq": f.seq, "invariant": f.invariant, "found": f.found });
    json!({
        "v": 1,
        "ok": verified.findings.is_empty(),
        "from_seq": verified.from_seq,
        "seq": verified.seq,
        "trades": verified.trades,
        "state_hash": hex(&verified.state_hash),
        "running": verified.running,
        "signs": verified.signs,
        "violations": verified.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn describe(verified: &Verified) {
    let start = match verified.from_seq {
        0 => "the very beginning".to_owned(),
        seq => format!("the snapshot of command {seq}"),
    };
    let commands = verified.seq.saturating_sub(verified.from_seq);
    answer(format!("replayed {commands} commands with {} trades from {start}", verified.trades));
    answer(format!("state hash after command {}: {}", verified.seq, hex(&verified.state_hash)));
    if verified.running {
        answer("a server is running; this is the state it had made durable");
    }
    for sign in &verified.signs {
        answer(format!("LOOK: {sign}"));
    }
    for finding in &verified.findings {
        answer(format!(
            "VIOLATION of {} after command {}: {}",
            finding.invariant, finding.seq, finding.found
        ));
    }
    if verified.findings.is_empty() {
        answer("every invariant holds");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
