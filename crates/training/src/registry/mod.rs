//! Every version of every model, one JSON file each, complete: what it is, what it was trained on, how it did, its numbers.
//!
//! `<folder>/<model id>/<version>.json` is written once, synced, and never changed; `<model id>/promoted` names the version that
//! strategies use. The content hash is SHA-256 over the model's part of the file, so two trainings that gave the same model can
//! be told, and a file that was changed is refused. Numbers are stored bit for bit.

mod artefact;
mod record;
mod store;

pub use record::{Metrics, Record, TrialRecord};
pub use store::{Registry, RegistryError, model_id};
