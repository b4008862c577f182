//! The way to an exchange: its running server, or its data directory.

use std::time::{Duration, Instant};

use exchange_host::admin::{Admin, Client, ClientError, Reply, Request};
use exchange_host::{Host, HostConfig, OpenError, Stage};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::commands::serve::{open, open_failure};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::terminal::note;

/// How long a server that has the data directory may take until it answers: recovery takes 2 s for a million commands.
const START_WAIT_MAX: Duration = Duration::from_secs(15);
/// How often it is asked meanwhile.
const START_LOOK_EVERY: Duration = Duration::from_millis(50);

/// An exchange that can be administered.
pub(crate) enum Way {
    /// A server runs and answers on its control socket.
    Running(Client),
    /// No server runs: this process has the data directory.
    Here(Box<Host>),
}

impl Way {
    /// The running server, else the data directory itself.
    pub(crate) fn open(config: &Config) -> Result<Self, Failure> {
        if let Some(client) = connect(config)? {
            return Ok(Self::Running(client));
        }
        // The participants sleep: administration is not trading time. But a new exchange gets their past.
        let settings = HostConfig { participants_asleep: true, ..config.host() };
        let begin = Instant::now();
        let mut told = None;
        loop {
            let (pid, stage) = match open(&settings) {
                Ok(host) => return Ok(Self::Here(Box::new(host))),
                Err(OpenError::Locked { pid, stage, .. }) => (pid, stage),
                Err(error) => return Err(open_failure(&config.data_dir, error)),
            };
            // Between the two looks it may have become ready.
            if let Some(client) = connect(config)? {
                return Ok(Self::Running(client));
            }
            match stage {
                Stage::Ready => return Err(silent(config, &pid)),
                _ if begin.elapsed() >= START_WAIT_MAX => return Self::running(config),
                _ if told.replace(stage) == Some(stage) => {}
                Stage::Starting => note("waiting for the server, which is starting"),
                Stage::Stopping => note("waiting for the server, which is stopping"),
            }
            std::thread::sleep(START_LOOK_EVERY);
        }
    }

    /// The running server, and nothing else.
    pub(crate) fn running(config: &Config) -> Result<Self, Failure> {
        connect(config)?.map(Self::Running).ok_or_else(|| {
            Failure::new(Exit::Unreachable, "no server is running")
                .because(format!("nothing answers in {}", config.data_dir.display()))
                .advise("start it with `tradewind serve`, or name its folder with --data-dir")
        })
    }

    /// Asks the running server in words that are not the exchange's.
    pub(crate) fn ask_server<Q: Serialize, A: DeserializeOwned>(
        config: &Config,
        request: &Q,
    ) -> Result<A, Failure> {
        match Self::running(config)? {
            Self::Running(mut client) => client.ask(request).map_err(|error| unreachable(&error)),
            Self::Here(_) => Err(Self::unexpected()),
        }
    }

    /// The server's answer does not fit the question: two versions of this program.
    pub(crate) fn unexpected() -> Failure {
        super::unexpected()
    }

    /// Asks for one thing and leaves. An expected no is exit code 5.
    pub(crate) fn ask(mut self, request: &Request) -> Result<Reply, Failure> {
        let reply = self.ask_more(request);
        self.leave();
        reply
    }

    /// Asks for one thing and stays.
    pub(crate) fn ask_more(&mut self, request: &Request) -> Result<Reply, Failure> {
        checked(match self {
            Self::Running(client) => client.call(request).map_err(|error| unreachable(&error))?,
            Self::Here(host) => Admin::new(host.handle()).perform(request.clone()),
        })
    }

    /// Ends the visit; a data directory that was taken is given back.
    pub(crate) fn leave(self) {
        if let Self::Here(host) = self {
            host.shutdown();
        }
    }
}

/// A server has the data directory and was ready, but its socket is gone.
fn silent(config: &Config, pid: &str) -> Failure {
    let socket = config.data_dir.join("control.sock");
    Failure::new(Exit::Unreachable, format!("the running server (process {pid}) cannot be asked"))
        .because(format!("its control socket {} is not there", socket.display()))
        .advise("restart the server: it makes a new one; trading goes on meanwhile")
}

fn connect(config: &Config) -> Result<Option<Client>, Failure> {
    Client::connect(&config.data_dir).map_err(|error| unreachable(&error))
}

fn unreachable(error: &ClientError) -> Failure {
    Failure::new(Exit::Unreachable, "the running server cannot be asked")
        .because(error)
        .advise("run this as the user who runs the server; `tradewind doctor` tells more")
}

fn checked(reply: Reply) -> Result<Reply, Failure> {
    let Reply::Error { code, message } = reply else { return Ok(reply) };
    let failed = matches!(code.as_str(), "keys" | "busy" | "stopped" | "snapshot");
    let exit = if failed { Exit::Failed } else { Exit::Refused };
    let failure = Failure::new(exit, message).because(format!("code {code}"));
    Err(match code.as_str() {
        "name_taken" => failure.advise("choose another name; `tradewind exchange account list` shows all"),
        "unknown_account" => failure.advise("`tradewind exchange account list` shows all accounts"),
        "busy" => failure.advise("try again"),
        "stopped" => failure.advise("restart the server; its log tells why it stopped"),
        "no_participants" => failure.advise("start the server without --no-participants"),
        _ => failure.advise("nothing was changed"),
    })
}
