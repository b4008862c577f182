//! Warming: what the first readers will ask for is asked for at the start, so that they find the cache filled and the files of the
//! history read.
//!
//! An answer holds until its market changes (see `cached.rs`); what stays warm for longer is the history below it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use http::Stop;
use tower::ServiceExt as _;

use crate::app::App;
use crate::auth::principal::Peer;

/// Lengths of candles that charts open with.
const INTERVALS: [&str; 6] = ["1m", "5m", "15m", "1h", "4h", "1d"];
/// Candles of a chart's first page.
const CANDLES: usize = 100;
/// Markets that are warmed: those with the most trades of the last day.
const MARKETS_MAX: usize = 20;
/// What browsers say they take, and what programs say.
const ENCODINGS: [&str; 2] = ["gzip, deflate, br", ""];

/// Warms at once, and again whenever it is asked for, until `stop`.
pub(crate) async fn run(app: Arc<App>, router: Router, mut stop: Stop) {
    loop {
        popular(&app, &router).await;
        tokio::select! {
            () = app.warming.notified() => {}
            () = stop.wait() => return,
        }
    }
}

/// Asks for the candles of popular markets, tickers, markets and venues; ends when all were answered.
async fn popular(app: &App, router: &Router) {
    let mut markets: Vec<_> = app.markets.instruments();
    markets
        .sort_by_key(|one| std::cmp::Reverse(app.markets.ticker(&one.id).map_or(0, |ticker| ticker.count)));
    let mut paths = ["/api/markets", "/api/venues", "/api/tickers"].map(str::to_owned).to_vec();
    for market in markets.iter().take(MARKETS_MAX) {
        let path =
            |interval| format!("/api/candles/{}?interval={interval}&limit={CANDLES}", market.id.symbol);
        paths.extend(INTERVALS.iter().map(path));
    }
    let (mut good, all) = (0, paths.len() * ENCODINGS.len());
    for path in &paths {
        for encodings in ENCODINGS {
            good += u32::from(asked(router, path, encodings).await);
        }
    }
    tracing::debug!(good, all, "the cache is warm");
}

async fn asked(router: &Router, path: &str, encodings: &str) -> bool {
    let mut request = Request::get(path);
    if !encodings.is_empty() {
        request = request.header(header::ACCEPT_ENCODING, encodings);
    }
    let Ok(mut request) = request.body(Body::empty()) else { return false };
    // Nobody's address: no client's bucket pays for it.
    request.extensions_mut().insert(Peer(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))));
    router.clone().oneshot(request).await.is_ok_and(|response| response.status().is_success())
}
