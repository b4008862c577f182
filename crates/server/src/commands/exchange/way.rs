//! The way to an exchange: its running server, or its data directory.

use std::time::{Duration, Instant};

use exchange_host::admin::{Admin, Client, ClientError, Reply, Request};
use exchange_host::{Host, HostConfig, OpenError};

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
        // The participants sleep: administration is not trading time.
        let settings = HostConfig { participants: None, ..config.host() };
        match open(&settings) {
            Ok(host) => Ok(Self::Here(Box::new(host))),
            Err(OpenError::Locked { .. }) => Self::starting(config),
            Err(error) => Err(open_failure(&config.data_dir, error)),
        }
    }

    /// The server that has the data directory and does not answer yet: it is starting.
    fn starting(config: &Config) -> Result<Self, Failure> {
        note("waiting for the server, which is starting");
        let begin = Instant::now();
        while begin.elapsed() < START_WAIT_MAX {
            if let Some(client) = connect(config)? {
                return Ok(Self::Running(client));
            }
            std::thread::sleep(START_LOOK_EVERY);
        }
        Self::running(config)
    }

    /// The running server, and nothing else.
    pub(crate) fn running(config: &Config) -> Result<Self, Failure> {
        connect(config)?.map(Self::Running).ok_or_else(|| {
            Failure::new(Exit::Unreachable, "no server is running")
                .because(format!("nothing answers in {}", config.data_dir.display()))
                .advise("start it with `tradewind serve`, or name its folder with --data-dir")
        })
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
