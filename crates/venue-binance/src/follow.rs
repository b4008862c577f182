//! The connection: one thread that follows the stream, asks over REST beside it, and begins anew when it ends.

use std::future::Future;
use std::pin::pin;
use std::thread::JoinHandle;
use std::time::Duration;

use breaker::Breaker;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use types::{Bar, Instrument, Interval, MarketEvent, MarketId, MarketNews, Time};
use venue::Full;

use crate::address::Duplex;
use crate::limits::{
    ASKS_MAX, ATTEMPTS, BACKOFF_MAX, BACKOFF_MIN, BARS_MAX, MESSAGE_LEN_MAX, REQUEST_MAX, SILENCE_MAX,
    SNAPSHOT_LEVELS,
};
use crate::line::Line;
use crate::series::Series;
use crate::wire::{self, Envelope};
use crate::{Endpoint, FeedError, rest};

/// Who listens.
pub trait Outlet: Send {
    /// A market showed something.
    ///
    /// # Errors
    /// [`Full`]: he is too slow. Everything begins anew then, with all markets down, which is always taken.
    fn market(&mut self, event: MarketEvent) -> Result<(), Full>;
    /// The answer to [`Asker::past`]: bars that have closed, oldest first. Those that close after them follow as news.
    fn past(&mut self, ticket: u64, market: MarketId, interval: Interval, bars: Vec<Bar>);
}

/// A question about the past of a series; from then on its bars are told.
struct Ask {
    ticket: u64,
    market: MarketId,
    interval: Interval,
    count: u32,
}

/// Asks for bars. Clone freely.
#[derive(Clone)]
pub struct Asker(mpsc::Sender<Ask>);

impl Asker {
    /// Asks for the last `count` closed bars, and for those that close from now on. `false`: it cannot be asked now.
    #[must_use]
    pub fn past(&self, ticket: u64, market: MarketId, interval: Interval, count: u32) -> bool {
        self.0.try_send(Ask { ticket, market, interval, count }).is_ok()
    }
}

/// The feed's thread, which ends when this is dropped.
pub struct Following {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Following {
    fn drop(&mut self) {
        // Fails only if the thread has ended.
        self.stop.take().map(|stop| stop.send(()));
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the feed's thread ended by a panic");
        }
    }
}

/// Follows the markets of `instruments` (numbered from 0, in order) until the result is dropped. It connects, and connects again, by
/// itself: a venue that is away is no error.
///
/// # Errors
/// When there is no thread.
pub fn follow(
    endpoint: Endpoint,
    instruments: Vec<Instrument>,
    outlet: Box<dyn Outlet>,
) -> std::io::Result<(Following, Asker)> {
    let (asks, asked) = mpsc::channel(ASKS_MAX);
    let (stop, stopped) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let (answers, answered) = mpsc::unbounded_channel();
    let lines = instruments.into_iter().map(Line::new).collect();
    let feed = Feed::new(endpoint, lines, outlet, answers);
    let thread = std::thread::Builder::new().name("feed".to_owned()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                () = feed.run(asked, answered) => {}
                _ = stopped => {}
            }
        });
        // A look-up of a name that hangs must not hold up the end.
        runtime.shutdown_background();
    })?;
    Ok((Following { stop: Some(stop), thread: Some(thread) }, Asker(asks)))
}

/// What was asked for over REST. One that is about a connection carries its number.
enum Answer {
    Snapshot { line: usize, life: u64, result: Result<Box<RawValue>, FeedError> },
    Bars { series: usize, ask: Option<u64>, result: Result<Vec<Bar>, FeedError> },
}

type Socket = WebSocketStream<Box<dyn Duplex>>;

struct Feed {
    endpoint: Endpoint,
    lines: Vec<Line>,
    series: Vec<Series>,
    outlet: Box<dyn Outlet>,
    /// Unbounded, for who asks is bounded: one for each line and series, and one for each question.
    answers: mpsc::UnboundedSender<Answer>,
    /// Counts connections.
    life: u64,
    /// Of connections that never gave a market its book.
    breaker: Breaker,
    /// When the breaker's time began.
    begun: Instant,
    /// Whether a market had its book on this connection.
    was_there: bool,
}

impl Feed {
    fn new(
        endpoint: Endpoint,
        lines: Vec<Line>,
        outlet: Box<dyn Outlet>,
        answers: mpsc::UnboundedSender<Answer>,
    ) -> Self {
        let (series, breaker, begun) = (Vec::new(), Breaker::default(), Instant::now());
        Self { endpoint, lines, series, outlet, answers, life: 0, breaker, begun, was_there: false }
    }

