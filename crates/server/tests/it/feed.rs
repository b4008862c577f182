//! Bots on a live feed: the built-in exchange of one server is the market of another one's bots. The connection is cut between them,
//! in the middle of it; the bots say that the book is stale, come back, go on; and the session is decided the same again.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use engine::Input;
use rustix::process::Signal;
use serde_json::Value;
use types::{FeedState, MarketNews};

use crate::by_command::{changed, until};
use crate::program::{Server, run_in};

/// A wire that can be cut and mended: new connections are ended at once while it is cut.
struct Wire {
    addr: SocketAddr,
    cut: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Wire {
    fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let (cut, open) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let wire = Self { addr, cut: Arc::clone(&cut), open: Arc::clone(&open) };
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let near = near.unwrap();
                if cut.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(far) = TcpStream::connect(target) else { continue };
                open.lock().unwrap().extend([near.try_clone().unwrap(), far.try_clone().unwrap()]);
                let (near_too, far_too) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                std::thread::spawn(move || copy(near, far));
                std::thread::spawn(move || copy(far_too, near_too));
            }
        });
        wire
    }

    fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        for stream in self.open.lock().unwrap().drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(len @ 1..) = from.read(&mut bytes) {
        if to.write_all(&bytes[..len]).is_err() {
            break;
        }
    }
    // The other direction ends with it.
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

fn fees(bot: &Value) -> i128 {
    types::decimal::parse(bot["fees"].as_str().unwrap(), 18).unwrap()
}

fn follow(dir: &Path, wire: &Wire) -> Server {
    let url = format!("ws://{}", wire.addr);
    // How the feed goes is not of interest, and there is much of it.
    Server::start_logging(
        dir,
        &["--no-participants", "--feed", &url, "--feed-symbols", "BTCUSDT"],
        "error",
        std::process::Stdio::inherit(),
    )
}

/// What the session's bots heard of the feed and its book: up, down, snapshots; and the bars' openings.
fn heard(dir: &Path, session: u64) -> (Vec<&'static str>, Vec<i64>) {
    let (mut feed, mut bars) = (Vec::new(), Vec::new());
    let mut see = |_, step: &live::record::Step| {
        let Input::Market(event) = &step.input else { return };
        match &event.data {
            MarketNews::Feed(FeedState::Up) => feed.push("up"),
            MarketNews::Feed(FeedState::Down) => feed.push("down"),
            MarketNews::Snapshot(_) => feed.push("snapshot"),
            MarketNews::Bar(bar) => bars.push(bar.open_time.0),
            _ => {}
        }
    };
    live::session::walk(&dir.join("feed"), session, &mut see).unwrap();
    feed.dedup();
    (feed, bars)
}

const MAKER: &str = "create market-maker --symbol feed:BTCUSDT --interval 1s --funds USDT=100000 --funds BTC=1 --param qty=0.01 \
                     --name maker";
const TREND: &str = "create ema-cross --symbol feed:BTCUSDT --interval 1s --funds USDT=100000 --param fast=1 --param slow=2 \
                     --param qty=0.01 --name trend";

