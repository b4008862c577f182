//! Simulated participants: market makers and takers around a seeded reference price.
