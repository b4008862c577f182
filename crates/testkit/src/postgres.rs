//! A real PostgreSQL for tests: one server per user and target directory, one database per test.
//!
//! The first test that asks starts it (own directory, free port, TLS on with a certificate of its own, `fsync` off);
//! tests of other processes find it through the same directory under a lock file. Every process that uses it leaves its
//! pid in `users/`; a guardian process stops the server and removes the directory once none of them is alive. So it
//! works the same under `cargo test` (threads), nextest (a process per test) and after a killed run.
//!
//! PostgreSQL refuses to run as root: then it runs as the user `postgres`, and the directory lies where that user can
//! reach it. `TRADEWIND_TEST_POSTGRES` (a URL with the right to create databases) uses a server that is already there.
//! Where PostgreSQL is not installed the tests fail and say what to install.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The environment variable that names a server which is already there.
pub const URL_VARIABLE: &str = "TRADEWIND_TEST_POSTGRES";
/// A free port may be taken by somebody else before the server binds it; so many ports are tried.
const STARTS_MAX: u32 = 8;
/// The role that owns everything on the test server.
const ROLE: &str = "trader";

/// Tests run it faster than any disk, and with what the product's checks look at.
const SETTINGS: &str = "\
listen_addresses = '127.0.0.1'
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 200
shared_buffers = 128MB
max_wal_size = 2GB
work_mem = 16MB
maintenance_work_mem = 128MB
random_page_cost = 1.1
autovacuum_naptime = 1h
ssl = on
ssl_cert_file = 'server.crt'
ssl_key_file = 'server.key'
log_min_messages = warning
lc_messages = 'C'
";

/// Stops the server when no process in `users/` is alive, twice in a row. `$1` directory, `$2` pg_ctl, rest: prefix.
const GUARDIAN: &str = r#"
dir=$1; pg_ctl=$2; shift 2
idle=0
while [ -d "$dir/users" ]; do
  alive=0
  for user in "$dir"/users/*; do
    pid=${user##*/}
    if kill -0 "$pid" 2>/dev/null; then alive=1; else rm -f "$user"; fi
  done
  if [ "$alive" = 1 ]; then idle=0; else idle=$((idle + 1)); fi
  if [ "$idle" -ge 10 ]; then
    exec 9>"$dir.lock"; flock 9
    if [ -z "$(ls -A "$dir/users" 2>/dev/null)" ]; then
      for data in "$dir/standby/data" "$dir/data"; do
        [ ! -d "$data" ] || "$@" "$pg_ctl" -D "$data" -m immediate -w stop >/dev/null 2>&1
      done
      rm -rf "$dir"
      # Nobody waits for the lock of one test's own server.
      case $dir in *.own-*) rm -f "$dir.lock" ;; esac
      exit 0
    fi
    exec 9>&-; idle=0
  fi
  sleep 2
done
"#;

/// The test server.
#[derive(Debug)]
pub struct Postgres {
    url: String,
    dir: Option<PathBuf>,
}

/// A database of one test, removed with it.
#[derive(Debug)]
pub struct Database {
    server: &'static Postgres,
    name: String,
}