    async fn run(mut self, mut asked: mpsc::Receiver<Ask>, mut answered: mpsc::UnboundedReceiver<Answer>) {
        let mut backoff = BACKOFF_MIN;
        loop {
            self.fall();
            self.attempt();
            let over = self.live(&mut asked, &mut answered).await;
            if self.was_there {
                backoff = BACKOFF_MIN;
            }
            let left_alone = self.judge();
            self.fall();
            let host = self.endpoint.stream.name();
            let pause = backoff.max(left_alone);
            let wait = pause.as_millis();
            tracing::warn!(%over, host, wait_ms = wait, "the feed is away; its markets are stale until it is back");
            // Questions are answered meanwhile: REST may well be there.
            let mut waited = pin!(sleep(pause));
            loop {
                tokio::select! {
                    () = &mut waited => break,
                    Some(ask) = asked.recv() => { self.ask(&ask); }
                    Some(answer) = answered.recv() => {
                        // Nobody trades on it now; if even that is too much, the next connection says so again.
                        let _ = self.answer(answer);
                    }
                }
            }
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// A connection is tried: after a wait it is the one that the breaker lets through.
    fn attempt(&mut self) {
        self.was_there = false;
        self.breaker.admits(self.now_ms());
        self.show();
    }

    /// A market has its book: the venue is there, for as long as the connection lasts.
    fn is_there(&mut self) {
        if !std::mem::replace(&mut self.was_there, true) {
            self.breaker.tell(false, self.now_ms());
            self.show();
        }
    }

    /// Tells the breaker of a connection that came to nothing; how long the venue is left alone then.
    fn judge(&mut self) -> Duration {
        let now_ms = self.now_ms();
        if !self.was_there {
            self.breaker.tell(true, now_ms);
            self.show();
        }
        Duration::from_millis(u64::try_from(self.breaker.retry_ms(now_ms)).unwrap_or(0))
    }

    fn show(&self) {
        let of = format!("venue_{}", self.endpoint.stream.name());
        metrics::gauge!("circuit_breaker_state", "of" => of).set(f64::from(self.breaker.state().number()));
    }

    /// All markets are down.
    fn fall(&mut self) {
        for line in &mut self.lines {
            // Always taken.
            let _ = self.outlet.market(line.down());
        }
    }

    /// One connection, until it ends.
    async fn live(
        &mut self,
        asked: &mut mpsc::Receiver<Ask>,
        answered: &mut mpsc::UnboundedReceiver<Answer>,
    ) -> FeedError {
        self.life += 1;
        let mut socket = match limited(&self.endpoint, self.connect()).await {
            Ok(socket) => socket,
            Err(error) => return error,
        };
        tracing::info!(host = self.endpoint.stream.name(), "the feed is connected");
        for n in 0..self.series.len() {
            self.fetch_missing(n);
        }
        let silence = sleep(SILENCE_MAX);
        let mut silence = pin!(silence);
        loop {
            for n in 0..self.lines.len() {
                self.fetch_snapshot(n);
            }
            let done = tokio::select! {
                message = socket.next() => {
                    silence.as_mut().reset(Instant::now() + SILENCE_MAX);
                    match message {
                        Some(Ok(message)) => self.message(&message),
                        Some(Err(error)) => Err(FeedError::Ended(error.to_string())),
                        None => Err(FeedError::Ended("it was closed".to_owned())),
                    }
                }
                Some(answer) = answered.recv() => self.answer(answer),
                Some(ask) = asked.recv() => match self.ask(&ask) {
                    Some(stream) => send(&mut socket, &stream).await,
                    None => Ok(()),
                },
                () = &mut silence => Err(FeedError::Ended("nothing came for a minute".to_owned())),
            };
            if let Err(error) = done {
                return error;
            }
        }
    }

    async fn connect(&self) -> Result<Socket, FeedError> {
        let site = &self.endpoint.stream;
        let each = |line: &Line| {
            let symbol = line.stream();
            format!("{symbol}@depth@100ms/{symbol}@trade/{symbol}@bookTicker")
        };
        let bars = self.series.iter().map(|series| self.stream_of(series));
        let streams: Vec<String> = self.lines.iter().map(each).chain(bars).collect();
        let (scheme, name, path) = (site.scheme(), site.name(), site.path());
        let url = format!("{scheme}://{name}{path}/stream?streams={}", streams.join("/"));
        let stream = site.connect().await?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_LEN_MAX))
            .max_frame_size(Some(MESSAGE_LEN_MAX));
        let shaken = tokio_tungstenite::client_async_with_config(url, stream, Some(config)).await;
        shaken.map(|(socket, _)| socket).map_err(|error| site.unreachable(&error))
    }

