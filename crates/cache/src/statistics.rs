//! Hits and misses by class and layer.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::class::Class;

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// This process.
    Memory,
    /// What instances share.
    Redis,
}

impl Layer {
    /// Its name in reports and metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Redis => "redis",
        }
    }
}

#[derive(Debug, Default)]
struct Count {
    hits: AtomicU64,
    misses: AtomicU64,
    /// Entries of what is kept by its owner.
    own: AtomicU64,
}

#[derive(Debug, Default)]
pub(crate) struct Statistics {
    memory: [Count; Class::ALL.len()],
    redis: [Count; Class::ALL.len()],
}

/// One class of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// What is kept.
    pub class: Class,
    /// Where.
    pub layer: Layer,
    /// Look-ups answered.
    pub hits: u64,
    /// Look-ups passed on.
    pub misses: u64,
    /// Entries now, about; 0 for Redis, which does not say.
    pub entries: u64,
}

impl Statistics {
    fn of(&self, layer: Layer, class: Class) -> &Count {
        match layer {
            Layer::Memory => &self.memory[class.index()],
            Layer::Redis => &self.redis[class.index()],
        }
    }

    pub(crate) fn hit(&self, layer: Layer, class: Class) {
        self.of(layer, class).hits.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn miss(&self, layer: Layer, class: Class) {
        self.of(layer, class).misses.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes how many entries an owner keeps.
    pub(crate) fn own(&self, class: Class, entries: usize) {
        let entries = u64::try_from(entries).unwrap_or(u64::MAX);
        self.of(Layer::Memory, class).own.store(entries, Ordering::Relaxed);
    }

    pub(crate) fn line(&self, layer: Layer, class: Class, entries: u64) -> Line {
        let count = self.of(layer, class);
        let entries = entries + count.own.load(Ordering::Relaxed);
        let (hits, misses) = (count.hits.load(Ordering::Relaxed), count.misses.load(Ordering::Relaxed));
        Line { class, layer, hits, misses, entries }
    }
}
