//! The binary `tradewind`: serve, exchange administration, doctor, configuration.
//!
//! The only place where concrete parts are chosen and put together. What a command prints as its answer goes to
//! standard output, everything else to standard error; exit codes are those of [`failure::Exit`].

mod bots;
mod cli;
mod commands;
mod config;
mod failure;
mod logs;
mod platform;
mod serving;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Arguments, Command, Settings};
use failure::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::parse_from(cli::with_default_command(std::env::args_os()));
    match run(&arguments) {
        Ok(code) => code,
        Err(failure) => {
            if arguments.wants_json() {
                terminal::answer(failure.to_json());
            }
            terminal::note(&failure);
            failure.exit.into()
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let file = arguments.global.config.clone();
    // What needs no configuration must not fail because of one.
    match &arguments.command {
        Command::Init(init) => {
            return commands::init::run(init, file.as_deref()).map(|()| ExitCode::SUCCESS);
        }
        Command::Completions { shell } => {
            return commands::words::completions(*shell).map(|()| ExitCode::SUCCESS);
        }
        Command::Man { dir } => return commands::words::man(dir.as_deref()).map(|()| ExitCode::SUCCESS),
        _ => {}
    }
    let source = config::Source { flags: arguments.flags(), file, environment };
    let loaded = source.load()?;
    match &arguments.command {
        Command::Serve(serve) => commands::serve::run(loaded, source, serve.json),
        Command::Status(output) => commands::status::run(&loaded.config, *output),
        Command::Init(_) | Command::Completions { .. } | Command::Man { .. } => Ok(ExitCode::SUCCESS),
        Command::Exchange(exchange) => commands::exchange::run(&loaded.config, exchange),
        Command::Model(model) => commands::model::run(&loaded.config, model),
        Command::Indicator(indicator) => commands::indicator::run(&loaded.config, indicator),
        Command::Strategy(strategy) => commands::strategy::run(strategy),
        Command::Bot(bot) => commands::bot::run(&loaded.config, bot).map(|()| ExitCode::SUCCESS),
        Command::Order(order) => commands::order::run(&loaded.config, order).map(|()| ExitCode::SUCCESS),
        Command::Position(position) => {
            commands::order::run_position(&loaded.config, position).map(|()| ExitCode::SUCCESS)
        }
        Command::Cache(cache) => commands::cache::run(&loaded.config, cache).map(|()| ExitCode::SUCCESS),
        Command::Profile(profile) => {
            commands::profile::run(&loaded.config, profile).map(|()| ExitCode::SUCCESS)
        }
        Command::Session(session) => {
            commands::session::run(&loaded.config, session).map(|()| ExitCode::SUCCESS)
        }
        Command::Parity(parity) => commands::parity::run(&loaded.config, parity).map(|()| ExitCode::SUCCESS),
        Command::Replay(recorded) => {
            commands::session::replay(&loaded.config, recorded).map(|()| ExitCode::SUCCESS)
        }
        Command::User(user) => commands::user::run(&loaded.config, user),
        Command::Token(token) => commands::user::token(&loaded.config, token),
        Command::Backtest(command) => commands::backtest::run(&loaded.config, command),
        Command::Data(data) => commands::data::run(&loaded.config, data),
        Command::Sweep(command) => commands::sweep::run(&loaded.config, command),
        Command::Benchmark(benchmark) => commands::benchmark::run(&loaded.config, benchmark),
        Command::LoadTest(load) => commands::loadtest::run(load),
        Command::Db(db) => commands::db::run(&loaded.config, db),
        Command::Audit(audit) => commands::audit::run(&loaded.config, audit),
        Command::Doctor(doctor) => commands::doctor::run(&loaded.config, doctor),
        Command::Config(Settings::Show { origin, output }) => {
            commands::settings::show(&loaded, *origin, *output);
            Ok(ExitCode::SUCCESS)
        }
        Command::Config(Settings::Reference) => {
            commands::settings::reference();
            Ok(ExitCode::SUCCESS)
        }
    }
}
