//! Answers to public reads, kept as they were written: identical requests at the same time are one, and until the market changes the
//! next ones cost a look-up.
//!
//! A key holds the path, the query, what encodings the client takes (an answer is kept compressed) and the version of the markets it
//! is about. The version rises before whoever changed the market is answered, so nobody reads something older than their own order.
//! Only answers with status 200 are kept; they hold nothing of who asked.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::{Buf as _, Bytes};
use cache::{Cache, Class, Key};

use crate::app::App;
use crate::etag;
use crate::last_good::LastGood;

/// Longest query and longest list of encodings that are worth a key.
const TEXT_MAX: usize = 100;
/// Headers that are kept with an answer, in the order in which they are written down.
const KEPT: [HeaderName; 4] = [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::ETAG, header::VARY];

/// A path whose answer is the same for everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Public<'a> {
    /// Its route.
    pub(crate) route: &'static str,
    class: Class,
    /// The instrument it is about; none: all of them.
    symbol: Option<&'a str>,
}

impl<'a> Public<'a> {
    /// `None` if the path is another one.
    pub(crate) fn of(path: &'a str) -> Option<Self> {
        let of_all = |route, class| Some(Self { route, class, symbol: None });
        let (noun, symbol) = match path.strip_prefix("/api/")? {
            "markets" => return of_all("/api/markets", Class::Markets),
            "tickers" => return of_all("/api/tickers", Class::Tickers),
            rest => rest.split_once('/')?,
        };
        let (route, class) = match noun {
            "book" => ("/api/book/{symbol}", Class::Books),
            "candles" => ("/api/candles/{symbol}", Class::OpenCandles),
            "indicators" => ("/api/indicators/{symbol}", Class::OpenCandles),
            _ => return None,
        };
        let is_one = !symbol.is_empty() && !symbol.contains('/');
        is_one.then_some(Self { route, class, symbol: Some(symbol) })
    }

    /// What must not have changed for an answer to hold.
    fn version(&self, app: &App) -> Option<String> {
        let version = match (self.class, self.symbol) {
            (_, Some(symbol)) => app.markets.version(&app.instrument_id(symbol).ok()?)?,
            // Listings are counted by this process alone.
            (Class::Markets, None) => {
                return Some(format!("{}.{}", app.broadcast.hub().epoch(), app.broadcast.listings()));
            }
            (_, None) => app.markets.version_of_all(),
        };
        Some(version.to_string())
    }

    /// The key of a question, if its answer can be kept.
    pub(crate) fn key(&self, app: &App, uri: &Uri, headers: &HeaderMap) -> Option<Key> {
        let (path, query) = (uri.path(), uri.query().unwrap_or_default());
        let encodings = headers.get(header::ACCEPT_ENCODING);
        let encodings = encodings.map_or(Some(""), |value| value.to_str().ok())?;
        // Imported data are not for everybody, and no market's version is theirs. However it is written: `%73ource` is `source`.
        if query.contains("source=") || query.contains('%') {
            return None;
        }
        if query.len() > TEXT_MAX || encodings.len() > TEXT_MAX || path.len() > TEXT_MAX {
            return None;
        }
        let version = self.version(app)?;
        Some(Key::public(self.class, &[path, query, encodings, &version]))
    }
}

/// The key of a request, if its answer can be kept.
fn key_of(app: &App, request: &Request) -> Option<Key> {
    if *request.method() != Method::GET {
        return None;
    }
    Public::of(request.uri().path())?.key(app, request.uri(), request.headers())
}

/// An answer that is not kept. The one who asked for it takes it; those who waited ask for themselves.
struct NotKept(Mutex<Option<Response>>);

/// Answers from the cache, or asks once for all who wait.
pub(crate) async fn requests(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let Some(key) = key_of(&app, &request) else { return next.run(request).await };
    answered(&app.cache, &app.last_good, &key, request, |request| next.clone().run(request)).await
}

/// The same, of whatever runs requests.
async fn answered<F: Future<Output = Response>>(
    cache: &Cache,
    last_good: &LastGood,
    key: &Key,
    request: Request,
    run: impl Fn(Request) -> F,
) -> Response {
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let (mut parts, _) = request.into_parts();
    // What is kept is the whole answer; the condition is looked at here.
    parts.headers.remove(header::IF_NONE_MATCH);
    let question = question(&parts);
    let origin = async {
        let answer = written(run(again(&parts))).await;
        if let Ok(Some(kept)) = &answer {
            last_good.keep(&question, kept.clone());
        }
        answer
    };
    let response = match cache.get(key, origin).await {
        Ok(Some(kept)) => return read(kept, known.as_ref()).into_response(),
        Ok(None) => run(again(&parts)).await,
        Err(not_kept) => {
            let response = not_kept.0.lock().unwrap_or_else(PoisonError::into_inner).take();
            match response {
                Some(response) => response,
                None => run(again(&parts)).await,
            }
        }
    };
    match last_good.instead_of(response.status(), &question) {
        Some((kept, age_s)) => stale(read(kept, known.as_ref()), age_s),
        None => response,
    }
}

