//! The accept loop over real sockets: connection limits and the drain after a stop.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Counters, Limits, Request, Response, Service, Stopper, serve, stop};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Tells that a request came in, and answers it when it is let.
struct Gate {
    came: Arc<Semaphore>,
    go: Arc<Semaphore>,
}

impl Service for Gate {
    async fn call(self: Arc<Self>, _: Request) -> Response {
        self.came.add_permits(1);
        self.go.acquire().await.unwrap().forget();
        Response::new(http::body::whole("done"))
    }

    fn failed(&self) -> Response {
        Response::new(http::body::whole(""))
    }
}

struct Server {
    addr: SocketAddr,
    came: Arc<Semaphore>,
    go: Arc<Semaphore>,
    counters: Arc<Counters>,
    stopper: Stopper,
    ended: JoinHandle<()>,
}

async fn server(limits: Limits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stopper, stop) = stop();
    let (came, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let gate = Gate { came: Arc::clone(&came), go: Arc::clone(&go) };
    let counters = Arc::new(Counters::default());
    let ended = tokio::spawn(serve(listener, Arc::new(gate), limits, Arc::clone(&counters), stop));
    Server { addr, came, go, counters, stopper, ended }
}

impl Server {
    /// A connection whose request is being served.
    async fn busy(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        self.came.acquire().await.unwrap().forget();
        stream
    }
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn one_connection_too_many_is_closed_unheard() {
    let server = server(Limits { connections_per_ip_max: 2, ..Limits::default() }).await;
    let (mut first, mut second) = (server.busy().await, server.busy().await);
    let mut third = TcpStream::connect(server.addr).await.unwrap();
    assert_eq!(rest(&mut third).await, "");
    let counts = server.counters.read();
    assert_eq!((counts.accepted, counts.refused, counts.requests), (2, 1, 2));
    server.go.add_permits(2);
    assert!(rest(&mut first).await.ends_with("done"));
    assert!(rest(&mut second).await.ends_with("done"));
}

#[tokio::test]
async fn a_stop_waits_for_what_is_being_served() {
    let server = server(Limits::default()).await;
    let mut stream = server.busy().await;
    let mut idle = TcpStream::connect(server.addr).await.unwrap();
    server.stopper.stop();
    assert_eq!(rest(&mut idle).await, "", "an idle connection is closed at once");
    assert!(!server.ended.is_finished());
    server.go.add_permits(1);
    assert!(rest(&mut stream).await.ends_with("done"));
    server.ended.await.unwrap();
    assert!(TcpStream::connect(server.addr).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let server = server(Limits { drain_max: Duration::from_millis(20), ..Limits::default() }).await;
    let mut stream = server.busy().await;
    server.stopper.stop();
    server.ended.await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
}
