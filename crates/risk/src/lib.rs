//! Layer 1: what may leave. Every order passes [`check`], and only [`check`] makes an [`Approved`].
//!
//! An [`Approved`] cannot be written down by anybody else:
//!
//! ```compile_fail,E0451
//! let forged = risk::Approved { order: "buy everything", reserve: types::Money(0) };
//! ```
//!
//! Order of the checks, tested: kill switch → state of the bot → fresh market → shape (price, tick, lot, notional) → price
//! band → order size → order rate → balance → position → exposure of bot, account, portfolio → drawdown, daily loss, streak.

pub mod account;
mod approved;
mod checks;
mod denied;
mod limits;
mod view;

pub use approved::{Approved, check};
pub use denied::{Denied, Scope};
pub use limits::Limits;
pub use view::{Halt, Losses, Proposal, View};
