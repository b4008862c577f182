//! Requests of the operator at the machine in the name of a user: the same routes, limits and audit log, without a connection.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use axum::response::IntoResponse as _;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use store::users::{self, User};
use tower::ServiceExt as _;

use crate::Problem;
use crate::app::App;
use crate::auth::opaque_token;
use crate::auth::principal::{ByOperator, Principal, from_store};

/// Users looked at to find the only one.
const PAGE: u32 = 1_000;

/// The API without a connection. Clone freely.
#[derive(Clone)]
pub struct Operator {
    app: Arc<App>,
    router: Router,
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Operator")
    }
}

impl Operator {
    pub(crate) const fn new(app: Arc<App>, router: Router) -> Self {
        Self { app, router }
    }

    /// Asks a route in the name of a user (the only active one when none is named): status and body. The audit log names both.
    pub async fn ask(
        &self,
        user: Option<&str>,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: String,
    ) -> (u16, Bytes) {
        let response = match self.request(user, method, path, key, body).await {
            Ok(request) => self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {}),
            Err(problem) => problem.into_response(),
        };
        let status = response.status().as_u16();
        match response.into_body().collect().await {
            Ok(body) => (status, body.to_bytes()),
            Err(error) => {
                tracing::error!(%error, "an answer to the operator broke off");
                (StatusCode::INTERNAL_SERVER_ERROR.as_u16(), Bytes::new())
            }
        }
    }

    async fn request(
        &self,
        user: Option<&str>,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: String,
    ) -> Result<Request<Body>, Problem> {
        let user = self.user(user).await?;
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| Problem::invalid("no such method"))?;
        let mut request = Request::builder().method(method).uri(path);
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let who = Principal {
            user: user.id,
            name: format!("operator for {}", user.username).into(),
            role: user.role,
            session: None,
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            request: opaque_token("o").into(),
        };
        let request = request.extension(ByOperator(who)).body(Body::from(body));
        request.map_err(|error| Problem::invalid(format!("this is no address of the API: {error}")))
    }

    async fn user(&self, named: Option<&str>) -> Result<User, Problem> {
        let mut reader = self.app.store.read();
        if let Some(name) = named {
            let found = users::for_login(&mut reader, name).await.map_err(|e| from_store(&e))?;
            return found.ok_or_else(|| Problem::not_found("active user"));
        }
        let page = users::page_of_all(&mut reader, "", PAGE).await.map_err(|e| from_store(&e))?;
        let mut active = page.into_iter().filter(|user| user.active);
        match (active.next(), active.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(Problem::conflict("no_user", "there is no user yet; `tradewind user add NAME`")),
            (Some(_), Some(_)) => {
                Err(Problem::invalid("there are several users: name the one to act for (--user NAME)"))
            }
        }
    }
}
