//! The host as its users see it, on real files in a temporary directory.

mod control;
mod fixture;
mod lifecycle;