impl Postgres {
    /// The server that all tests share.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start; the message says what to do.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| match Self::find_or_start() {
            Ok(server) => server,
            Err(why) => panic!("no PostgreSQL for the tests: {why}"),
        })
    }

    /// The URL of a database on this server.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("{}/{database}", self.url)
    }

    /// The certificate authority that signed the server's certificate (host name `localhost` and 127.0.0.1); `None` for
    /// a server that was given.
    #[must_use]
    pub fn authority(&self) -> Option<PathBuf> {
        self.dir.as_ref().map(|dir| dir.join("ca.crt"))
    }

    /// A new, empty database.
    ///
    /// # Panics
    /// When the server does not make one.
    #[must_use]
    pub fn database(&'static self) -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        self.sql("postgres", &format!("CREATE DATABASE {name}")).expect("a new database");
        Database { server: self, name }
    }

    /// Runs SQL through `psql` and gives what it prints: unaligned, without heads.
    ///
    /// # Errors
    /// What `psql` says.
    pub fn sql(&self, database: &str, text: &str) -> Result<String, String> {
        let arguments = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text];
        let output =
            Command::new("psql").arg(self.url(database)).args(arguments).stdin(Stdio::null()).output();
        text_of(&output.map_err(|error| format!("psql does not run: {error}"))?)
    }

    fn find_or_start() -> Result<Self, String> {
        if let Ok(url) = std::env::var(URL_VARIABLE) {
            let url = url.trim_end_matches('/').to_owned();
            return Ok(Self { url, dir: None });
        }
        let bin = binaries()?;
        let dir = directory();
        // Held until the server is found or started, so that only one process starts it; released with the file.
        let lock = open_lock(&dir).map_err(|error| format!("{}.lock: {error}", dir.display()))?;
        lock.lock().map_err(|error| format!("{}.lock: {error}", dir.display()))?;
        if let Some(found) = Self::running(&dir) {
            register(&dir).map_err(|error| error.to_string())?;
            return Ok(found);
        }
        let _ = fs::remove_dir_all(&dir);
        Self::start(&bin, &dir)
    }

    fn running(dir: &Path) -> Option<Self> {
        let port = fs::read_to_string(dir.join("port")).ok()?;
        let server = Self { url: url_of(port.trim()), dir: Some(dir.to_owned()) };
        server.sql("postgres", "SELECT 1").ok().map(|_| server)
    }

    fn start(bin: &Path, dir: &Path) -> Result<Self, String> {
        let io = |error: io::Error| format!("{}: {error}", dir.display());
        fs::create_dir_all(dir.join("users")).map_err(io)?;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).map_err(io)?;
        register(dir).map_err(io)?;
        let data = dir.join("data");
        fs::create_dir(&data).map_err(io)?;
        certificates(dir)?;
        if is_root() {
            done(Command::new("chown").args(["-R", "postgres"]).arg(&data))?;
        }
        let initdb = ["-U", ROLE, "-A", "trust", "--no-sync", "--encoding=UTF8", "--locale=C"];
        done(as_server(&bin.join("initdb")).arg("-D").arg(&data).args(initdb))?;
        for name in ["server.crt", "server.key"] {
            install(&dir.join(name), &data.join(name))?;
        }
        let mut last = String::new();
        for _ in 0..STARTS_MAX {
            let port = crate::port::address().port();
            let settings =
                format!("{SETTINGS}port = {port}\nunix_socket_directories = '{}'\n", data.display());
            fs::write(dir.join("settings.conf"), settings).map_err(io)?;
            install(&dir.join("settings.conf"), &data.join("postgresql.conf"))?;
            let mut pg_ctl = as_server(&bin.join("pg_ctl"));
            let log = data.join("log");
            match done(pg_ctl.arg("-D").arg(&data).arg("-l").arg(&log).args(["-w", "-t", "60", "start"])) {
                Ok(_) => {
                    fs::write(dir.join("port"), port.to_string()).map_err(io)?;
                    guard(bin, dir)?;
                    return Ok(Self { url: url_of(&port.to_string()), dir: Some(dir.to_owned()) });
                }
                Err(why) => last = format!("{why}\n{}", fs::read_to_string(&log).unwrap_or_default()),
            }
        }
        Err(last)
    }
}

