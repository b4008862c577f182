//! Answers to public reads, kept as they were written: identical requests at the same time are one, and until the market changes the
//! next ones cost a look-up.
//!
//! A key holds what is asked, readable (`market:ohlcv:BTC:USDT:1m:limit=100:gzip,br`), and what encodings the client takes: an answer is
//! kept compressed. The version of the markets it is about stands beside it, with this run of the server. It rises before whoever changed
//! the market is answered, so nobody reads something older than their own order, however long an answer would be kept. Candles of which
//! the last is open are kept until it closes at most, candles that are all closed as long as there is room.
//! Only answers with status 200 are kept; they hold nothing of who asked.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::{Buf as _, Bytes};
use cache::{Cache, Class, Key};
use types::{InstrumentId, Interval, Time};

use crate::app::App;
use crate::etag;
use crate::last_good::LastGood;
use crate::wire::Moment;

/// Stands for the two words of the path of a market at a glance; no path holds it.
const GLANCE: &str = "trading/market-data";
/// The route of candles.
const CANDLES: &str = "/api/candles/{symbol}";
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

/// How long after its end a candle is surely written down and will never change, nanoseconds.
const SETTLED_NS: i64 = 60_000_000_000;
/// How long an answer is good that moves with the clock as well as with its market.
const MOVING: Duration = Duration::from_secs(1);

impl<'a> Public<'a> {
    /// `None` if the path is another one.
    pub(crate) fn of(path: &'a str) -> Option<Self> {
        let of_all = |route, class| Some(Self { route, class, symbol: None });
        let (noun, symbol) = match path.strip_prefix("/api/")? {
            "markets" => return of_all("/api/markets", Class::Markets),
            "venues" => return of_all("/api/venues", Class::Venues),
            "tickers" => return of_all("/api/tickers", Class::Tickers),
            "indicators" => return of_all("/api/indicators", Class::General),
            rest => match rest.strip_prefix("trading/market-data/") {
                Some(symbol) => (GLANCE, symbol),
                None => rest.split_once('/')?,
            },
        };
        let (route, class) = match noun {
            "book" => ("/api/book/{symbol}", Class::Books),
            "candles" => (CANDLES, Class::OpenCandles),
            "indicators" => ("/api/indicators/{symbol}", Class::OpenCandles),
            GLANCE => ("/api/trading/market-data/{symbol}", Class::Tickers),
            _ => return None,
        };
        let is_one = !symbol.is_empty() && !symbol.contains('/');
        is_one.then_some(Self { route, class, symbol: Some(symbol) })
    }

    /// What must not have changed for an answer to hold. A number is one of this run only: another may be of other markets.
    fn version(&self, app: &App, market: Option<&InstrumentId>) -> Option<String> {
        let number = match (self.class, market) {
            (_, Some(market)) => app.markets.version(market)?,
            (Class::General, None) => 0,
            // Listings are counted by this process alone.
            (Class::Markets | Class::Venues, None) => app.broadcast.listings(),
            (_, None) => app.markets.version_of_all(),
        };
        Some(format!("{}.{number}", app.broadcast.hub().epoch()))
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
        let encodings = match encodings.contains(' ') {
            true => Cow::Owned(encodings.replace(' ', "")),
            false => Cow::Borrowed(encodings),
        };
        let market = self.symbol.map(|symbol| app.instrument_id(symbol).ok());
        let market = match &market {
            Some(market) => Some(market.as_ref()?),
            None => None,
        };
        let version = self.version(app, market)?;
        let Some(market) = market else {
            return Some(Key::public(self.class, &[self.noun(), query, &encodings]).at(version));
        };
        if self.route == CANDLES {
            return candles_key(app, market, query, &encodings, version);
        }
        let key = Key::public(self.class, &[self.noun(), market.symbol.as_str(), query, &encodings]);
        Some(key.at(version).within(MOVING))
    }

    /// What its key says it is.
    fn noun(&self) -> &'static str {
        match (self.class, self.symbol) {
            (Class::Tickers, Some(_)) => "glance",
            (Class::General, _) => "functions",
            (Class::OpenCandles, _) => "indicators",
            (Class::Books, _) => "book",
            (class, _) => class.word(),
        }
    }
}

/// How long an answer about candles holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    /// All are closed.
    ForEver,
    /// The last may be open.
    For(Duration),
}

