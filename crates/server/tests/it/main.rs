//! The program as a person uses it: the real binary, free ports, data directories of its own.

#![allow(clippy::unwrap_used, reason = "tests")]

mod accounts;
mod configuration;
mod doctor;
mod program;
mod serving;
mod verifying;
mod walkthrough;
