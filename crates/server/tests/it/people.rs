//! People of the platform: the first start, logins, roles, the second factor, and the command line beside a running server.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::program::{Answer, Server, ask, run_in, tradewind};

const PASSWORD: &str = "correct horse battery";

fn post(addr: SocketAddr, path: &str, token: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    ask(addr, "POST", path, &[("Authorization", &bearer)], &body.to_string())
}

fn get(addr: SocketAddr, path: &str, token: &str) -> Answer {
    ask(addr, "GET", path, &[("Authorization", &format!("Bearer {token}"))], "")
}

fn login(addr: SocketAddr, name: &str) -> Answer {
    post(addr, "/api/auth/login", "", &json!({ "username": name, "password": PASSWORD }))
}

fn token(answer: &Answer) -> String {
    answer.json()["token"].as_str().unwrap_or_else(|| panic!("no token: {}", answer.body)).to_owned()
}

fn cookie(answer: &Answer) -> String {
    let line = answer.raw_head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(line.contains("HttpOnly; Secure; SameSite=Strict"), "{line}");
    line.split(';').next().unwrap().to_owned()
}

fn set_up(server: &Server) -> Answer {
    let code = server.ready["api"]["setup_code"].as_str().unwrap();
    let answer = post(
        server.api(),
        "/api/setup",
        "",
        &json!({ "code": code, "username": "Root", "password": PASSWORD }),
    );
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

fn user_add(dir: &Path, name: &str, role: &str) -> (i32, String) {
    let mut command =
        tradewind(&["user", "add", name, "--role", role, "--password-stdin", "--json", "--data-dir"]);
    let mut child =
        command.arg(dir).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), text)
}

#[test]
fn the_first_start_makes_one_administrator_and_a_restart_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let api = server.api();
    assert_eq!(ask(api, "GET", "/api/setup", &[], "").json()["needed"], true);
    for (body, status) in [
        (json!({ "code": "AAAA-AAAA-AAAA", "username": "root", "password": PASSWORD }), 403),
        (json!({ "code": server.ready["api"]["setup_code"], "username": "root", "password": "short" }), 422),
        (json!({ "code": server.ready["api"]["setup_code"], "username": "r", "password": PASSWORD }), 422),
        (json!({ "code": 1 }), 400),
    ] {
        assert_eq!(post(api, "/api/setup", "", &body).status, status, "{body}");
    }
    let first = set_up(&server);
    assert_eq!(first.json()["user"]["role"], "admin");
    assert_eq!(get(api, "/api/me", &token(&first)).json()["username"], "root");
    assert_eq!(ask(api, "GET", "/api/setup", &[], "").json()["needed"], false);
    let key =
        std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(dir.path().join("platform.key")).unwrap());
    assert_eq!(key & 0o777, 0o600);
    assert_eq!(server.stop(Signal::TERM).code(), Some(0));

    let server = Server::start(dir.path());
    assert_eq!(server.ready["api"]["setup_code"], Value::Null);
    assert_eq!(get(server.api(), "/api/me", &token(&first)).status, 200, "the login outlives a restart");
    assert_eq!(login(server.api(), "ROOT").status, 200);
    server.stop(Signal::TERM);
}

#[test]
fn a_login_goes_on_by_its_cookie_and_a_stolen_one_ends_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let api = server.api();
    let first = set_up(&server);
    let old = cookie(&first);
    let second = ask(api, "POST", "/api/auth/refresh", &[("Cookie", &old)], "");
    assert_eq!(second.status, 200, "{}", second.body);
    assert_ne!(cookie(&second), old);
    assert_eq!(get(api, "/api/me", &token(&second)).status, 200);
    // The old token once more: somebody has a copy. Everything of this login ends.
    assert_eq!(ask(api, "POST", "/api/auth/refresh", &[("Cookie", &old)], "").status, 401);
    assert_eq!(get(api, "/api/me", &token(&second)).status, 401);
    assert_eq!(ask(api, "POST", "/api/auth/refresh", &[("Cookie", &cookie(&second))], "").status, 401);
    assert_eq!(ask(api, "POST", "/api/auth/refresh", &[], "").status, 401);

    let third = post(api, "/auth/login", "", &json!({ "username": "root", "password": PASSWORD }));
    let third_token = token(&third);
    assert_eq!(third.json()["expires_in"], 300);
    let sessions = get(api, "/api/sessions", &third_token).json();
    assert_eq!((sessions.as_array().unwrap().len(), &sessions[0]["current"]), (1, &json!(true)));
    assert_eq!(post(api, "/api/auth/logout", &third_token, &json!({})).status, 204);
    assert_eq!(get(api, "/api/me", &third_token).status, 401, "at once");
    server.stop(Signal::TERM);
}

