//! Local sinks: a web server and a mail server that keep what they are told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};

/// Answers every request alike and keeps it.
pub(crate) struct HttpSink {
    pub(crate) addr: SocketAddr,
    requests: Mutex<mpsc::Receiver<(String, String)>>,
    count: Arc<AtomicUsize>,
}

impl HttpSink {
    pub(crate) async fn start(answer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (told, requests) = mpsc::channel(64);
        let (answer, count) = (answer.to_owned(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&count);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                if let Some(request) = answered(stream, &answer).await {
                    let _ = told.send(request).await;
                }
            }
        });
        Self { addr, requests: Mutex::new(requests), count }
    }

    /// Head and body of the next request.
    pub(crate) async fn next(&self) -> (String, String) {
        self.requests.lock().await.recv().await.unwrap()
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

async fn answered(stream: TcpStream, answer: &str) -> Option<(String, String)> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    let mut len = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            len = value.trim().parse().ok()?;
        }
        head.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; len];
    stream.read_exact(&mut body).await.ok()?;
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()?;
    Some((head, String::from_utf8(body).ok()?))
}

/// Speaks SMTP (RFC 5321) as far as a client needs it and keeps the conversation.
pub(crate) struct MailSink {
    pub(crate) addr: SocketAddr,
    mails: Mutex<mpsc::Receiver<String>>,
}

impl MailSink {
    pub(crate) async fn start() -> Self {
        Self::with("250 ok\r\n").await
    }

    /// One that takes no mail for anybody.
    pub(crate) async fn refusing() -> Self {
        Self::with("550 no such mailbox here\r\n").await
    }

    async fn with(recipient: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (told, mails) = mpsc::channel(16);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let told = told.clone();
                tokio::spawn(async move {
                    if let Some(mail) = conversation(stream, recipient).await {
                        let _ = told.send(mail).await;
                    }
                });
            }
        });
        Self { addr, mails: Mutex::new(mails) }
    }

    pub(crate) async fn next(&self) -> String {
        self.mails.lock().await.recv().await.unwrap()
    }
}

async fn conversation(stream: TcpStream, recipient: &str) -> Option<String> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 sink ready\r\n").await.ok()?;
    let (mut said, mut in_text) = (String::new(), false);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        said.push_str(&line);
        let answer = if in_text {
            if line != ".\r\n" {
                continue;
            }
            stream.write_all(b"250 kept\r\n").await.ok()?;
            // Its goodbye, or the end of the connection.
            let _ = stream.read_line(&mut line).await;
            return Some(said);
        } else {
            match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
                "EHLO" | "HELO" => "250 sink\r\n",
                "RCPT" => recipient,
                "DATA" => {
                    in_text = true;
                    "354 go on\r\n"
                }
                "QUIT" => return None,
                _ => "250 ok\r\n",
            }
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}