    fn stream_of(&self, series: &Series) -> String {
        let symbol = self.lines.get(usize::from(series.market.0)).map(Line::stream).unwrap_or_default();
        format!("{symbol}@kline_{}", series.interval.as_str())
    }

    fn tell(&mut self, event: MarketEvent) -> Result<(), FeedError> {
        self.outlet.market(event).map_err(|Full| FeedError::TooSlow)
    }

    fn message(&mut self, message: &Message) -> Result<(), FeedError> {
        let text = match message {
            Message::Text(text) => text.as_str(),
            Message::Close(frame) => {
                let why = frame.as_ref().map_or_else(|| "closed".to_owned(), ToString::to_string);
                return Err(FeedError::Ended(why));
            }
            _ => return Ok(()),
        };
        self.text(text).map_err(|error| match error {
            Said::Too(error) => error,
            // A book of which a message could not be read has a gap; nobody trades on it.
            Said::What(why) => FeedError::Malformed { host: self.endpoint.stream.name(), why },
        })
    }

    fn text(&mut self, text: &str) -> Result<(), Said> {
        let envelope: Envelope<'_> =
            serde_json::from_str(text).map_err(|error| Said::What(error.to_string()))?;
        if let Some(error) = envelope.error {
            return Err(Said::What(format!("a request was refused: {}", error.get())));
        }
        let (Some(stream), Some(data)) = (envelope.stream, envelope.data) else { return Ok(()) };
        let Some((symbol, kind)) = stream.split_once('@') else { return Ok(()) };
        let Some(n) = self.lines.iter().position(|line| line.stream() == symbol) else { return Ok(()) };
        if kind.starts_with("kline_") {
            let bar = wire::closed(data.get(), &self.lines[n].instrument.market).map_err(Said::What)?;
            return bar.map_or(Ok(()), |bar| self.bar(n, bar));
        }
        match self.lines[n].heard(data.get()).map_err(Said::What)? {
            Some(event) => self.tell(event).map_err(Said::Too),
            None => Ok(()),
        }
    }

    fn bar(&mut self, line: usize, bar: Bar) -> Result<(), Said> {
        let market = self.lines[line].instrument.market.id;
        let fits = |s: &Series| s.market == market && s.interval == bar.interval;
        let Some(n) = self.series.iter().position(fits) else { return Ok(()) };
        let (told, missing) = self.series[n].closed(bar);
        if missing {
            self.fetch_missing(n);
        }
        told.map_or(Ok(()), |bar| self.tell(MarketEvent { market, data: MarketNews::Bar(bar) }))
            .map_err(Said::Too)
    }

    /// Takes a question in; the stream to be followed because of it, if it is a new one.
    fn ask(&mut self, ask: &Ask) -> Option<String> {
        let Ask { ticket, market, interval, count } = *ask;
        if usize::from(market.0) >= self.lines.len() {
            self.outlet.past(ticket, market, interval, Vec::new());
            return None;
        }
        let known = self.series.iter().position(|s| s.market == market && s.interval == interval);
        let n = known.unwrap_or_else(|| {
            self.series.push(Series::new(market, interval));
            self.series.len() - 1
        });
        // One more: the last of them is open.
        let limit = count.saturating_add(1).clamp(2, BARS_MAX);
        self.series[n].fetching = true;
        self.fetch_bars(n, Some(ticket), &format!("limit={limit}"));
        known.is_none().then(|| self.stream_of(&self.series[n]))
    }

    /// Bars that closed since the last one that was told.
    fn fetch_missing(&mut self, n: usize) {
        let series = &mut self.series[n];
        let Some(from) = series.from().filter(|_| !series.fetching) else { return };
        series.fetching = true;
        self.fetch_bars(n, None, &format!("startTime={}&limit={BARS_MAX}", from.0 / 1_000_000));
    }

    fn fetch_bars(&self, n: usize, ask: Option<u64>, query: &str) {
        let series = &self.series[n];
        let line = &self.lines[usize::from(series.market.0)];
        let (market, interval) = (line.instrument.market.clone(), series.interval);
        let path = format!("/api/v3/klines?symbol={}&interval={}&{query}", market.symbol, interval.as_str());
        let (site, answers) = (self.endpoint.rest.clone(), self.answers.clone());
        tokio::spawn(async move {
            let mut wait = BACKOFF_MIN;
            let mut attempt = 1;
            let result = loop {
                let rows = rest::get::<wire::Rows>(&site, &path).await;
                let result = rows.and_then(|rows| {
                    wire::rows(&rows, &market, interval)
                        .map_err(|why| FeedError::Malformed { host: site.name(), why })
                });
                if result.is_ok() || attempt == ATTEMPTS {
                    break result;
                }
                sleep(wait).await;
                (wait, attempt) = (wait * 2, attempt + 1);
            };
            // Nobody listens when the feed has ended.
            let _ = answers.send(Answer::Bars { series: n, ask, result });
        });
    }

