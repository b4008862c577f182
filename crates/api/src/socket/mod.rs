//! `/ws`: from the handshake to the connection. The protocol is docs/stream.md, the rooms are the crate `stream`.

mod connection;
mod snapshot;
mod watch;
mod way;

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use http::Request;
use http::websocket::{self, Policy};
use stream::limits;
use stream::{Format, Full};

use crate::Problem;
use crate::app::{App, now};
use crate::auth::principal::{Principal, from_store};
use crate::auth::secret_hash;
use crate::broadcast::owner_of;

pub(crate) use snapshot::of_public;
pub(crate) use watch::watch;
use way::Way;

/// Where the stream is.
pub(crate) const PATH: &str = "/ws";

/// Messages on their way to the socket; what is beyond waits in the connection's own backlog, where states replace each other.
const OUTBOX_LEN_MAX: usize = 8;
/// Bytes of them.
const OUTBOX_BYTES_MAX: usize = 1024 * 1024;

/// What a client chose in the address.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Options {
    ticket: String,
    format: Format,
    /// Least time between two messages of a busy connection.
    batch: Duration,
    /// From how many bytes on messages of public rooms are deflated, where the client can inflate; `None` for never. The server's
    /// setting, not the client's.
    deflate_from: Option<usize>,
}

/// Answers a request for `/ws`.
///
/// # Errors
/// Why there is no WebSocket; see docs/stream.md.
pub(crate) async fn accept(
    app: &Arc<App>,
    frontend: Option<&str>,
    request: Request,
) -> Result<http::Response, Problem> {
    if !websocket::is_asked(&request) {
        return Err(Problem::invalid("/ws is a WebSocket; see docs/stream.md"));
    }
    if !origin_is_ours(request.header("origin"), request.header("host"), frontend) {
        let detail = "pages of this origin may not open the stream; set api.frontend to allow one";
        return Err(Problem::new(StatusCode::FORBIDDEN, "origin", detail));
    }
    let deflate_from = app.broadcast.deflate_from();
    let options = Options { deflate_from, ..options(request.query())? };
    let refused = || {
        let detail = "the ticket is unknown, used or too old; get another from POST /api/ws/ticket";
        Problem::new(StatusCode::UNAUTHORIZED, "ticket", detail)
    };
    let who = app.tickets.take(&secret_hash(&options.ticket), now().millis()).ok_or_else(refused)?;
    let way = Arc::<Way>::default();
    let session = who.session.map(|session| session.0.as_u128());
    let client = app
        .broadcast
        .hub()
        .connect_served(owner_of(who.user), session, Arc::<Way>::clone(&way))
        .map_err(full)?;
    // Looked up after it is in the list of those that a logout ends: nobody slips between.
    if !lives(app, &who).await? {
        return Err(refused());
    }
    let source = Box::new(snapshot::Seen { app: Arc::clone(app), who });
    let handler = move |inbox, outbox| connection::serve(source, client, options, way, inbox, outbox);
    let policy = Policy { deflate: deflate_from.is_some(), ..policy() };
    websocket::accept(request, policy, handler).map_err(|error| Problem::invalid(error.to_string()))
}

async fn lives(app: &App, who: &Principal) -> Result<bool, Problem> {
    let Some(session) = who.session else { return Ok(true) };
    let live = app.sessions.look_up(&app.store, session).await.map_err(|e| from_store(&e))?;
    Ok(live.is_some_and(|live| live.user == who.user))
}

fn full(why: Full) -> Problem {
    match why {
        Full::Owner => Problem::slow_down("too_many_sockets", why.to_string(), 5),
        Full::Process => Problem::unavailable("sockets_full", why.to_string()),
    }
}

fn policy() -> Policy {
    Policy {
        message_len_max: limits::REQUEST_LEN_MAX,
        outbox_len_max: OUTBOX_LEN_MAX,
        outbox_bytes_max: OUTBOX_BYTES_MAX,
        ping_every: Duration::from_secs(limits::PING_S),
        silence_max: Duration::from_secs(limits::SILENCE_MAX_S),
        ..Policy::default()
    }
}

/// Programs send no origin; a browser's page must come from this host or from the configured frontend.
fn origin_is_ours(origin: Option<&str>, host: Option<&str>, frontend: Option<&str>) -> bool {
    let Some(origin) = origin else { return true };
    if Some(origin) == frontend {
        return true;
    }
    let host_of_origin = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    host_of_origin.is_some_and(|of_origin| Some(of_origin) == host)
}

/// Reads the query. Tickets and the other values need no percent-encoding.
fn options(query: &str) -> Result<Options, Problem> {
    let mut options = Options {
        ticket: String::new(),
        format: Format::Json,
        batch: Duration::from_millis(2),
        deflate_from: None,
    };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=').unwrap_or((pair, "")) {
            ("ticket", ticket) => ticket.clone_into(&mut options.ticket),
            ("format", "json") => options.format = Format::Json,
            ("format", "msgpack") => options.format = Format::MessagePack,
            ("batch_ms", "2") => options.batch = Duration::from_millis(2),
            ("batch_ms", "10") => options.batch = Duration::from_millis(10),
            ("format", _) => return Err(Problem::invalid("format is json or msgpack")),
            ("batch_ms", _) => return Err(Problem::invalid("batch_ms is 2 or 10")),
            (other, _) => {
                let shown: String = other.chars().take(40).collect();
                return Err(Problem::invalid(format!("/ws knows no option {shown:?}")));
            }
        }
    }
    Ok(options)
}

#[cfg(test)]
mod sockets_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_unknown_ones_refused() {
        let read = |query: &str| options(query).map(|o| (o.ticket, o.format, o.batch.as_millis()));
        assert_eq!(read("ticket=tws_a-_9").unwrap(), ("tws_a-_9".into(), Format::Json, 2));
        assert_eq!(
            read("format=msgpack&batch_ms=10&ticket=t").unwrap(),
            ("t".into(), Format::MessagePack, 10)
        );
        for query in ["format=xml", "batch_ms=0", "ticket=t&x=1", "batch_ms"] {
            assert_eq!(read(query).unwrap_err().status, 400, "{query}");
        }
    }

    #[test]
    fn pages_of_other_origins_are_refused_and_programs_are_not() {
        let host = Some("desk.example.org:8080");
        for (origin, frontend, ours) in [
            (None, None, true),
            (Some("https://desk.example.org:8080"), None, true),
            (Some("https://desk.example.org"), None, false),
            (Some("https://evil.example"), None, false),
            (Some("https://evil.example"), Some("https://front.example"), false),
            (Some("https://front.example"), Some("https://front.example"), true),
            (Some("null"), None, false),
            (Some("https://desk.example.org:8080.evil.example"), None, false),
        ] {
            assert_eq!(origin_is_ours(origin, host, frontend), ours, "{origin:?}");
        }
        assert!(!origin_is_ours(Some("http://a"), None, None));
    }
}
