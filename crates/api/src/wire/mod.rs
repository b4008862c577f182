//! How values look in JSON: decimals are strings, times are RFC 3339, input is read without ever passing a float.

mod decimal;
mod extract;
mod scalar;
mod time;

pub use decimal::Decimal;
pub(crate) use extract::{Json, Query, id_of};
pub(crate) use scalar::Scalar;
pub use time::{Moment, millis, rfc3339};