/// A question as a text, whatever the market's version.
fn question(parts: &Parts) -> String {
    let encodings = parts.headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    format!("{} {}", parts.uri, encodings.unwrap_or_default())
}

/// An old answer, marked as what it is (RFC 9111: `Age`; RFC 7234: `Warning` 110).
fn stale(mut kept: Kept, age_s: u64) -> Response {
    kept.headers.insert(header::AGE, age_s.into());
    kept.headers.insert(header::WARNING, HeaderValue::from_static("110 tradewind \"Response is Stale\""));
    metrics::counter!("stale_answers_total").increment(1);
    kept.into_response()
}

fn again(parts: &Parts) -> Request {
    Request::from_parts(parts.clone(), Body::empty())
}

/// The answer written down, if it can be kept.
async fn written(answer: impl Future<Output = Response>) -> Result<Option<Bytes>, NotKept> {
    let response = answer.await;
    let not_kept = |response| NotKept(Mutex::new(Some(response)));
    if response.status() != StatusCode::OK || !response.headers().contains_key(header::ETAG) {
        return Err(not_kept(response));
    }
    let (parts, body) = response.into_parts();
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        let mut broken = Response::new(Body::empty());
        *broken.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return Err(not_kept(broken));
    };
    let mut kept = Vec::with_capacity(body.len() + 200);
    for name in KEPT {
        let value = parts.headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
        kept.extend_from_slice(value);
        kept.push(b'\n');
    }
    kept.extend_from_slice(&body);
    Ok(Some(kept.into()))
}

