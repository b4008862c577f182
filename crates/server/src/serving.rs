//! Where the running server listens, for the command line: a file in the data directory, there while it runs. What a crash
//! leaves behind names a process that is gone.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Its name in the data directory.
pub(crate) const NAME: &str = "serving.json";

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Serving {
    /// Its process.
    pub(crate) pid: u32,
    /// The platform.
    pub(crate) api: SocketAddr,
    /// The exchange.
    pub(crate) exchange: SocketAddr,
}

/// Says where this process listens. Without the file the command line looks where the configuration says.
pub(crate) fn tell(dir: &Path, exchange: SocketAddr, api: SocketAddr) {
    let serving = Serving { pid: std::process::id(), api, exchange };
    if let Err(error) = write(dir, &serving) {
        tracing::warn!(%error, "{NAME} cannot be written; `tradewind status` looks where the configuration says");
    }
}

fn write(dir: &Path, serving: &Serving) -> std::io::Result<()> {
    let beside = dir.join(format!("{NAME}.tmp"));
    let options = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).clone();
    let mut file = options.open(&beside)?;
    file.write_all(&serde_json::to_vec(serving)?)?;
    fs::rename(&beside, dir.join(NAME))
}

/// Takes the file away.
pub(crate) fn forget(dir: &Path) {
    let _ = fs::remove_file(dir.join(NAME));
}

/// What the last server of a data directory said.
pub(crate) fn look(dir: &Path) -> Option<Serving> {
    serde_json::from_slice(&fs::read(dir.join(NAME)).ok()?).ok()
}
