//! How much each user and each address may ask for, and what is put off under load (crate `limits`).
//!
//! Who shows a token of ours is charged as that user, whoever that is by now; everybody else as an address. A program's signature is
//! only known to be good later, so its request is charged to the address first and to the user once it is proved: nobody can empty
//! another's bucket by naming them.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ::limits::{Buckets, Class, Decision, Key, Load, Shedder, Standing, Tier, rate};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use cache::{Cache, SharedRate};
use store::users::Role;

use crate::Problem;
use crate::app::{App, now};
use crate::auth::principal::{Peer, Principal};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Requests that may be in flight: what is beyond waits too long to be worth an answer.
const IN_FLIGHT_MAX: u64 = 2_000;

/// The limits of this process; whether they hold is a dial.
#[derive(Debug)]
pub(crate) struct Limited {
    buckets: Buckets,
    shedder: Shedder,
    in_flight: AtomicU64,
}

impl Default for Limited {
    fn default() -> Self {
        Self {
            buckets: Buckets::default(),
            shedder: Shedder::new(IN_FLIGHT_MAX),
            in_flight: AtomicU64::new(0),
        }
    }
}

impl Limited {
    /// Out of the bucket of this process, and out of the one that instances share where there is a Redis: a request that the first one
    /// refuses costs no way there.
    async fn take(&self, cache: &Cache, key: Key, tier: Tier, class: Class) -> Result<Standing, Refusal> {
        let refused = |standing, retry_s| {
            metrics::counter!("rate_limited_total", "class" => class.word()).increment(1);
            Err(Refusal { class, standing, retry_s })
        };
        let standing = match self.buckets.ask(key, tier, class, 1, now().millis()) {
            Decision::Allowed(standing) => standing,
            Decision::Refused { standing, retry_s } => return refused(standing, retry_s),
        };
        // As much as conduct leaves of it, and as quickly as the class says.
        let (capacity, refill_ms) = (standing.limit, rate(tier, class).refill_ms);
        let name = format!("{}:{}", class.word(), name_of(key));
        let Some(shared) = cache.take(&name, SharedRate { capacity, refill_ms }, 1).await else {
            return Ok(standing);
        };
        let missing = capacity.saturating_sub(shared.remaining);
        let reset_s = (missing * refill_ms / capacity.max(1)).div_ceil(1_000);
        let standing = Standing { remaining: shared.remaining, reset_s, ..standing };
        if shared.allowed {
            return Ok(standing);
        }
        self.buckets.refused(key, now().millis());
        refused(standing, shared.retry_ms.div_ceil(1_000))
    }

    /// Charges a program whose signature was good.
    ///
    /// # Errors
    /// 429.
    pub(crate) async fn signed(
        &self,
        cache: &Cache,
        who: &Principal,
        class: Option<&Class>,
    ) -> Result<(), Problem> {
        // Without limits no request carries its class.
        let Some(class) = class else { return Ok(()) };
        let key = Key::User(who.user.0.as_u128());
        let taken = self.take(cache, key, tier_of(who.role), *class).await;
        taken.map(|_| ()).map_err(|refusal| refusal.problem())
    }
}

/// An empty bucket.
struct Refusal {
    class: Class,
    standing: Standing,
    retry_s: u64,
}

impl Refusal {
    fn problem(&self) -> Problem {
        let Self { class, standing, retry_s } = self;
        let detail = format!(
            "at most {} requests a minute of the class {}; the next one fits in {retry_s} s",
            standing.limit,
            class.word()
        );
        Problem::slow_down("rate_limited", detail, *retry_s)
    }
}

/// Whose a bucket is, in Redis.
fn name_of(key: Key) -> String {
    match key {
        Key::User(user) => format!("user:{user:032x}"),
        Key::Address(address) => format!("address:{address:x}"),
    }
}

const fn tier_of(role: Role) -> Tier {
    match role {
        Role::Viewer => Tier::Viewer,
        Role::Trader => Tier::Trader,
        Role::Admin => Tier::Admin,
    }
}

/// What a request is for; nothing for what must always be answered.
fn class_of(method: &Method, path: &str) -> Option<Class> {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let rest = path.strip_prefix("/api/")?;
    let noun = rest.split('/').next().unwrap_or_default();
    Some(match noun {
        "health" => return None,
        "auth" | "setup" => Class::Login,
        "markets" | "venues" | "tickers" | "candles" | "indicators" | "book" | "openapi.json" | "docs" => {
            Class::Market
        }
        "trading" if reads => Class::Market,
        "orders" | "halt" | "resume" if !reads => Class::Trading,
        "users" | "audit" | "logs" | "monitoring" | "alerts" => Class::Administration,
        "backtests" | "sweeps" | "models" | "training" | "jobs" if !reads => Class::Heavy,
        _ => Class::Account,
    })
}

