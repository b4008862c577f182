//! `/ws` and `/stream`.

mod depth;
mod hostile;
mod market;
mod requests;
