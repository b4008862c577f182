//! `tradewind model`: what the forecasting kernels say about a file or about recorded bars.

mod arima;
mod compare;
mod csv;
mod ets;
mod fit;
pub(crate) mod found;
mod lstm;
mod plot;
mod prophet;
pub(crate) mod source;
mod stored;
mod times;
mod train;

use std::process::ExitCode;

use crate::cli::model::Model;
use crate::config::Config;
use crate::failure::Failure;

pub(crate) fn run(config: &Config, command: &Model) -> Result<ExitCode, Failure> {
    match command {
        Model::Fit(options) => fit::run(options),
        Model::Train(options) => train::run(config, options),
        Model::List(output) => stored::list(config, *output),
        Model::Show(named) => stored::show(config, named),
        Model::Score(against) => stored::rescore(config, against),
        Model::Forecast(against) => stored::forecast(config, against),
        Model::Promote(named) => stored::promote(config, named),
        Model::Delete { named, force } => stored::delete(config, named, *force),
        Model::Compare(options) => compare::run(config, options),
    }
}