#[test]
fn wrong_passwords_are_answered_alike_and_slowed_down() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    set_up(&server);
    let wrong = |name: &str| {
        post(
            server.api(),
            "/api/auth/login",
            "",
            &json!({ "username": name, "password": "wrong password 1" }),
        )
    };
    let (known, unknown) = (wrong("root"), wrong("nobody"));
    assert_eq!((known.status, unknown.status), (401, 401));
    assert_eq!(known.json()["detail"], unknown.json()["detail"], "whether a user exists is not told");
    for _ in 0..4 {
        assert_eq!(wrong("root").status, 401);
    }
    let slowed = wrong("root");
    assert_eq!((slowed.status, &slowed.json()["code"]), (429, &json!("too_many_logins")));
    assert!(slowed.head.contains("retry-after: "));
    for garbage in ["", "Bearer", "Bearer x.y.z", "Basic cm9vdDp4", "Bearer eyJhbGciOiJub25lIn0.e30."] {
        let answer = ask(server.api(), "GET", "/api/me", &[("Authorization", garbage)], "");
        assert_eq!(answer.status, 401, "{garbage}");
        assert!(answer.head.contains("www-authenticate: bearer"));
    }
    server.stop(Signal::TERM);
}

#[test]
fn the_command_line_adds_people_beside_a_running_server_and_roles_hold() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let api = server.api();
    let admin = token(&set_up(&server));
    assert_eq!(user_add(dir.path(), "vera", "viewer").0, 0);
    let (code, text) = user_add(dir.path(), "Vera", "viewer");
    assert!(code == 1 && text.contains("already taken"), "{code} {text}");
    assert_eq!(user_add(dir.path(), "x", "viewer").0, 2);
    assert_eq!(user_add(dir.path(), "xenia", "king").0, 2);
    let vera = login(api, "vera");
    let (id, vera) = (vera.json()["user"]["id"].as_str().unwrap().to_owned(), token(&vera));
    assert_eq!(get(api, "/api/users", &vera).status, 403);
    assert_eq!(get(api, "/api/users", &admin).json().as_array().unwrap().len(), 2);
    // A change of role holds at once; a user who is switched off is out at once.
    let path = format!("/api/users/{id}");
    let patch = |body: Value| {
        ask(api, "PATCH", &path, &[("Authorization", &format!("Bearer {admin}"))], &body.to_string())
    };
    assert_eq!(patch(json!({ "role": "admin" })).status, 200);
    assert_eq!(get(api, "/api/users", &vera).status, 200);
    assert_eq!(patch(json!({ "active": false })).status, 200);
    assert_eq!((get(api, "/api/me", &vera).status, login(api, "vera").status), (401, 401));
    // The last administrator stays one.
    let root = get(api, "/api/me", &admin).json()["id"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {admin}");
    let last = ask(
        api,
        "PATCH",
        &format!("/api/users/{root}"),
        &[("Authorization", &bearer)],
        r#"{"role":"viewer"}"#,
    );
    assert_eq!((last.status, &last.json()["code"]), (409, &json!("stale")));
    let listed = run_in(dir.path(), &["user", "list", "--json"]).json();
    assert_eq!(
        (listed["users"][0]["username"].as_str(), listed["users"][1]["active"].as_bool()),
        (Some("root"), Some(false))
    );
    server.stop(Signal::TERM);
}

#[test]
fn a_second_factor_is_asked_for_and_each_code_is_good_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let api = server.api();
    let admin = token(&set_up(&server));
    let enrolment = post(api, "/api/auth/totp/enrol", &admin, &json!({})).json();
    let url = enrolment["url"].as_str().unwrap();
    let secret = url.split("secret=").nth(1).unwrap().split('&').next().unwrap();
    let key = api::auth::TotpKey::from_bytes(&base32(secret), "root").unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let pending = &enrolment["pending"];
    let verify = |code: &str| {
        post(api, "/api/auth/totp/verify", &admin, &json!({ "pending": pending, "code": code })).status
    };
    assert_eq!(verify("000000"), 422);
    assert_eq!(verify(&key.code(now)), 204);
    let again = |code: Option<String>| {
        post(api, "/api/auth/login", "", &json!({ "username": "root", "password": PASSWORD, "totp": code }))
    };
    assert_eq!((again(None).status, &again(None).json()["code"]), (401, &json!("totp_required")));
    assert_eq!(again(Some(key.code(now))).json()["code"], "totp_wrong", "used at the enrolment");
    assert_eq!(again(Some(key.code(now + 30))).status, 200);
    assert_eq!(again(Some(key.code(now + 30))).status, 401, "once");
    assert_eq!(run_in(dir.path(), &["user", "totp-reset", "root"]).code, 0);
    assert_eq!(login(api, "root").status, 200);
    server.stop(Signal::TERM);
}

