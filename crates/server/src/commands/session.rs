//! `tradewind session` and `tradewind replay`: what the bots did, and the proof that they must have done it.

use std::path::Path;

use live::session::{self, Entry};
use live::{OpenError, ReplayError};
use serde_json::{Value, json};

use crate::bots;
use crate::cli::{Output, Recorded, Session};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal::{answer, note, table};

/// Carries out one command.
pub(crate) fn run(config: &Config, command: &Session) -> Result<(), Failure> {
    let Session::List { shard, output } = command;
    list(&bots::dir_of(&config.data_dir, shard.place()), *output)
}

fn list(dir: &Path, output: Output) -> Result<(), Failure> {
    let sessions = session::list(dir).map_err(|error| bots::failure(dir, &error))?;
    if output.json {
        let sessions: Vec<Value> = sessions.iter().map(as_json).collect();
        answer(json!({ "v": 1, "sessions": sessions }));
        return Ok(());
    }
    if sessions.is_empty() {
        note("no session is recorded; the first begins with `tradewind serve`");
        return Ok(());
    }
    let mut rows =
        vec![["session", "began", "last input", "inputs", "orders and cancels"].map(String::from).to_vec()];
    rows.extend(sessions.iter().map(|s| {
        vec![
            s.number.to_string(),
            s.began.rfc3339(),
            s.last.rfc3339(),
            s.inputs.to_string(),
            s.intents.to_string(),
        ]
    }));
    answer(table(&rows));
    Ok(())
}

fn as_json(session: &Entry) -> Value {
    json!({
        "session": session.number,
        "program": session.program,
        "began": session.began.rfc3339(),
        "last": session.last.rfc3339(),
        "first_seq": session.first_seq,
        "last_seq": session.last_seq,
        "inputs": session.inputs,
        "intents": session.intents,
    })
}

/// Replays a session; code 1 when anything is decided otherwise.
pub(crate) fn replay(config: &Config, recorded: &Recorded) -> Result<(), Failure> {
    let dir = bots::dir_of(&config.data_dir, recorded.shard.place());
    let replayed = session::replay(&dir, recorded.session).map_err(|error| not_replayed(&dir, &error))?;
    let (digest, state) = (format!("{:016x}", replayed.digest), format!("{:016x}", replayed.state_hash));
    if recorded.output.json {
        answer(json!({
            "v": 1,
            "session": as_json(&replayed.session),
            "identical": true,
            "checkpoints": replayed.checkpoints,
            "decisions_hash": digest,
            "state_hash": state,
        }));
        return Ok(());
    }
    answer(format!(
        "session {}: {} inputs replayed, {} orders and cancels the same, {} state hashes the same\n\
         decisions {digest}\nstate     {state}",
        replayed.session.number, replayed.session.inputs, replayed.session.intents, replayed.checkpoints
    ));
    Ok(())
}

fn not_replayed(dir: &Path, error: &OpenError) -> Failure {
    match error {
        OpenError::Replay(ReplayError::NoSession(_)) => Failure::new(Exit::Failed, error.to_string())
            .advise("`tradewind session list` shows all that are kept"),
        OpenError::Replay(ReplayError::Differs { .. }) => Failure::new(Exit::Failed, error.to_string())
            .because("this program decides otherwise than the one that ran the session")
            .advise("replay it with the version that `tradewind session list --json` names"),
        _ => bots::failure(dir, error),
    }
}
