//! Somebody who is logged in to a running server's platform.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::program::{Answer, Server, ask};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A login.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) addr: SocketAddr,
    pub(crate) token: String,
}

impl Person {
    /// The first administrator of a fresh server.
    pub(crate) fn first(server: &Server) -> Self {
        let code = server.ready["api"]["setup_code"].as_str().unwrap();
        let body = json!({ "code": code, "username": "root", "password": PASSWORD });
        let answer = ask(server.api(), "POST", "/api/setup", &[], &body.to_string());
        assert_eq!(answer.status, 200, "{}", answer.body);
        Self::of(server, &answer)
    }

    fn of(server: &Server, answer: &Answer) -> Self {
        Self { addr: server.api(), token: answer.json()["token"].as_str().unwrap().to_owned() }
    }

    /// Somebody whom this administrator adds.
    pub(crate) fn add(&self, server: &Server, name: &str, role: &str) -> Self {
        let body = json!({ "username": name, "password": PASSWORD, "role": role });
        assert_eq!(self.post("/api/users", &body).status, 201);
        Self::login(server, name)
    }

    /// A new login.
    pub(crate) fn login(server: &Server, name: &str) -> Self {
        let body = json!({ "username": name, "password": PASSWORD });
        let answer = ask(server.api(), "POST", "/api/auth/login", &[], &body.to_string());
        assert_eq!(answer.status, 200, "{}", answer.body);
        Self::of(server, &answer)
    }

    /// Any request.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        ask(self.addr, method, path, &[("Authorization", &format!("Bearer {}", self.token))], body)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    /// What a read gives, which must work.
    pub(crate) fn read(&self, path: &str) -> Value {
        Self::told(path, &self.get(path))
    }

    fn told(path: &str, answer: &Answer) -> Value {
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &body.to_string())
    }

    /// Reads until it fits: each question takes a request, and what is waited for is under way.
    pub(crate) fn until(&self, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..100_000 {
            let answer = self.get(path);
            // What takes longer than a bucket lasts is asked for at the pace at which requests come back.
            if answer.status == 429 {
                continue;
            }
            let value = Self::told(path, &answer);
            if fits(&value) {
                return value;
            }
        }
        panic!("{path} never got there: {}", self.read(path));
    }
}
