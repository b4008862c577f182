//! `tradewind model`: what the forecasting kernels say about a file or about recorded bars.

mod arima;
mod csv;
mod fit;
mod prophet;
mod times;

use std::process::ExitCode;

use crate::cli::model::Model;
use crate::failure::Failure;

pub(crate) fn run(command: &Model) -> Result<ExitCode, Failure> {
    match command {
        Model::Fit(options) => fit::run(options),
    }
}
