//! A WebSocket client that waits for what it expects.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// Longer than anything takes unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// One connection.
pub(crate) struct Socket {
    pub(crate) stream: WebSocketStream<TcpStream>,
    /// Messages that came while another was waited for.
    passed: VecDeque<Value>,
    last_id: u64,
}

impl Socket {
    /// Connects to a path such as `/ws/btcusdt@trade`.
    pub(crate) async fn connect(addr: SocketAddr, path: &str) -> Self {
        Self::over(TcpStream::connect(addr).await.unwrap(), addr, path).await
    }

    /// The same with the smallest receive buffer, so that the server feels soon that nothing is read.
    pub(crate) async fn connect_narrow(addr: SocketAddr, path: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        Self::over(socket.connect(addr).await.unwrap(), addr, path).await
    }

    async fn over(tcp: TcpStream, addr: SocketAddr, path: &str) -> Self {
        let url = format!("ws://{addr}{path}");
        let (stream, _) = tokio_tungstenite::client_async(url, tcp).await.unwrap();
        Self { stream, passed: VecDeque::new(), last_id: 0 }
    }

    pub(crate) async fn send(&mut self, text: impl Into<String>) {
        self.stream.send(Message::text(text.into())).await.unwrap();
    }

    /// The next message from the wire.
    async fn receive(&mut self) -> Result<Value, Option<CloseCode>> {
        loop {
            let message = timeout(PATIENCE, self.stream.next()).await.expect("no message came");
            match message {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Value {
        match self.passed.pop_front() {
            Some(message) => message,
            None => self.receive().await.expect("the connection was closed"),
        }
    }

    /// The first message that fits; those before it are dropped.
    pub(crate) async fn until(&mut self, mut fits: impl FnMut(&Value) -> bool) -> Value {
        loop {
            let message = self.next().await;
            if fits(&message) {
                return message;
            }
        }
    }

    /// Sends a request and gives its answer; other messages are kept for later.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        self.send(json!({ "method": method, "params": params, "id": id }).to_string()).await;
        self.answer(&json!(id)).await
    }

    /// Waits for the answer with this id; other messages are kept for later.
    pub(crate) async fn answer(&mut self, id: &Value) -> Value {
        loop {
            let message = self.receive().await.expect("the connection was closed");
            if message.get("id") == Some(id) {
                return message;
            }
            self.passed.push_back(message);
        }
    }

    /// Waits until the server closes the connection; messages before that are dropped.
    pub(crate) async fn closed(&mut self) -> Option<CloseCode> {
        loop {
            if let Err(code) = self.receive().await {
                return code;
            }
        }
    }
}