/// Whom a request is charged to before anything else is known.
fn payer(app: &App, headers: &HeaderMap, address: IpAddr) -> (Key, Tier) {
    let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|text| text.split_once(' ')).map(|(_, token)| token.trim());
    let claims = token.and_then(|token| app.tokens.read(token, now().millis() / 1_000).ok());
    let user = claims.as_ref().and_then(|claims| claims.sub.parse::<store::UserId>().ok());
    match user {
        Some(user) => {
            let session = claims.and_then(|claims| claims.sid.parse().ok());
            let role = session.and_then(|session| app.sessions.role(session)).unwrap_or(Role::Trader);
            (Key::User(user.0.as_u128()), tier_of(role))
        }
        None => (Key::of_address(address), Tier::Address),
    }
}

/// Counts a request while it is answered.
struct InFlight<'a>(&'a AtomicU64);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request that may go on. It is in flight as long as this lives.
pub(crate) struct Admitted<'a> {
    app: &'a App,
    key: Key,
    standing: Standing,
    _in_flight: InFlight<'a>,
}

impl Admitted<'_> {
    /// Says in the answer how the bucket stands, and notes what the answer tells of the client's conduct.
    pub(crate) fn answered(self, status: StatusCode, headers: &mut HeaderMap) {
        if is_a_mistake(status) {
            self.app.limited.buckets.failed(self.key, now().millis());
        }
        show(headers, self.standing);
    }
}

/// Lets a request of a class in, or answers it: it is put off or refused.
pub(crate) async fn enter<'a>(
    app: &'a App,
    class: Class,
    headers: &HeaderMap,
    address: IpAddr,
) -> Result<Admitted<'a>, Box<Response>> {
    let limited = &app.limited;
    let load = Load {
        in_flight: limited.in_flight.fetch_add(1, Ordering::Relaxed),
        lag_ms: app.monitoring.runtime_lag_ms(),
    };
    let in_flight = InFlight(&limited.in_flight);
    if let Err(seconds) = limited.shedder.admit(class.priority(), load) {
        metrics::counter!("shed_total", "class" => class.word()).increment(1);
        let mut problem =
            Problem::unavailable("overloaded", "the server has too much to do; orders go first");
        problem.retry_after_s = u32::try_from(seconds).ok();
        return Err(Box::new(problem.into_response()));
    }
    let (key, tier) = payer(app, headers, address);
    match limited.take(&app.cache, key, tier, class).await {
        Ok(standing) => Ok(Admitted { app, key, standing, _in_flight: in_flight }),
        Err(refusal) => {
            let mut response = refusal.problem().into_response();
            show(response.headers_mut(), refusal.standing);
            Err(Box::new(response))
        }
    }
}

/// Lets a request through, puts it off or refuses it, and says how the bucket stands.
pub(crate) async fn requests(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let class = path.and_then(|path| class_of(request.method(), path));
    let Some(class) = class.filter(|_| app.dials.is_limited()) else { return next.run(request).await };
    let address = request.extensions().get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip());
    match enter(&app, class, request.headers(), address).await {
        Ok(admitted) => {
            request.extensions_mut().insert(class);
            let mut response = next.run(request).await;
            admitted.answered(response.status(), response.headers_mut());
            response
        }
        Err(answer) => *answer,
    }
}

/// Requests that nobody who reads the documentation sends in numbers. A refused order or an unknown id is no mistake.
const fn is_a_mistake(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 405 | 413 | 415)
}

fn show(headers: &mut HeaderMap, standing: Standing) {
    let number = |value: u64| HeaderValue::from(value);
    headers.insert(LIMIT, number(standing.limit));
    headers.insert(REMAINING, number(standing.remaining));
    headers.insert(RESET, number(standing.reset_s));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_have_the_class_of_what_they_do() {
        for (method, path, class) in [
            (Method::POST, "/api/orders", Some(Class::Trading)),
            (Method::DELETE, "/api/orders/{order_id}", Some(Class::Trading)),
            (Method::POST, "/api/halt", Some(Class::Trading)),
            (Method::GET, "/api/orders", Some(Class::Account)),
            (Method::GET, "/api/positions", Some(Class::Account)),
            (Method::GET, "/api/tickers", Some(Class::Market)),
            (Method::GET, "/api/venues", Some(Class::Market)),
            (Method::GET, "/api/venue-keys", Some(Class::Account)),
            (Method::GET, "/api/trading/market-data/{symbol}", Some(Class::Market)),
            (Method::POST, "/api/candles/batch", Some(Class::Market)),
            (Method::POST, "/api/auth/login", Some(Class::Login)),
            (Method::PATCH, "/api/users/{user_id}", Some(Class::Administration)),
            (Method::POST, "/api/backtests", Some(Class::Heavy)),
            (Method::GET, "/api/backtests", Some(Class::Account)),
            (Method::GET, "/api/health", None),
            (Method::GET, "/metrics", None),
        ] {
            assert_eq!(class_of(&method, path), class, "{method} {path}");
        }
    }

    #[test]
    fn a_wrong_request_is_a_mistake_and_a_refused_order_is_not() {
        assert!(is_a_mistake(StatusCode::BAD_REQUEST) && is_a_mistake(StatusCode::PAYLOAD_TOO_LARGE));
        for status in [200, 401, 403, 404, 409, 422, 429, 500, 503] {
            assert!(!is_a_mistake(StatusCode::from_u16(status).unwrap()), "{status}");
        }
    }
}
