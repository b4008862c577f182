//! The binary `tradewind`: serve, exchange administration, doctor.

fn main() {}