impl Database {
    /// Its URL, for `Store::open` and everything else.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Runs SQL in it; see [`Postgres::sql`].
    ///
    /// # Errors
    /// What `psql` says.
    pub fn sql(&self, text: &str) -> Result<String, String> {
        self.server.sql(&self.name, text)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A failed removal only costs space: the guardian removes the whole server.
        let _ = self.server.sql("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// A server of one test, which it may stop as a power cut does and start again at the same address.
#[derive(Debug)]
pub struct OwnPostgres {
    server: Postgres,
    bin: PathBuf,
    data: PathBuf,
}

impl OwnPostgres {
    /// A new server with a database `own`.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start; the message says what to do.
    #[must_use]
    pub fn start() -> Self {
        // Under `cargo test` the tests of a file are threads of one process.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let begun = || -> Result<Self, String> {
            let bin = binaries()?;
            let dir = directory().with_extension(format!("own-{}-{number}", std::process::id()));
            let _ = fs::remove_dir_all(&dir);
            let server = Postgres::start(&bin, &dir)?;
            server.sql("postgres", "CREATE DATABASE own")?;
            Ok(Self { server, bin, data: dir.join("data") })
        };
        match begun() {
            Ok(server) => server,
            Err(why) => panic!("no PostgreSQL of its own for this test: {why}"),
        }
    }

    /// The URL of its database.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url("own")
    }

    /// A standby that follows it (streaming replication), with the same database.
    ///
    /// # Panics
    /// When it cannot be made or does not start.
    #[must_use]
    pub fn standby(&self) -> Self {
        let made = || -> Result<Self, String> {
            // Inside the folder of the one it follows, so that it goes with it.
            let dir = self.data.parent().ok_or("a server has a folder")?.join("standby");
            let _ = fs::remove_dir_all(&dir);
            let data = dir.join("data");
            let io = |error: io::Error| format!("{}: {error}", dir.display());
            fs::create_dir_all(&data).map_err(io)?;
            fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).map_err(io)?;
            fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).map_err(io)?;
            if is_root() {
                done(Command::new("chown").arg("postgres").arg(&data))?;
            }
            let mut copy = as_server(&self.bin.join("pg_basebackup"));
            done(copy.arg("-D").arg(&data).args([
                "-R",
                "-X",
                "stream",
                "-c",
                "fast",
                "--no-sync",
                "-d",
                &self.server.url("own"),
            ]))?;
            let port = crate::port::address().port();
            let settings =
                format!("{SETTINGS}port = {port}\nunix_socket_directories = '{}'\n", data.display());
            fs::write(dir.join("settings.conf"), settings).map_err(io)?;
            install(&dir.join("settings.conf"), &data.join("postgresql.conf"))?;
            let server = Postgres { url: url_of(&port.to_string()), dir: Some(dir.clone()) };
            let standby = Self { server, bin: self.bin.clone(), data };
            standby.pg_ctl(&["-w", "-t", "60", "start"])?;
            Ok(standby)
        };
        match made() {
            Ok(standby) => standby,
            Err(why) => panic!("no standby for this test: {why}"),
        }
    }

    /// Runs SQL in its database; see [`Postgres::sql`].
    ///
    /// # Errors
    /// What `psql` says.
    pub fn sql(&self, text: &str) -> Result<String, String> {
        self.server.sql("own", text)
    }

    /// Makes a standby a server of its own.
    ///
    /// # Panics
    /// When it does not become one.
    pub fn promote(&self) {
        self.pg_ctl(&["-w", "-t", "60", "promote"]).expect("the standby is promoted");
    }

    fn pg_ctl(&self, words: &[&str]) -> Result<String, String> {
        let mut command = as_server(&self.bin.join("pg_ctl"));
        done(command.arg("-D").arg(&self.data).arg("-l").arg(self.data.join("log")).args(words))
    }

    /// Ends it in the middle of whatever it does.
    ///
    /// # Panics
    /// When it cannot be stopped.
    pub fn kill(&self) {
        self.pg_ctl(&["-m", "immediate", "-w", "stop"]).expect("the server stops");
    }

    /// Starts it again.
    ///
    /// # Panics
    /// When it does not start.
    pub fn again(&self) {
        self.pg_ctl(&["-w", "-t", "60", "start"]).expect("the server starts again");
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        // What fails here is done by the guardian.
        let _ = self.pg_ctl(&["-m", "immediate", "-w", "stop"]);
    }
}

fn url_of(port: &str) -> String {
    format!("postgres://{ROLE}@127.0.0.1:{port}")
}

/// Where `initdb`, `pg_ctl` and `postgres` are: Debian keeps them out of the search path.
fn binaries() -> Result<PathBuf, String> {
    let mut candidates: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    let version = |path: &Path| -> u32 {
        let name = path.parent().and_then(Path::file_name).unwrap_or_default();
        name.to_string_lossy().parse().unwrap_or(0)
    };
    candidates.sort_by_key(|path| std::cmp::Reverse(version(path)));
    candidates.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    let found = candidates.into_iter().find(|dir| dir.join("pg_ctl").exists() && dir.join("initdb").exists());
    found.ok_or_else(|| {
        format!("its server is not installed; `apt-get install postgresql` (`cargo xtask test` does it), or name one in {URL_VARIABLE}")
    })
}

