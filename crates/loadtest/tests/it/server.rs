//! A web server of the test: answers by the path, or not before it may.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    /// An answer takes a permit.
    pub(crate) gate: Arc<Semaphore>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// One that answers at once.
    pub(crate) async fn open() -> Self {
        Self::start(1_000_000).await
    }

    /// One that answers the two looks before the load, and then nothing before the gate opens.
    pub(crate) async fn stalled() -> Self {
        Self::start(2).await
    }

    async fn start(permits: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (gate, asked) = (Arc::new(Semaphore::new(permits)), Arc::new(Mutex::new(Vec::new())));
        let (keeper, list) = (Arc::clone(&gate), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&keeper), Arc::clone(&list)));
            }
        });
        Self { addr, gate, asked }
    }

    /// The paths that were asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Keep-alive; ends with the client, or when it is asked to cut.
async fn serve(stream: TcpStream, gate: Arc<Semaphore>, asked: Arc<Mutex<Vec<String>>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut line, mut path, mut len) = (String::new(), String::new(), 0);
        loop {
            line.clear();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            if path.is_empty() {
                path = line.split(' ').nth(1)?.to_owned();
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                len = value.trim().parse().ok()?;
            }
            if line == "\r\n" {
                break;
            }
        }
        stream.read_exact(&mut vec![0; len]).await.ok()?;
        asked.lock().unwrap().push(path.clone());
        gate.acquire().await.ok()?.forget();
        let answer = match path.as_str() {
            "/cut" => return None,
            "/404" => "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
            // Nothing of its own to tell.
            "/api/monitoring/performance" => "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
            _ => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}
