//! Layer 3: recorded market data on disk. Bars, trades and book events of many instruments, in columns.
//!
//! One folder per instrument, one Arrow IPC file per series and span of time, and a manifest that says which files count
//! (docs/adr/columns-in-arrow-files.md). Nobody else knows that format: what comes out are the words of `types`.
//!
//! * [`import()`] takes in files of venues and of other programs: all of a file or nothing of it.
//! * [`Archive::verify`] says what is wrong with what is stored, [`Archive::resample`] stores longer bars.
//! * [`Archive`] lists and reads: bars one by one or as columns, stored or folded on the way; events as they came in.
//!
//! Prices and quantities are integers at a scale that an instrument has for ever, and never floats.

mod archive;
mod bars;
mod change;
mod error;
mod events;
mod file;
mod import;
pub mod limits;
mod listing;
mod manifest;
mod messages;
mod number;
mod resample;
mod series;
mod source;
mod stamp;
mod table;
mod verify;

pub use archive::{Archive, FILE_VENUE, Summary};
pub use bars::{BarBatches, Bars};
pub use change::Counts;
pub use error::Error;
pub use events::Events;
pub use import::{Given, Imported, Progress, Report, Request, check_text, import};
pub use listing::{PERP_MARGINS, codes};
pub use manifest::{Contract, Listing, Origin, Scales};
pub use messages::Messages;
pub use resample::Resampled;
pub use series::{Kind, Span};
pub use source::csv::Stamp;
pub use stamp::{EARLIEST, iso, parse as parse_time};
pub use table::bars::BarBatch;
pub use verify::{Finding, OUTLIER_BARS, OUTLIER_SHARE, OUTLIER_TIMES, Rule, Verdict};
