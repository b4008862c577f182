//! A Redis of one test, which it may kill and start again at the same address.

use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

/// The server.
#[derive(Debug)]
pub struct Redis {
    child: Option<Child>,
    addr: SocketAddr,
    dir: tempfile::TempDir,
}

impl Redis {
    /// A new, empty one; `None`, said on standard output, where no redis-server is installed.
    ///
    /// # Panics
    /// When it ends at once.
    #[must_use]
    pub fn start() -> Option<Self> {
        let dir = tempfile::tempdir().expect("a folder for the server");
        let mut redis = Self { child: None, addr: crate::port::address(), dir };
        if redis.begin() {
            return Some(redis);
        }
        #[expect(clippy::print_stdout, reason = "a skipped test says so")]
        {
            println!("skipped: there is no redis-server on this machine");
        }
        None
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.addr)
    }

    fn begin(&mut self) -> bool {
        let port = self.addr.port().to_string();
        let started = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
            .arg(self.dir.path())
            .stdout(Stdio::null())
            .spawn();
        let Ok(mut child) = started else { return false };
        while TcpStream::connect(self.addr).is_err() {
            assert!(matches!(child.try_wait(), Ok(None)), "redis-server ended at once");
            std::thread::yield_now();
        }
        self.child = Some(child);
        true
    }

    /// kill -9.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again at the same address, empty.
    ///
    /// # Panics
    /// When it does not start.
    pub fn again(&mut self) {
        assert!(self.begin(), "redis-server starts again");
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
