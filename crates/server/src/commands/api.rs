//! The platform's API of the running server, asked by the operator at the machine in the name of a user: through the control socket, as
//! `tradewind bot` does, and through the same routes, limits and audit log as everybody.

use serde_json::{Value, json};

use super::exchange::Way;
use crate::bots::{Answer, Request};
use crate::config::Config;
use crate::failure::{Exit, Failure};

/// A request to a route.
pub(crate) struct Ask<'a> {
    pub(crate) user: Option<&'a str>,
    pub(crate) method: &'static str,
    /// Path and query.
    pub(crate) path: String,
    /// The idempotency key.
    pub(crate) key: Option<&'a str>,
    pub(crate) body: Option<Value>,
}

/// A GET.
pub(crate) const fn get(user: Option<&str>, path: String) -> Ask<'_> {
    Ask { user, method: "GET", path, key: None, body: None }
}

/// Asks; the answer's body. An expected no is exit code 5, with its numbers in `--json`.
pub(crate) fn ask(config: &Config, ask: Ask<'_>) -> Result<Value, Failure> {
    let request = Request::Api {
        user: ask.user.map(str::to_owned),
        method: ask.method.to_owned(),
        path: ask.path,
        key: ask.key.map(str::to_owned),
        body: ask.body,
    };
    match Way::ask_server(config, &request)? {
        Answer::Api { status: 200..=299, body } => Ok(body),
        Answer::Api { status, body } => Err(refused(status, &body, ask.key)),
        Answer::Error { code, message } => {
            Err(Failure::new(Exit::Failed, message).because(format!("code {code}")).advise("try again"))
        }
        Answer::Bots { .. } => Err(Way::unexpected()),
    }
}

fn refused(status: u16, problem: &Value, key: Option<&str>) -> Failure {
    let text = |name: &str| problem[name].as_str().unwrap_or_default();
    let (what, code) = (text("detail"), text("code"));
    let exit = match status {
        400 => Exit::Usage,
        401..=428 => Exit::Refused,
        _ => Exit::Failed,
    };
    let mut extra = json!({ "code": code });
    if !problem["limit"].is_null() {
        extra["limit"] = problem["limit"].clone();
    }
    let failure = Failure::new(exit, what).because(format!("code {code}")).with(extra);
    match (exit, key) {
        (Exit::Refused, _) => failure.advise("nothing was sent; `tradewind order list` shows what there is"),
        (Exit::Failed, Some(key)) => {
            failure.advise(format!("try again with --idempotency-key {key}: it is never a second order"))
        }
        (Exit::Failed, None) => failure.advise("try again"),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limits_no_is_code_5_with_its_numbers_and_a_lost_answer_tells_the_key() {
        let problem = json!({ "code": "position_limit", "detail": "d", "limit": { "max": "1" } });
        let failure = refused(422, &problem, Some("k"));
        assert_eq!(failure.exit, Exit::Refused);
        assert_eq!(failure.to_json()["error"]["limit"]["max"], "1");
        let lost = refused(504, &json!({ "code": "outcome_unknown", "detail": "d" }), Some("k"));
        assert_eq!(lost.exit, Exit::Failed);
        assert!(lost.to_string().contains("--idempotency-key k"), "{lost}");
        assert_eq!(refused(400, &json!({}), None).exit, Exit::Usage);
    }
}
