//! Alerts by e-mail from a real server to a mail server of this test that speaks STARTTLS and AUTH (RFC 3207, RFC 4954).

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned, crypto};

use crate::person::Person;
use crate::program::{Server, tradewind};

/// What one client said: in clear, and behind TLS.
#[derive(Debug, Default)]
struct Said {
    clear: String,
    secret: String,
}

/// A mail server that takes mail from `desk` with the password `hunter2`.
struct Sink {
    addr: SocketAddr,
    said: Receiver<Said>,
}

impl Sink {
    /// With the certificate in `dir`; one that has no STARTTLS offers AUTH in clear, as a thief would.
    fn start(dir: &Path, has_tls: bool) -> Self {
        let certificates: Vec<_> =
            CertificateDer::pem_file_iter(dir.join("server.crt")).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(dir.join("server.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (addr, (told, said)) = (listener.local_addr().unwrap(), channel());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap(), &config, has_tls, &told);
            }
        });
        Self { addr, said }
    }
}

fn serve(stream: TcpStream, config: &Arc<ServerConfig>, has_tls: bool, told: &Sender<Said>) {
    let mut said = Said::default();
    let mut clear = BufReader::new(stream);
    let _ = clear.get_mut().write_all(b"220 sink ready\r\n");
    let offer = if has_tls { "250-sink\r\n250 STARTTLS\r\n" } else { "250-sink\r\n250 AUTH PLAIN\r\n" };
    if converse(&mut clear, offer, &mut said.clear) {
        let tls = ServerConnection::new(Arc::clone(config)).unwrap();
        let mut secret = BufReader::new(StreamOwned::new(tls, clear.into_inner()));
        converse(&mut secret, "250-sink\r\n250 AUTH PLAIN\r\n", &mut said.secret);
    }
    let _ = told.send(said);
}

/// Talks until the client goes, or until it wants TLS: true then.
fn converse(client: &mut BufReader<impl Read + Write>, offer: &str, said: &mut String) -> bool {
    // AUTH PLAIN of "\0desk\0hunter2".
    const RIGHT: &str = "AUTH PLAIN AGRlc2sAaHVudGVyMg==";
    let (mut in_text, mut is_known) = (false, false);
    loop {
        let mut line = String::new();
        if !client.read_line(&mut line).is_ok_and(|len| len > 0) {
            return false;
        }
        said.push_str(&line);
        let line = line.trim_end();
        let answer = match line.get(..4).unwrap_or_default() {
            _ if in_text && line != "." => continue,
            _ if in_text => {
                in_text = false;
                "250 kept\r\n"
            }
            "EHLO" => offer,
            "STAR" => {
                return client.get_mut().write_all(b"220 go on\r\n").is_ok();
            }
            "AUTH" if line == RIGHT => {
                is_known = true;
                "235 welcome\r\n"
            }
            "AUTH" => "535 who are you\r\n",
            "MAIL" if !is_known => "530 who are you\r\n",
            "DATA" => {
                in_text = true;
                "354 go on\r\n"
            }
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        if client.get_mut().write_all(answer.as_bytes()).is_err() {
            return false;
        }
    }
}

/// A server whose mail goes to the sink, and what its test message came to.
fn test_message(sink: &Sink, password: &str, authority: &Path) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tradewind.toml");
    let url = format!("smtp://desk:{password}@{}?tls=required", sink.addr);
    let config = format!(
        "[alerts]\nemail_smtp = \"{url}\"\nemail_from = \"desk@example.org\"\nemail_to = \"ops@example.org\"\n"
    );
    std::fs::write(&file, config).unwrap();
    let mut command = tradewind(&["serve", "--json", "--log", "error", "--no-participants"]);
    command.args(["--exchange-addr", "127.0.0.1:0", "--api-addr", "127.0.0.1:0", "--config"]).arg(&file);
    command.arg("--data-dir").arg(dir.path()).env("SSL_CERT_FILE", authority);
    let server = Server::spawn(&mut command, std::process::Stdio::inherit());
    let root = Person::first(&server);
    let told = root.post("/api/alerts/test", &json!({ "channel": "email" })).json();
    server.stop(Signal::TERM);
    told[0].clone()
}

#[test]
fn mail_goes_behind_starttls_with_a_password_and_not_otherwise() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    testkit::certificates(dir.path()).unwrap();
    testkit::certificates(other.path()).unwrap();
    let authority = dir.path().join("ca.crt");
    let sink = Sink::start(dir.path(), true);

    let told = test_message(&sink, "hunter2", &authority);
    assert_eq!((told["channel"].as_str(), told["sent"].as_bool()), (Some("email"), Some(true)), "{told}");
    let said = sink.said.recv().unwrap();
    assert!(
        said.secret.contains("RCPT TO:<ops@example.org>") && said.secret.contains("test message"),
        "{said:?}"
    );
    let clear: Vec<&str> = said.clear.lines().map(|line| line.get(..4).unwrap_or(line)).collect();
    assert_eq!(clear, ["EHLO", "STAR"], "nothing else in clear");

    let told = test_message(&sink, "hunter3", &authority);
    assert_eq!(told["sent"].as_bool(), Some(false));
    assert!(
        told["error"].as_str().is_some_and(|why| why.contains("535") && !why.contains("hunter3")),
        "{told}"
    );
    let said = sink.said.recv().unwrap();
    assert!(!said.secret.contains("MAIL FROM"), "{said:?}");

    // Somebody in between: another authority's certificate, or no TLS at all. The password is told to neither.
    for (between, authority) in [
        (Sink::start(dir.path(), true), other.path().join("ca.crt")),
        (Sink::start(dir.path(), false), authority),
    ] {
        let told = test_message(&between, "hunter2", &authority);
        assert_eq!(told["sent"].as_bool(), Some(false), "{told}");
        let said = between.said.recv().unwrap();
        assert!(!said.clear.contains("AUTH") && said.secret.is_empty(), "{said:?}");
    }
}
