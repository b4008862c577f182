//! What of a running server's configuration a SIGHUP changes, and what waits for a restart.

use super::Loaded;

/// Keys that a running server takes over. Everything else is read once, at the start.
pub(crate) const TAKEN_OVER: &[&str] =
    &["api.frontend", "monitoring.loopback", "limits.enabled", "log.filter", "log.file"];

/// What differs between two readings of the configuration.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Taken over at once.
    pub(crate) now: Vec<&'static str>,
    /// Not before a restart.
    pub(crate) later: Vec<&'static str>,
}

/// Compares what runs with what was read.
pub(crate) fn changes(running: &Loaded, read: &Loaded) -> Changes {
    let differ = running.values.iter().zip(&read.values).filter(|(old, new)| old.text != new.text);
    let (now, later) = differ.map(|(old, _)| old.name).partition(|name| TAKEN_OVER.contains(name));
    Changes { now, later }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::KEYS;
    use crate::config::load;

    #[test]
    fn changes_are_told_apart() {
        assert!(TAKEN_OVER.iter().all(|name| KEYS.iter().any(|key| key.name == *name)));
        let home = [("HOME".to_owned(), "/h".to_owned())];
        let of = |flags| load(&flags, None, &home).unwrap();
        let running = of(vec![]);
        assert_eq!(changes(&running, &of(vec![])), Changes::default());
        let read = of(vec![("log.filter", "debug".to_owned()), ("exchange.addr", "127.0.0.1:1".to_owned())]);
        let expected = Changes { now: vec!["log.filter"], later: vec!["exchange.addr"] };
        assert_eq!(changes(&running, &read), expected);
    }
}