    fn fetch_snapshot(&mut self, n: usize) {
        if !self.lines[n].wants_snapshot() {
            return;
        }
        self.lines[n].fetching = true;
        let symbol = self.lines[n].instrument.market.symbol;
        let path = format!("/api/v3/depth?symbol={symbol}&limit={SNAPSHOT_LEVELS}");
        let (site, answers, life) = (self.endpoint.rest.clone(), self.answers.clone(), self.life);
        tokio::spawn(async move {
            let result = rest::get(&site, &path).await;
            // As above.
            let _ = answers.send(Answer::Snapshot { line: n, life, result });
        });
    }

    fn answer(&mut self, answer: Answer) -> Result<(), FeedError> {
        match answer {
            Answer::Snapshot { line, life, result } if life == self.life => self.snapshot(line, result),
            Answer::Snapshot { .. } => Ok(()),
            Answer::Bars { series, ask, result } => self.bars(series, ask, result),
        }
    }

    fn snapshot(&mut self, n: usize, result: Result<Box<RawValue>, FeedError>) -> Result<(), FeedError> {
        if !self.lines[n].fetching {
            // The connection that it was for has ended.
            return Ok(());
        }
        // Without a book the connection is of no use; the next attempt waits longer.
        let text = result?;
        let host = self.endpoint.rest.name();
        let read = self.lines[n].read_snapshot(text.get());
        let snapshot = read.map_err(|why| FeedError::Malformed { host, why })?;
        let event = self.lines[n].snapshot(snapshot);
        self.tell(event)?;
        if self.lines[n].is_live() {
            self.is_there();
        }
        self.rise(n)
    }

    fn bars(
        &mut self,
        n: usize,
        ask: Option<u64>,
        result: Result<Vec<Bar>, FeedError>,
    ) -> Result<(), FeedError> {
        let bars = result.unwrap_or_else(|error| {
            tracing::warn!(%error, "bars of the past cannot be read; a bot goes on with those that come");
            Vec::new()
        });
        let series = &mut self.series[n];
        let (market, interval) = (series.market, series.interval);
        let bar = |bar| MarketEvent { market, data: MarketNews::Bar(bar) };
        let mut news = Vec::new();
        match ask {
            // A series that others follow already: its past is told anew, what they hear goes on.
            Some(ticket) => {
                let told = series.from();
                let first = told.is_none();
                let past = if first { series.answered(bars) } else { before(bars, told) };
                self.outlet.past(ticket, market, interval, past);
            }
            None => news = series.answered(bars),
        }
        news.extend(self.series[n].release());
        for one in news {
            self.tell(bar(one))?;
        }
        self.rise(usize::from(market.0))
    }

    /// A market is up once its book is continuous and no bar of it is missing.
    fn rise(&mut self, n: usize) -> Result<(), FeedError> {
        let market = self.lines[n].instrument.market.id;
        if self.series.iter().any(|series| series.market == market && series.fetching) {
            return Ok(());
        }
        match self.lines[n].rise() {
            Some(event) => self.tell(event),
            None => Ok(()),
        }
    }
}

/// Bars that open before `from`.
fn before(mut bars: Vec<Bar>, from: Option<Time>) -> Vec<Bar> {
    bars.retain(|bar| from.is_none_or(|from| bar.open_time < from));
    bars
}

/// Why a text leads nowhere.
enum Said {
    /// It cannot be read.
    What(String),
    /// It can, and there is another reason.
    Too(FeedError),
}

async fn limited<T>(
    endpoint: &Endpoint,
    work: impl Future<Output = Result<T, FeedError>>,
) -> Result<T, FeedError> {
    let done = timeout(REQUEST_MAX, work).await;
    done.unwrap_or_else(|_| Err(endpoint.stream.unreachable(&"it did not answer within 10 seconds")))
}

/// Follows one more stream.
async fn send(socket: &mut Socket, stream: &str) -> Result<(), FeedError> {
    let request = serde_json::json!({ "method": "SUBSCRIBE", "params": [stream], "id": 1 }).to_string();
    let sent = socket.send(Message::text(request)).await;
    sent.map_err(|error| FeedError::Ended(error.to_string()))
}

#[cfg(test)]
#[path = "follow_tests.rs"]
mod tests;
