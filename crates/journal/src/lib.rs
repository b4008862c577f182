//! Append-only input log: group commit, snapshots, versioned encoding, recovery.
