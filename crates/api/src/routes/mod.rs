//! The routes, one folder or file per noun.

// `#[utoipa::path]` writes the extractors' types out once more.
#![allow(unused_qualifications)]

pub(crate) mod accounts;
pub(crate) mod health;
pub(crate) mod markets;
pub(crate) mod orders;
pub(crate) mod session;
pub(crate) mod setup;
pub(crate) mod totp;
pub(crate) mod trades;
pub(crate) mod users;
pub(crate) mod ws;
