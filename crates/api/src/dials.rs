//! What can be changed about a running API: by a new configuration, by administrators, and by the end of the process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// What a configuration says about a running API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialled {
    /// The one other origin whose pages may call.
    pub frontend: Option<String>,
    /// Whether programs on this machine see the service's numbers without a login.
    pub open_to_loopback: bool,
    /// Whether users and addresses may ask for so much and no more.
    pub limited: bool,
}

/// The dials of one process.
#[derive(Debug)]
pub struct Dials {
    /// Locked for a clone.
    frontend: RwLock<Option<Arc<str>>>,
    open_to_loopback: AtomicBool,
    limited: AtomicBool,
    draining: AtomicBool,
}

impl Dials {
    pub(crate) fn new(limited: bool, open_to_loopback: bool) -> Self {
        Self {
            frontend: RwLock::default(),
            open_to_loopback: AtomicBool::new(open_to_loopback),
            limited: AtomicBool::new(limited),
            draining: AtomicBool::new(false),
        }
    }

    /// Takes over what a new configuration says: holds for the next request.
    pub fn set(&self, dialled: &Dialled) {
        self.set_frontend(dialled.frontend.as_deref());
        self.open_to_loopback.store(dialled.open_to_loopback, Ordering::Relaxed);
        self.limited.store(dialled.limited, Ordering::Relaxed);
    }

    /// From now on `/ready` says no; everything else is answered as before.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn set_frontend(&self, origin: Option<&str>) {
        *self.frontend.write().unwrap_or_else(PoisonError::into_inner) = origin.map(Arc::from);
    }

    pub(crate) fn frontend(&self) -> Option<Arc<str>> {
        self.frontend.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn is_open_to_loopback(&self) -> bool {
        self.open_to_loopback.load(Ordering::Relaxed)
    }

    pub(crate) fn is_limited(&self) -> bool {
        self.limited.load(Ordering::Relaxed)
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
