//! `tradewind profile`: a flame graph of the running server.

use serde_json::json;

use super::api::{Ask, ask};
use crate::cli::profile::ProfileArgs;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal::answer;

/// Has the server sampled and writes the picture.
pub(crate) fn run(config: &Config, args: &ProfileArgs) -> Result<(), Failure> {
    let path = format!("/api/monitoring/profile?seconds={}", args.seconds);
    let user = args.user.as_deref();
    let profile = ask(config, Ask { user, method: "POST", path, key: None, body: None })?;
    let as_text = args.out.extension().is_some_and(|ending| ending == "folded");
    let content = profile[if as_text { "folded" } else { "flame_graph" }].as_str().unwrap_or_default();
    std::fs::write(&args.out, content).map_err(|error| {
        Failure::new(Exit::Failed, format!("{} cannot be written", args.out.display()))
            .because(error.to_string())
            .advise("name another place with --out")
    })?;
    let (samples, rate) = (profile["samples"].as_u64().unwrap_or(0), profile["rate"].as_u64().unwrap_or(1));
    if args.output.json {
        let file = args.out.display().to_string();
        answer(json!({ "v": 1, "file": file, "seconds": args.seconds, "samples": samples, "rate": rate }));
    } else {
        // In tenths, without a float.
        let used = samples * 10 / rate.max(1);
        answer(format!(
            "{} holds {samples} samples: the server used {}.{} s of processor time in {} s",
            args.out.display(),
            used / 10,
            used % 10,
            args.seconds
        ));
    }
    Ok(())
}