/// One directory per user and target directory: worktrees do not share a server. Named after a hash (FNV-1a).
fn directory() -> PathBuf {
    let target = std::env::current_exe().unwrap_or_default();
    let target =
        target.parent().and_then(Path::parent).unwrap_or(Path::new("")).to_string_lossy().into_owned();
    let hash = target
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let user = rustix::process::getuid().as_raw();
    std::env::temp_dir().join(format!("tradewind-postgres-{user}-{hash:016x}"))
}

fn open_lock(dir: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(dir.with_extension("lock"))
}

/// Leaves this process's pid where the guardian looks.
fn register(dir: &Path) -> io::Result<()> {
    fs::write(dir.join("users").join(std::process::id().to_string()), "")
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// A command run by whoever may run the server.
fn as_server(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

/// Puts a file into the data directory, owned by the server's user, mode 0600.
fn install(from: &Path, to: &Path) -> Result<String, String> {
    let mut command = Command::new("install");
    command.args(["-m", "600"]);
    if is_root() {
        command.args(["-o", "postgres"]);
    }
    done(command.arg(from).arg(to))
}

/// Makes an authority (`ca.crt`) and a server's certificate for `localhost` and 127.0.0.1 (`server.crt`, `server.key`) in a folder.
///
/// # Errors
/// What `openssl` says.
pub fn certificates(dir: &Path) -> Result<(), String> {
    let script = "\
set -e
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=tradewind-test-ca -keyout ca.key -out ca.crt
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\nbasicConstraints=CA:FALSE\\n' > server.ext
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile server.ext -out server.crt
";
    done(Command::new("sh").args(["-c", script]).current_dir(dir)).map(|_| ())
}

/// Starts the guardian, in a process group of its own and without our files, so that it outlives the tests.
fn guard(bin: &Path, dir: &Path) -> Result<(), String> {
    let mut command = Command::new("sh");
    command.args(["-c", GUARDIAN, "guardian"]).arg(dir).arg(bin.join("pg_ctl"));
    if is_root() {
        command.args(["runuser", "-u", "postgres", "--"]);
    } else {
        command.arg("env");
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .current_dir("/");
    command.spawn().map(|_| ()).map_err(|error| format!("cannot start the guardian: {error}"))
}

/// Runs a command to its end, without our files: the server it may start must not hold the test runner's pipes.
fn done(command: &mut Command) -> Result<String, String> {
    let shown = format!("{command:?}");
    let (out, err) = (tempfile::tempfile(), tempfile::tempfile());
    let (mut out, mut err) = (out.map_err(|e| e.to_string())?, err.map_err(|e| e.to_string())?);
    let clone = |file: &File| file.try_clone().map_err(|error| error.to_string());
    command.stdin(Stdio::null()).stdout(clone(&out)?).stderr(clone(&err)?).current_dir_if_unset();
    let status = command.status().map_err(|error| format!("{shown}: {error}"))?;
    let read = |file: &mut File| -> Vec<u8> {
        use std::io::{Read as _, Seek as _};
        let mut bytes = Vec::new();
        let _ = file.rewind();
        let _ = file.read_to_end(&mut bytes);
        bytes
    };
    let output = Output { status, stdout: read(&mut out), stderr: read(&mut err) };
    text_of(&output).map_err(|why| format!("{shown}: {why}"))
}

fn text_of(output: &Output) -> Result<String, String> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(format!("{} ({})", String::from_utf8_lossy(&output.stderr).trim(), output.status))
}

/// PostgreSQL's programs complain about a working directory they cannot enter.
trait WorkingDirectory {
    fn current_dir_if_unset(&mut self) -> &mut Self;
}

impl WorkingDirectory for Command {
    fn current_dir_if_unset(&mut self) -> &mut Self {
        if self.get_current_dir().is_none() {
            self.current_dir("/");
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_there_and_gone_with_its_owner() {
        let database = Postgres::shared().database();
        assert_eq!(database.sql("SELECT 40 + 2").unwrap(), "42");
        let name = database.name.clone();
        drop(database);
        let count = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
        assert_eq!(Postgres::shared().sql("postgres", &count).unwrap(), "0");
    }
}
