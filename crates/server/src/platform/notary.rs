//! Signs where the audit log's chain is, every hour and when the server stops, and keeps the last signature beside the
//! database: whoever rewrites or cuts off the log is found out by `tradewind audit verify`.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::Stop;
use store::audit::{self, Checkpoint, Signer};
use store::{Store, StoreError, Ts};

/// Name of the last signature in the data directory.
pub(crate) const NAME: &str = "audit.checkpoint";
/// How often the chain is signed, if it grew.
const SIGN_EVERY: Duration = Duration::from_secs(3_600);

/// Who signs.
pub(super) struct Notary {
    store: Store,
    signer: Arc<Signer>,
    path: PathBuf,
}

impl Notary {
    /// Signs now and every hour until `stop`.
    pub(super) fn start(store: Store, signer: Signer, dir: &Path, stop: Stop) -> Arc<Self> {
        let notary = Arc::new(Self { store, signer: Arc::new(signer), path: dir.join(NAME) });
        tokio::spawn(Arc::clone(&notary).keep(stop));
        notary
    }

    async fn keep(self: Arc<Self>, mut stop: Stop) {
        let mut ticks = tokio::time::interval(SIGN_EVERY);
        loop {
            tokio::select! {
                _ = ticks.tick() => self.sign().await,
                () = stop.wait() => return,
            }
        }
    }

    /// Signs now, if the chain grew. A failure is logged: the next hour tries again.
    pub(super) async fn sign(&self) {
        if let Err(error) = self.try_sign().await {
            tracing::error!(%error, "the audit log cannot be signed");
        }
    }

    async fn try_sign(&self) -> Result<(), StoreError> {
        let signer = Arc::clone(&self.signer);
        let made = self
            .store
            .write(move |tx| Box::pin(async move { audit::checkpoint(tx, &signer, Ts::now()).await }));
        let Some(made) = made.await? else { return Ok(()) };
        if let Some(kept) = kept(&self.path) {
            let there = audit::hash_at(&mut self.store.read(), kept.seq).await?;
            if there.as_ref() != Some(&kept.hash) {
                let (seq, file) = (kept.seq, self.path.display());
                tracing::error!(
                    seq, %file,
                    "the audit log has not the entry that was signed: it was changed, or restored from an older backup \
                     (then remove the file); `tradewind audit verify` tells more"
                );
                return Ok(());
            }
        }
        write(&self.path, &made)
            .map_err(|error| StoreError::Unfit(format!("{}: {error}", self.path.display())))
    }
}

/// The signature that is kept beside the database; `None` where there is none that can be read.
pub(crate) fn kept(path: &Path) -> Option<Checkpoint> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn write(path: &Path, checkpoint: &Checkpoint) -> std::io::Result<()> {
    let beside = path.with_extension("checkpoint.tmp");
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(&serde_json::to_vec(checkpoint)?)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