/// An answer that was written down, without the headers that every answer has.
pub(crate) struct Kept {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Reads it back, for a client that may know it already (`If-None-Match`).
pub(crate) fn read(mut kept: Bytes, known: Option<&HeaderValue>) -> Kept {
    // With room for what is added later.
    let mut headers = HeaderMap::with_capacity(24);
    for name in KEPT {
        let end = kept.iter().position(|byte| *byte == b'\n').unwrap_or(kept.len());
        let value = kept.split_to(end);
        kept.advance(1.min(kept.len()));
        if let Ok(value) = HeaderValue::from_maybe_shared(value)
            && !value.is_empty()
        {
            headers.insert(name, value);
        }
    }
    // Also of short answers, which are never compressed: another client's longer list of encodings is another answer.
    headers.entry(header::VARY).or_insert(HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
    if known.is_some_and(|known| etag::matches(known, tag)) {
        headers.remove(header::CONTENT_TYPE);
        headers.remove(header::CONTENT_ENCODING);
        return Kept { status: StatusCode::NOT_MODIFIED, headers, body: Bytes::new() };
    }
    Kept { status: StatusCode::OK, headers, body: kept }
}

impl IntoResponse for Kept {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        (*response.status_mut(), *response.headers_mut()) = (self.status, self.headers);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn kept(headers: &[(HeaderName, &'static str)], body: &'static str) -> Bytes {
        let mut response = Response::new(Body::from(body));
        for (name, value) in headers {
            response.headers_mut().insert(name.clone(), HeaderValue::from_static(value));
        }
        written(async { response }).await.ok().flatten().unwrap()
    }

    #[tokio::test]
    async fn an_answer_reads_back_as_it_was_written() {
        let all = [
            (header::CONTENT_TYPE, "application/json"),
            (header::CONTENT_ENCODING, "gzip"),
            (header::ETAG, "W/\"abc\""),
            (header::VARY, "accept-encoding"),
        ];
        for (headers, body) in [(&all[..], "line\n\nline"), (&all[2..3], ""), (&all[..3], "x")] {
            let kept = kept(headers, body).await;
            let response = read(kept.clone(), None).into_response();
            for (name, value) in headers {
                assert_eq!(response.headers().get(name).unwrap(), value);
            }
            assert_eq!(response.headers().get(header::VARY).unwrap(), "accept-encoding");
            assert_eq!(axum::body::to_bytes(response.into_body(), 100).await.unwrap(), body);
            let unchanged = read(kept, Some(&HeaderValue::from_static("\"abc\""))).into_response();
            assert_eq!(unchanged.status(), StatusCode::NOT_MODIFIED);
            assert!(axum::body::to_bytes(unchanged.into_body(), 1).await.unwrap().is_empty());
        }
    }

    #[tokio::test]
    async fn only_good_answers_are_kept() {
        let mut refused = Response::new(Body::from("no"));
        *refused.status_mut() = StatusCode::NOT_FOUND;
        let not_kept = written(async { refused }).await.err().unwrap();
        let taken = not_kept.0.lock().unwrap().take().unwrap();
        assert_eq!(taken.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn only_public_reads_are_kept() {
        let book = Public::of("/api/book/BTCUSDT").unwrap();
        assert_eq!(
            (book.route, book.class, book.symbol),
            ("/api/book/{symbol}", Class::Books, Some("BTCUSDT"))
        );
        let candles = Public::of("/api/candles/local:BTCUSDT").unwrap();
        assert_eq!((candles.class, candles.symbol), (Class::OpenCandles, Some("local:BTCUSDT")));
        assert_eq!(Public::of("/api/tickers").unwrap().symbol, None);
        for path in [
            "/api/orders",
            "/api/positions",
            "/api/balances",
            "/api/me",
            "/metrics",
            "/api/health",
            "/api/book/",
            "/api/book/A/B",
            "/api/orders/BTCUSDT",
            "/book/BTCUSDT",
        ] {
            assert_eq!(Public::of(path), None, "{path}");
        }
    }

    /// A question whose origin fails or not; the market has changed, so what the cache holds does not count.
    async fn asked(
        cache: &Cache,
        last_good: &LastGood,
        version: u32,
        fails: bool,
        tag: Option<&str>,
    ) -> Response {
        let key = Key::public(Class::Books, &["/api/book/BTCUSDT", &version.to_string()]);
        let mut request = Request::get("/api/book/BTCUSDT");
        if let Some(tag) = tag {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        let run = |_: Request| async move {
            if fails {
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
            ([(header::ETAG, format!("\"{version}\""))], format!("book {version}")).into_response()
        };
        answered(cache, last_good, &key, request.body(Body::empty()).unwrap(), run).await
    }

    fn value(response: &Response, name: &HeaderName) -> Option<String> {
        response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_answered_with_what_was_before_and_its_age_rises_until_it_is_too_old() {
        let (cache, last_good) = (Cache::new(&cache::Options::default()).unwrap(), LastGood::default());
        let second = std::time::Duration::from_secs(1);
        let nothing = asked(&cache, &last_good, 1, true, None).await;
        assert_eq!(
            (nothing.status(), value(&nothing, &header::WARNING)),
            (StatusCode::SERVICE_UNAVAILABLE, None)
        );
        let fresh = asked(&cache, &last_good, 2, false, None).await;
        let marks = |response: &Response| (value(response, &header::AGE), value(response, &header::WARNING));
        assert_eq!((fresh.status(), marks(&fresh)), (StatusCode::OK, (None, None)));
        for (version, age) in [(3, 0), (4, 7), (5, 590)] {
            let passed = [0, 7, 583][version as usize - 3];
            tokio::time::advance(second * passed).await;
            let old = asked(&cache, &last_good, version, true, None).await;
            assert_eq!(old.status(), StatusCode::OK);
            let warning = "110 tradewind \"Response is Stale\"".to_owned();
            assert_eq!(marks(&old), (Some(age.to_string()), Some(warning)));
            assert_eq!(axum::body::to_bytes(old.into_body(), 100).await.unwrap(), "book 2");
        }
        // Who knows it already is told so, and that it is old.
        let known = asked(&cache, &last_good, 6, true, Some("\"2\"")).await;
        assert_eq!(
            (known.status(), value(&known, &header::AGE)),
            (StatusCode::NOT_MODIFIED, Some("590".to_owned()))
        );
        tokio::time::advance(second * 10).await;
        let too_old = asked(&cache, &last_good, 7, true, None).await;
        assert_eq!((too_old.status(), marks(&too_old)), (StatusCode::SERVICE_UNAVAILABLE, (None, None)));
        // The origin is back, and so is its answer, unmarked.
        let fresh = asked(&cache, &last_good, 8, false, None).await;
        assert_eq!((fresh.status(), marks(&fresh)), (StatusCode::OK, (None, None)));
        assert_eq!(axum::body::to_bytes(fresh.into_body(), 100).await.unwrap(), "book 8");
    }
}
