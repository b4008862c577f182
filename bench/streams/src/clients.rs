//! The clients: they read frames straight from the socket and note how old each message is.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::Shape;
use crate::platform::Platform;
use crate::process::{Server, now_us};

/// Before anything counts: all connections are warm.
const WARM_UP: Duration = Duration::from_secs(3);

/// One client's messages: their ages in microseconds, and how long they were.
struct Seen {
    ages: Histogram<u64>,
    bytes: u64,
}

impl Seen {
    fn nothing() -> Self {
        Self { ages: Histogram::new(3).expect("three digits"), bytes: 0 }
    }

    /// What a bare loop writes to do the same.
    fn shape(&self, clients: usize, seconds: u64) -> Shape {
        let messages = self.ages.len().max(1);
        let len = usize::try_from(self.bytes / messages).expect("a message fits into memory");
        let each = (messages / clients as u64).max(1);
        Shape { len, period: Duration::from_secs(seconds) / u32::try_from(each).expect("few"), step_us: 1_000 }
    }
}

/// Measures one server and prints its row; a bare loop has this shape. Gives the shape for the next one.
pub(crate) fn measure(name: &str, clients: usize, seconds: u64, shape: Shape) -> Shape {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let platform = match name {
            "platform" => Some(Platform::start(clients).await),
            _ => None,
        };
        let words = [clients as u64, shape.len as u64, shape.period.as_micros() as u64, shape.step_us];
        let words = words.map(|word| word.to_string());
        let role: Vec<&str> = std::iter::once(name).chain(words.iter().map(String::as_str)).collect();
        let other = platform.is_none().then(|| Server::start(&role));
        let process = match (&platform, &other) {
            (Some(platform), _) => platform.server(),
            (None, Some(server)) => server,
            (None, None) => return shape,
        };
        let before_kib = process.resident_kib();
        let (count, counting) = watch::channel(Some(false));
        let mut tasks = Vec::new();
        for n in 0..clients {
            let (socket, time): (_, fn(&str) -> Option<u64>) = match &platform {
                Some(platform) => (platform.connect(n).await, crate::platform::event_time),
                None => (connect(process.addr, VENUE_STREAM).await, event_time),
            };
            tasks.push(tokio::spawn(listen(socket, time, counting.clone())));
        }
        tokio::time::sleep(WARM_UP).await;
        let connection_kib = process.resident_kib().saturating_sub(before_kib) as f64 / clients as f64;
        let before_us = process.cpu_us();
        count.send_replace(Some(true));
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let cpu_us = process.cpu_us() - before_us;
        count.send_replace(None);
        let mut all = Seen::nothing();
        for task in tasks {
            let seen = task.await.expect("a client");
            all.ages.add(seen.ages).expect("histograms of one form");
            all.bytes += seen.bytes;
        }
        row(name, clients, &all, cpu_us, connection_kib);
        if platform.is_some() { all.shape(clients, seconds) } else { shape }
    })
}

fn row(name: &str, clients: usize, seen: &Seen, cpu_us: u64, connection_kib: f64) {
    let all = &seen.ages;
    let ms = |quantile: f64| all.value_at_quantile(quantile) as f64 / 1_000.0;
    println!(
        "| {name} | {} | {} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.1} | {connection_kib:.1} |",
        seen.bytes / all.len().max(1),
        all.len() / clients as u64,
        all.len(),
        ms(0.5),
        ms(0.9),
        ms(0.99),
        ms(0.999),
        all.max() as f64 / 1_000.0,
        cpu_us as f64 / all.len() as f64,
    );
}

/// One stream of the venue's, its times in microseconds.
const VENUE_STREAM: &str = "/ws/btcusdt@trade?timeUnit=MICROSECOND";

/// Connects to a path.
pub(crate) async fn connect(addr: SocketAddr, path: &str) -> WebSocketStream<TcpStream> {
    let mut tcp = TcpStream::connect(addr).await.expect("a connection");
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: upgrade\r\nupgrade: \
         websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    tcp.write_all(request.as_bytes()).await.expect("a request is sent");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(tcp.read_u8().await.expect("an answer"));
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    let config = WebSocketConfig::default().read_buffer_size(4_096);
    WebSocketStream::from_raw_socket(tcp, Role::Client, Some(config)).await
}

/// Reads until counting ends; notes ages while it is on.
async fn listen(
    mut socket: WebSocketStream<TcpStream>,
    time: fn(&str) -> Option<u64>,
    mut counting: watch::Receiver<Option<bool>>,
) -> Seen {
    let mut seen = Seen::nothing();
    loop {
        let message = tokio::select! {
            message = socket.next() => message,
            _ = counting.wait_for(Option::is_none) => return seen,
        };
        let Some(Ok(message)) = message else { panic!("the server closed a connection") };
        if let Message::Text(text) = message
            && *counting.borrow() == Some(true)
            && let Some(published) = time(&text)
        {
            let age = now_us().saturating_sub(published);
            seen.ages.record(age).expect("the histogram grows");
            seen.bytes += text.len() as u64;
        }
    }
}

/// The number after `"E":`.
fn event_time(text: &str) -> Option<u64> {
    Some(number_after(text, "\"E\":").expect("every message has a time"))
}

/// The number that comes right after a mark.
pub(crate) fn number_after(text: &str, mark: &str) -> Option<u64> {
    let (_, digits) = text.split_once(mark)?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}
