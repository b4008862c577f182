//! How a host is set up. Everything but the directory has a default.

use std::path::PathBuf;

pub use journal::Durability;

/// Settings of a [`crate::Host`].
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// Where everything is kept. Created if missing.
    pub dir: PathBuf,
    /// When a command counts as durable.
    pub durability: Durability,
    /// The simulated participants; `None` for a silent exchange.
    pub participants: Option<Participants>,
    /// The participants are there and do nothing: for administration while no server runs.
    pub participants_asleep: bool,
    /// A new exchange with participants has lived through so many minutes of virtual time when it is opened, so that charts
    /// are not empty: at most [`crate::participants::PAST_MINUTES_MAX`], 0 for none.
    pub past_minutes: u32,
    /// A snapshot is taken after so many commands (1 or more).
    pub snapshot_every: u64,
    /// The journal's own settings (its durability is taken from `durability`).
    pub journal: journal::Config,
    /// How much history is kept.
    pub retention: history::Retention,
    /// So many snapshots, and the journal since the oldest of them, are kept (1 or more).
    pub snapshots_kept: usize,
}

/// Settings of the simulated participants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Participants {
    /// Same seed, same market.
    pub seed: u64,
    /// How fast their market lives, in percent of normal; 0 halts it.
    pub speed_percent: u32,
}

impl HostConfig {
    /// The defaults for a data directory: every command synced, no participants and no past, a snapshot every 500,000 commands, two kept.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            durability: Durability::default(),
            journal: journal::Config::default(),
            retention: history::Retention::default(),
            participants: None,
            participants_asleep: false,
            past_minutes: 0,
            snapshot_every: 500_000,
            snapshots_kept: 2,
        }
    }
}

/// How far [`crate::open`] has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The newest snapshot was read.
    Snapshot {
        /// The last command it holds.
        seq: u64,
    },
    /// Commands since then are being applied again.
    Replaying {
        /// So many were applied.
        commands: u64,
        /// The last of them.
        seq: u64,
    },
    /// Recovery is done.
    Ready {
        /// The last command of the log.
        seq: u64,
        /// So many were applied on top of the snapshot.
        replayed: u64,
    },
}
