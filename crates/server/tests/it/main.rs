//! The program as a person uses it: the real binary, free ports, data directories of its own.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what it did not expect, and says what it skips"
)]

mod account_limits;
mod accounts;
mod alerts;
mod backtests;
mod between_steps;
mod bots;
mod by_command;
mod caching;
mod catalogue;
mod configuration;
mod database;
mod doctor;
mod feed;
mod first_steps;
mod halting;
mod home;
mod instances;
mod killed;
mod limits;
mod living;
mod loads;
mod lost_answers;
mod mail;
mod models;
mod operating;
mod outage;
mod own_bots;
mod own_models;
mod paper;
mod people;
mod person;
mod platform;
mod profiling;
mod program;
mod research;
mod serving;
mod standby;
mod statements;
mod stream;
mod sweeps;
mod telemetry;
mod tenancy;
mod traced;
mod trading;
mod trading_by_command;
mod unrecorded;
mod verifying;
mod walkthrough;
