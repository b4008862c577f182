//! One file per command.

pub(crate) mod api;
pub(crate) mod audit;
pub(crate) mod backtest;
pub(crate) mod benchmark;
pub(crate) mod bot;
pub(crate) mod cache;
pub(crate) mod data;
pub(crate) mod db;
pub(crate) mod doctor;
pub(crate) mod exchange;
pub(crate) mod indicator;
pub(crate) mod init;
pub(crate) mod loadtest;
pub(crate) mod model;
pub(crate) mod order;
pub(crate) mod parity;
pub(crate) mod profile;
pub(crate) mod serve;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod status;
pub(crate) mod strategy;
pub(crate) mod sweep;
pub(crate) mod user;
pub(crate) mod words;
