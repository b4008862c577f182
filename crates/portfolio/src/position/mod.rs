//! What a bot (or an account) holds and what it has earned: positions by average and first-in-first-out cost, assets,
//! fees, funding.
//!
//! Integers only (L7). Cost that leaves a position is rounded towards zero and the remainder stays with the rest, so over a
//! whole round trip nothing is lost: realised = proceeds − costs, to the last unit (L6).

mod account;
mod cost;
mod saved;
#[cfg(test)]
mod tests_support;

pub use account::{BotAccount, Effect};
pub use cost::{LOTS_MAX, Position, Realised};
