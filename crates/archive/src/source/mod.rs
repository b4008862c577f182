//! Files to import: plain, gzip or zip, read line by line with bounds on everything, in whichever of the known formats.

pub(crate) mod capture;
pub(crate) mod columns;
pub(crate) mod csv;
mod lines;
mod open;

pub(crate) use lines::Lines;
pub(crate) use open::{Seen, Source};