#[test]
fn m1_h6_bots_on_a_live_feed_trade_stop_when_it_is_cut_go_on_when_it_is_back_and_replay_the_same() {
    let (venue_dir, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let dir = dir.path();
    let venue = Server::start_with(venue_dir.path(), &["--participants-speed", "10"]);
    let wire = Wire::to(venue.addr());
    let server = follow(dir, &wire);
    let (maker, trend) = (changed(dir, MAKER), changed(dir, TREND));
    assert!(maker["id"].as_u64().unwrap() > 2_000_000, "{maker}");
    assert_eq!(trend["markets"][0]["symbol"], "feed:BTCUSDT");
    for name in ["maker", "trend"] {
        changed(dir, &format!("start {name}"));
    }
    until(dir, "maker", |bot| bot["orders"].as_u64() > Some(0));
    until(dir, "trend", |bot| fees(bot) > 0);

    wire.cut();
    let stale = until(dir, "maker", |bot| bot["last"]["reason"] == "book_is_stale");
    assert_eq!(stale["state"], "running", "it waits, it has not ended");
    // It pulled its quotes, and places none.
    until(dir, "maker", |bot| bot["orders"] == 0);
    let why = run_in(dir, &["bot", "why", "maker", "--last", "1"]);
    assert!(why.out.contains("book_is_stale"), "{}", why.out);
    let paid = fees(&changed(dir, "show trend"));

    wire.mend();
    until(dir, "maker", |bot| bot["orders"].as_u64() > Some(0));
    until(dir, "trend", |bot| fees(bot) > paid);
    assert_eq!(server.stop(Signal::KILL).code(), None);

    // Killed: the next process asks the simulated venue about what lived, and goes on.
    let server = follow(dir, &wire);
    let before = fees(&changed(dir, "show trend"));
    until(dir, "trend", |bot| fees(bot) > before);
    until(dir, "maker", |bot| bot["orders"].as_u64() > Some(0));
    for name in ["maker", "trend"] {
        let bot = changed(dir, &format!("show {name}"));
        assert_eq!((bot["state"].as_str(), bot["halt"].as_str()), (Some("running"), Some("off")), "{bot}");
    }
    assert_eq!(server.stop(Signal::INT).code(), Some(0));
    // Without the venue: what the bots know suffices to start, and they say why they wait.
    assert_eq!(venue.stop(Signal::INT).code(), Some(0));
    let server = follow(dir, &wire);
    until(dir, "maker", |bot| bot["last"]["reason"] == "book_is_stale");
    assert_eq!(server.stop(Signal::INT).code(), Some(0));

    let (feed, bars) = heard(dir, 1);
    let news = feed.join(" ");
    assert!(news.contains("up snapshot down"), "{news}");
    assert!(news.rsplit_once("down").unwrap().1.contains("up snapshot"), "back again: {news}");
    assert!(bars.windows(2).all(|pair| pair[0] < pair[1]), "h3: every bar once, in order");
    for session in ["1", "2", "3"] {
        let first = run_in(dir, &["replay", session, "--feed", "--json"]);
        assert_eq!((first.code, first.json()["identical"].as_bool()), (0, Some(true)), "{}", first.err);
        assert_eq!(run_in(dir, &["replay", session, "--feed", "--json"]).out, first.out);
    }
    let parity = run_in(dir, &["parity", "1", "--feed", "--json"]);
    assert_eq!(parity.code, 0, "{}", parity.err);
    let parity = parity.json();
    assert!(
        parity["orders_live"].as_u64() > Some(2) && parity["orders_again"].as_u64() > Some(2),
        "{parity}"
    );
    assert_eq!(
        run_in(dir, &["session", "list", "--json"]).json()["sessions"][0]["intents"],
        0,
        "not the others'"
    );
}

#[test]
fn a_feed_from_where_it_must_not_come_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |words: &[&str]| {
        let serve =
            ["serve", "--exchange-addr", "127.0.0.1:0", "--api-addr", "127.0.0.1:0", "--no-participants"];
        run_in(dir.path(), &[&serve[..], words].concat())
    };
    for (words, code, part) in [
        (&["--feed", "wss://stream.example.org", "--feed-symbols", "BTCUSDT"][..], 3, "--feed-allow-remote"),
        (&["--feed", "ws://8.8.8.8", "--feed-symbols", "BTCUSDT", "--feed-allow-remote"], 3, "encrypted"),
        (
            &["--feed", "wss://10.0.0.1", "--feed-symbols", "BTCUSDT", "--feed-allow-remote"],
            3,
            "private network",
        ),
        (&["--feed", "wss://169.254.169.254", "--feed-symbols", "X", "--feed-allow-remote"], 3, "link-local"),
        (&["--feed", "ftp://127.0.0.1", "--feed-symbols", "BTCUSDT"], 3, "ws://"),
        (&["--feed", "ws://127.0.0.1:1"], 3, "--feed-symbols"),
        (&["--feed", "ws://127.0.0.1:1", "--feed-symbols", "BTCUSDT"], 4, "cannot be reached"),
    ] {
        let done = refused(words);
        assert_eq!(done.code, code, "{words:?}: {}", done.err);
        assert!(done.err.contains(part), "{words:?}: {}", done.err);
    }
    let venue_dir = tempfile::tempdir().unwrap();
    let venue = Server::start(venue_dir.path());
    let url = format!("ws://{}", venue.addr());
    let done = refused(&["--feed", &url, "--feed-symbols", "DOGEUSDT"]);
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(done.err.contains("status 400") && done.err.contains("--feed-symbols"), "{}", done.err);
}
