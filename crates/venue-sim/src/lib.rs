//! Layer 3: the simulated venue of back-tests and paper trading. Our orders and what a market showed go in, reports with their
//! times come out.
//!
//! [`SimVenue`] is a plain state machine: no clock, no I/O, no thread, every random number from its seed, so equal inputs give
//! equal reports. It has two grades of fidelity, chosen by what the market shows. **Bars**: inside a bar the price is assumed to
//! run along a stated path ([`PricePath`]) at which orders are filled, stops fire and positions are liquidated. **Books and
//! prints**: takers walk the recorded book and cannot take more than it shows; resting orders wait in a queue ([`Queue`]).
//!
//! The venue holds its own accounts: a spot order needs the money it spends, a perpetual its margin, and a position whose
//! collateral falls below maintenance is liquidated. Fees are integers, rounded up (invariant L5).
//!
//! [`paper`] puts it behind the ports, on recorded markets that are played at a chosen speed.
//!
//! The exchange core is not used here (docs/adr/0007): recorded books have no orders of others that a core could match.

mod account;
mod bars;
mod books;
mod config;
mod draw;
mod faults;
mod fills;
mod order;
pub mod paper;
mod path;
mod queue;
mod resume;
mod travel;
mod venue;

pub use self::venue::{News, SimVenue};
pub use config::{Config, Fees, Latency, PricePath, Slippage, Touch, Travelled};
pub use faults::Faults;
pub use queue::Queue;