#[test]
fn a_limit_is_raised_by_a_login_with_its_second_factor_alone() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let (api, admin) = (server.api(), token(&set_up(&server)));
    let bearer = format!("Bearer {admin}");
    get(api, "/api/balances", &admin);
    let account = get(api, "/api/accounts", &admin).json()[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/accounts/{account}/limits");
    let set = |limits: &Value, totp: Option<String>| {
        let body = json!({ "limits": limits, "totp": totp }).to_string();
        let answer = ask(api, "PUT", &path, &[("Authorization", &bearer)], &body);
        (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
    };
    let now = get(api, &path, &admin).json();
    assert_eq!(now["limits"]["order_value_max"], Value::Null);
    assert_eq!(set(&json!({ "order_value_max": "100" }), None).0, 200);
    let (key, now) = enrolled(api, &admin);
    // Lower is safer, and asks for nothing.
    let market =
        |max: &str| json!({ "order_value_max": "50", "markets": { "BTCUSDT": { "position_max": max } } });
    assert_eq!(set(&market("0.5"), None).0, 200);
    for higher in [json!({ "order_value_max": "51" }), json!({}), market("0.6")] {
        assert_eq!(set(&higher, None), (401, "totp_required".to_owned()), "{higher}");
        assert_eq!(set(&higher, Some("000000".to_owned())).1, "totp_wrong", "{higher}");
    }
    assert_eq!(get(api, &path, &admin).json()["limits"], market("0.5"), "nothing has changed");
    assert_eq!(set(&market("0.6"), Some(key.code(now + 30))).0, 200);
    assert_eq!(set(&json!({}), Some(key.code(now + 30))).1, "totp_wrong", "each code is good once");

    // What a bot may do is held by the same factor.
    let bot = json!({ "name": "held", "strategy": "ema-cross", "markets": [{ "symbol": "BTCUSDT", "interval": "1m" }],
        "params": { "fast": "1", "slow": "2", "qty": "0.01" }, "funds": { "usdt": "100" },
        "limits": { "order_quantity_max": "0.5" } });
    let bot = post(api, "/api/bots", &admin, &bot);
    assert_eq!(bot.status, 201, "{}", bot.body);
    let path = format!("/api/accounts/{}/limits", bot.json()["account"].as_str().unwrap());
    let put = |max: &str| {
        let body =
            json!({ "limits": { "markets": { "BTCUSDT": { "order_quantity_max": max } } } }).to_string();
        let answer = ask(api, "PUT", &path, &[("Authorization", &bearer)], &body);
        (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(put("0.6"), (401, "totp_required".to_owned()));
    assert_eq!(put("0.4").0, 200, "lower asks for nothing");
    assert_eq!(put("0.5"), (401, "totp_required".to_owned()));
    server.stop(Signal::TERM);
}

/// The second factor of somebody, used once, and the moment (s) of its use.
fn enrolled(api: SocketAddr, token: &str) -> (api::auth::TotpKey, u64) {
    let enrolment = post(api, "/api/auth/totp/enrol", token, &json!({})).json();
    let secret = enrolment["url"].as_str().unwrap().split("secret=").nth(1).unwrap();
    let key = api::auth::TotpKey::from_bytes(&base32(secret.split('&').next().unwrap()), "root").unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let verify = json!({ "pending": enrolment["pending"], "code": key.code(now) });
    assert_eq!(post(api, "/api/auth/totp/verify", token, &verify).status, 204);
    (key, now)
}

/// RFC 4648 without padding, as authenticator addresses have it.
fn base32(text: &str) -> Vec<u8> {
    let (mut bits, mut count, mut out) = (0_u32, 0, Vec::new());
    for c in text.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|l| *l == c).unwrap();
        bits = bits << 5 | u32::try_from(value).unwrap();
        count += 5;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    out
}
