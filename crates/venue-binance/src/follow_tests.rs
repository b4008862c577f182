//! The breaker of a feed: a venue on this machine that refuses, comes back and goes again, by a clock that the test moves.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use metrics::{Counter, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, yield_now};
use tokio::time;
use tokio_rustls::rustls::ClientConfig;
use types::FeedState;

use super::*;
use crate::Reach;
use crate::line::tests::instrument;

/// What the breaker was said to be, oldest first.
#[derive(Clone, Default)]
struct States(Arc<Mutex<Vec<&'static str>>>);

impl States {
    fn all(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }

    /// Waits until so many were said, and gives the newest.
    async fn number(&self, n: usize) -> &'static str {
        while self.all().len() < n {
            yield_now().await;
        }
        self.all()[n - 1]
    }
}

impl GaugeFn for States {
    fn increment(&self, _: f64) {}
    fn decrement(&self, _: f64) {}
    fn set(&self, value: f64) {
        let word = match value {
            ..0.5 => "closed",
            ..1.5 => "half-open",
            _ => "open",
        };
        self.0.lock().unwrap().push(word);
    }
}

impl Recorder for States {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let of = key.labels().find(|label| label.key() == "of").map(metrics::Label::value);
        assert!(key.name() == "circuit_breaker_state" && of.is_some_and(|of| of.starts_with("venue_127.")));
        Gauge::from_arc(Arc::new(self.clone()))
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// Keeps whether the market is up.
struct Ear(mpsc::UnboundedSender<FeedState>);

impl Outlet for Ear {
    fn market(&mut self, event: MarketEvent) -> Result<(), Full> {
        if let MarketNews::Feed(state) = event.data {
            self.0.send(state).unwrap();
        }
        Ok(())
    }
    fn past(&mut self, _: u64, _: MarketId, _: Interval, _: Vec<Bar>) {}
}

fn nobody(_: IpAddr) -> Option<&'static str> {
    unreachable!("this machine is not judged")
}

fn no_tls() -> Arc<ClientConfig> {
    unreachable!("nothing is encrypted here")
}

/// Moves the clock; what is on its way on the network takes no time.
async fn leap(by: Duration) {
    time::pause();
    time::advance(by).await;
    time::resume();
}

/// Lets the feed do what is due.
async fn settle() {
    for _ in 0..1_000 {
        yield_now().await;
    }
}

/// Takes the feed's stream in, and answers its question about the book.
async fn serve(venue: &TcpListener) -> WebSocketStream<TcpStream> {
    let (stream, _) = venue.accept().await.unwrap();
    let socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    let (mut rest, _) = venue.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        assert_ne!(rest.read_buf(&mut request).await.unwrap(), 0);
    }
    let body = r#"{"lastUpdateId":7,"bids":[["100.00","1.0"]],"asks":[["101.00","2.0"]]}"#;
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    rest.write_all(answer.as_bytes()).await.unwrap();
    socket
}

#[tokio::test]
async fn a_venue_that_refuses_five_times_is_left_alone_for_a_minute_and_taken_back_by_the_first_book() {
    let (states, local) = (States::default(), LocalSet::new());
    let _recorder = metrics::set_default_local_recorder(&states);
    let venue = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = venue.local_addr().unwrap();
    drop(venue);
    let endpoint = Endpoint::new(&format!("ws://{addr}"), None, Reach::Loopback, nobody, no_tls).unwrap();
    let (heard, mut ups) = mpsc::unbounded_channel();
    let (answers, answered) = mpsc::unbounded_channel();
    let (_asks, asked) = mpsc::channel(1);
    let feed = Feed::new(endpoint, vec![Line::new(instrument())], Box::new(Ear(heard)), answers);
    let feed = local.spawn_local(feed.run(asked, answered));
    local.run_until(story(addr, &states, &mut ups)).await;
    feed.abort();
}

/// What happens to it.
async fn story(addr: SocketAddr, states: &States, ups: &mut mpsc::UnboundedReceiver<FeedState>) {
    // Each attempt says how the breaker stands before and after.
    for failed in 1..5 {
        assert_eq!(states.number(2 * failed).await, "closed", "after {failed}");
        leap(BACKOFF_MAX).await;
    }
    assert_eq!(states.number(10).await, "open", "after the fifth");
    // The venue is back. For a minute nobody asks: whoever comes first at its door is this test.
    let venue = TcpListener::bind(addr).await.unwrap();
    leap(Duration::from_secs(40)).await;
    settle().await;
    let probe = TcpStream::connect(addr).await.unwrap();
    let (first, _) = venue.accept().await.unwrap();
    assert_eq!(first.peer_addr().unwrap(), probe.local_addr().unwrap(), "the feed did not wait");
    assert_eq!(states.all().len(), 10);
    leap(Duration::from_secs(21)).await;
    assert_eq!(states.number(11).await, "half-open", "one attempt");
    let socket = serve(&venue).await;
    // Closed as soon as there is a book, not when the connection ends.
    assert_eq!(states.number(12).await, "closed");
    while ups.recv().await.unwrap() != FeedState::Up {}

    // A connection that was good is no failure, and four that come to nothing are not five.
    drop((socket, venue));
    while ups.recv().await.unwrap() != FeedState::Down {}
    for n in 1..5 {
        leap(BACKOFF_MAX).await;
        assert_eq!(states.number(12 + 2 * n).await, "closed");
    }
    leap(BACKOFF_MAX).await;
    assert_eq!(states.number(22).await, "open");
    // The one attempt that is let through fails: another minute.
    leap(Duration::from_secs(60)).await;
    assert_eq!((states.number(23).await, states.number(24).await), ("half-open", "open"));
    leap(Duration::from_secs(40)).await;
    settle().await;
    assert_eq!(states.all().len(), 24);
}