/// The key of a question about candles; the interval has a place of its own in it.
fn candles_key(
    app: &App,
    market: &InstrumentId,
    query: &str,
    encodings: &str,
    version: String,
) -> Option<Key> {
    let (interval, rest, hold) = candles_asked(query, crate::app::now())?;
    let instrument = app.markets.instrument(market)?;
    let (base, quote) = (instrument.market.base.code.to_string(), instrument.market.quote.code.to_string());
    let parts = ["ohlcv", &base, &quote, interval.as_str(), &rest, encodings];
    Some(match hold {
        Hold::For(life) => Key::public(Class::OpenCandles, &parts).at(version).within(life),
        // Of this run: another may have another exchange's past.
        Hold::ForEver => Key::public(Class::ClosedCandles, &parts).at(app.broadcast.hub().epoch().to_owned()),
    })
}

/// The interval, the rest of the question, and how long its answer holds; `None` for a question that is not a plain one.
fn candles_asked(query: &str, now: Time) -> Option<(Interval, String, Hold)> {
    let (mut interval, mut rest) = (None, String::with_capacity(query.len()));
    let (mut from, mut to) = (None, None);
    for part in query.split('&') {
        let (name, value) = part.split_once('=')?;
        match name {
            "interval" if interval.is_none() => {
                interval = Some(Interval::parse(value)?);
                continue;
            }
            "from" if from.is_none() => from = Some(Moment::parse(value).ok()?.0),
            "to" if to.is_none() => to = Some(Moment::parse(value).ok()?.0),
            "limit" => {}
            _ => return None,
        }
        if !rest.is_empty() {
            rest.push('&');
        }
        rest.push_str(part);
    }
    let interval = interval?;
    let open = interval.start(now);
    let left = u64::try_from(interval.next(open).since(now)).unwrap_or(0);
    let hold = match (from, to) {
        (_, Some(to)) if now.since(interval.next(interval.start(to))) > SETTLED_NS => Hold::ForEver,
        // How many are folded into one depends on how long ago `from` is.
        (Some(_), None) => Hold::For(MOVING),
        _ => Hold::For(Duration::from_nanos(left)),
    };
    Some((interval, rest, hold))
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
        for (path, class) in [("/api/markets", Class::Markets), ("/api/venues", Class::Venues)] {
            let of_all = Public::of(path).unwrap();
            assert_eq!((of_all.route, of_all.class, of_all.symbol), (path, class, None));
            assert_eq!(of_all.noun(), class.word(), "its key says what it is");
        }
        let glance = Public::of("/api/trading/market-data/BTCUSDT").unwrap();
        assert_eq!((glance.class, glance.noun(), glance.symbol), (Class::Tickers, "glance", Some("BTCUSDT")));
        assert_eq!(Public::of("/api/indicators").unwrap().noun(), "functions");
        assert_eq!(Public::of("/api/indicators/BTCUSDT").unwrap().noun(), "indicators");
        for path in [
            "/api/orders",
            "/api/positions",
            "/api/balances",
            "/api/venue-keys",
            "/api/venues/local",
            "/api/me",
            "/metrics",
            "/api/health",
            "/api/book/",
            "/api/book/A/B",
            "/api/orders/BTCUSDT",
            "/api/trading/BTCUSDT",
            "/api/trading/market-data/A/B",
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
        let second = Duration::from_secs(1);
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

    #[test]
    fn candles_hold_until_the_last_one_closes_and_closed_ones_for_ever() {
        // 2026-11-26T18:00:20Z.
        let now = Time::from_millis(1_795_716_020_000);
        let secs = |s| Hold::For(Duration::from_secs(s));
        for (query, interval, rest, hold) in [
            ("interval=1m&limit=100", "1m", "limit=100", secs(40)),
            ("limit=5&interval=5m", "5m", "limit=5", secs(280)),
            ("interval=1h", "1h", "", secs(3_580)),
            ("interval=1d&to=1795716000", "1d", "to=1795716000", secs(21_580)),
            // The minute that ended at 18:00 may still be written down, the one before is over.
            ("interval=1m&to=1795715940", "1m", "to=1795715940", secs(40)),
            ("interval=1m&to=1795715880", "1m", "to=1795715880", Hold::ForEver),
            (
                "from=1795700000&interval=1m&to=1795710000",
                "1m",
                "from=1795700000&to=1795710000",
                Hold::ForEver,
            ),
            ("interval=1m&from=1795700000", "1m", "from=1795700000", secs(1)),
        ] {
            let asked = candles_asked(query, now).unwrap_or_else(|| panic!("{query}"));
            assert_eq!((asked.0.as_str(), asked.1.as_str(), asked.2), (interval, rest, hold), "{query}");
        }
        for odd in [
            "",
            "limit=5",
            "interval=7m",
            "interval=1m&interval=5m",
            "interval=1m&to=x",
            "interval=1m&source=archive",
        ] {
            assert_eq!(candles_asked(odd, now), None, "{odd}");
        }
    }
}
