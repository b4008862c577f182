//! How much a request may ask for. Each number with its reason.

/// Most candles in one answer: a chart has fewer pixels, and more than this stalls chart libraries.
pub(crate) const CANDLES_MAX: usize = 5_000;
/// Most parts of one batch of candles: one request must not cost more than a few hundred milliseconds.
pub(crate) const CANDLE_PARTS_MAX: usize = 50;
/// Most levels of a book: what the venue shows.
pub(crate) const DEPTH_MAX: usize = 1_000;
/// Most entries of one page.
pub(crate) const PAGE_MAX: u32 = 1_000;
/// Entries of a page unless asked for otherwise.
pub(crate) const PAGE_DEFAULT: u32 = 100;
/// Most symbols in one call.
pub(crate) const SYMBOLS_MAX: usize = 200;
/// Most indicators in one call: a chart with more of them shows nothing.
pub(crate) const INDICATORS_MAX: usize = 10;
/// Most candles that an indicator may need before its first value: some cost as many steps at every candle.
pub(crate) const INDICATOR_LOOKBACK_MAX: usize = 2_000;
