//! The twins: the same methods as [`crate::Book`] and [`crate::Triggers`] in the fewest words, to be read as the
//! specification and compared against after every command. O(n) or worse, never for production.

mod book;
mod triggers;

pub use book::Book;
pub use triggers::Triggers;
