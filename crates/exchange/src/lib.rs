//! The multi-account exchange core: accounts, holds, order books, fees; deterministic.
