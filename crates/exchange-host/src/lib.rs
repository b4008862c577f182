//! The running built-in exchange: writer thread, journal, views, keys, simulated participants.
