//! The running built-in exchange: one writer thread around the pure core, its journal, the views that everybody reads,
//! API keys, administration and the simulated participants.
//!
//! Order of things for every command (invariants D1, D3): stamped → judged by the core → journaled → one `fdatasync` for all
//! that wait → views updated → answered → broadcast. So a caller that has its answer finds its effect in the views, and
//! whatever was answered or broadcast survives a crash. A refused command changes nothing and is not journaled.
//!
//! When the disk is almost full only cancels and the like are taken in ([`SubmitError::NoRoom`]) until there is space again.
//! After a failed write or sync nothing is accepted any more ([`SubmitError::Stopped`]); the views stay readable.

pub mod admin;
mod batch;
mod clock;
mod commit;
mod config;
mod error;
mod files;
mod handle;
mod health;
mod host;
pub mod keys;
pub mod limits;
pub mod listing;
mod lock;
pub mod participants;
pub mod port;
mod publisher;
mod recovery;
mod room;
mod snapshots;
mod speed;
pub mod verify;
pub mod view;
mod writer;

pub use batch::{Applied, Batch};
pub use config::{Durability, HostConfig, Participants, Progress};
pub use error::{OpenError, SubmitError};
pub use handle::{Handle, Pending, Receipt, Status};
pub use host::{Host, open};
pub use keys::{KeyRecord, Keys, KeysError, Permissions};
pub use lock::{LOCK_NAME, Stage};
pub use speed::SPEED_PERCENT_MAX;
pub use verify::{Verified, verify};
pub use view::{Catalog, View};
