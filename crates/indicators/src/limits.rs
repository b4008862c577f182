//! Bounds of this crate, each with its reason.

/// Most rows that a stream remembers when only its whole past can restore it: two years of one-minute bars, 8 MB per input.
/// A stream that is full takes no more, so it never claims a state that it could not restore.
pub const ROWS_MAX: usize = 1 << 20;
/// Most inputs of a function (open, high, low, close, volume).
pub const INPUTS_MAX: usize = 5;
/// Most outputs of a function.
pub const OUTPUTS_MAX: usize = 4;
/// Longest window of an indicator in bars; TA-Lib's own bound is ten times that, and nobody waits so long for a value.
pub const PERIOD_MAX: i64 = 10_000;
