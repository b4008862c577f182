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
    let asked = Asked { method: ask.method, path: ask.path.clone(), key: ask.key };
    let request = Request::Api {
        user: ask.user.map(str::to_owned),
        method: ask.method.to_owned(),
        path: ask.path,
        key: ask.key.map(str::to_owned),
        body: ask.body,
    };
    match Way::ask_server(config, &request)? {
        Answer::Api { status: 200..=299, body } => Ok(body),
        Answer::Api { status, body } => Err(asked.refused(status, &body)),
        Answer::Error { code, message } => {
            Err(Failure::new(Exit::Failed, message).because(format!("code {code}")).advise("try again"))
        }
        Answer::Bots { .. } => Err(Way::unexpected()),
    }
}

/// What was asked, for whoever has to be told that it was not done.
struct Asked<'a> {
    method: &'static str,
    path: String,
    key: Option<&'a str>,
}

impl Asked<'_> {
    fn refused(&self, status: u16, problem: &Value) -> Failure {
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
        match exit {
            Exit::Refused => failure.advise(self.after_a_no(status, code, what)),
            Exit::Failed => failure.advise(match self.key {
                Some(key) => format!("try again with --idempotency-key {key}: it is never a second order"),
                None => "try again".to_owned(),
            }),
            _ => failure,
        }
    }

    /// What can be done about an expected no. Who asked comes before what was asked: without a user nothing was looked at.
    fn after_a_no(&self, status: u16, code: &str, what: &str) -> &'static str {
        let orders = self.path == "/api/orders" || self.path.starts_with("/api/orders/");
        match (status, code) {
            (409, "no_user") => "make the first one: `tradewind user add NAME --role admin --password-stdin`",
            (404, _) if what.ends_with("active user") => "`tradewind user list` shows who there is",
            (403, _) => "act for somebody who may, with --user NAME; `tradewind user list` shows the roles",
            (409, "profile_running") => "nothing was sampled; try again when the other profile has ended",
            _ if orders && self.path != "/api/orders/preview" && self.method != "GET" => {
                "nothing was sent; `tradewind order list` shows what there is"
            }
            _ if self.method == "GET" || self.path == "/api/orders/preview" => {
                "nothing was changed: this only reads"
            }
            _ => "nothing was changed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<'a>(method: &'static str, path: &str, key: Option<&'a str>) -> Asked<'a> {
        Asked { method, path: path.to_owned(), key }
    }

    #[test]
    fn a_limits_no_is_code_5_with_its_numbers_and_a_lost_answer_tells_the_key() {
        let problem = json!({ "code": "position_limit", "detail": "d", "limit": { "max": "1" } });
        let order = asked("POST", "/api/orders", Some("k"));
        let failure = order.refused(422, &problem);
        assert_eq!(failure.exit, Exit::Refused);
        assert_eq!(failure.to_json()["error"]["limit"]["max"], "1");
        let lost = order.refused(504, &json!({ "code": "outcome_unknown", "detail": "d" }));
        assert_eq!(lost.exit, Exit::Failed);
        assert!(lost.to_string().contains("--idempotency-key k"), "{lost}");
        assert_eq!(asked("GET", "/api/orders", None).refused(400, &json!({})).exit, Exit::Usage);
    }

    #[test]
    fn the_advice_fits_what_was_asked() {
        let (nobody, forbidden) = (json!({ "code": "no_user" }), json!({ "code": "forbidden" }));
        let stranger = json!({ "code": "not_found", "detail": "there is no such active user" });
        let absent = json!({ "code": "not_found", "detail": "there is no such order" });
        let sampling = json!({ "code": "profile_running" });
        for (method, path, status, problem, advice) in [
            ("POST", "/api/monitoring/profile?seconds=1", 409, &nobody, "tradewind user add"),
            ("DELETE", "/api/monitoring/cache", 409, &nobody, "tradewind user add"),
            ("POST", "/api/orders", 409, &nobody, "tradewind user add"),
            ("POST", "/api/orders", 404, &stranger, "tradewind user list"),
            ("POST", "/api/monitoring/cache/warm", 403, &forbidden, "--user NAME"),
            ("POST", "/api/monitoring/profile?seconds=1", 409, &sampling, "the other profile"),
            ("DELETE", "/api/orders/7", 404, &absent, "nothing was sent; `tradewind order list`"),
            ("POST", "/api/orders/preview", 422, &absent, "only reads"),
            ("GET", "/api/positions", 409, &absent, "only reads"),
        ] {
            let failure = asked(method, path, None).refused(status, problem);
            let told = failure.to_json()["error"]["do"].as_str().unwrap().to_owned();
            assert!(told.contains(advice), "{method} {path}: {told}");
            assert_eq!(told.contains("order list"), advice.contains("order list"), "{method} {path}: {told}");
        }
    }
}
