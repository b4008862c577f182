//! Price-time-priority order book and matching rules: a fast book, a naive twin, triggers of conditional orders.
