//! Idempotency keys and what they led to: the last [`crate::limits::KEYS_MAX`].

use std::collections::{BTreeMap, VecDeque};

use orders::BotId;
use types::codec::{get_option, put_option};
use types::wire::{Reader, WireError, Writer};

use crate::limits::KEYS_MAX;

/// What a command with a key led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Its record.
    pub seq: u64,
    /// The bot it was about.
    pub bot: Option<BotId>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    done: BTreeMap<String, Done>,
    /// Oldest first.
    order: VecDeque<String>,
}

impl Keys {
    pub(crate) fn get(&self, key: &str) -> Option<Done> {
        self.done.get(key).copied()
    }

    pub(crate) fn put(&mut self, key: &str, done: Done) {
        if self.done.insert(key.to_owned(), done).is_none() {
            self.order.push_back(key.to_owned());
        }
        if self.order.len() > KEYS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.done.remove(&oldest);
        }
    }

    pub(crate) fn save(&self, w: &mut Writer<'_>) {
        w.varint(self.order.len() as u64);
        for key in &self.order {
            let done = self.get(key).unwrap_or(Done { seq: 0, bot: None });
            w.text(key);
            w.u64(done.seq);
            put_option(w, done.bot, |w, bot| w.u32(bot.0));
        }
    }

    pub(crate) fn load(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut keys = Self::default();
        for _ in 0..r.count(10)? {
            let key = r.text()?.to_owned();
            let done = Done { seq: r.u64()?, bot: get_option(r, |r| r.u32().map(BotId))? };
            keys.put(&key, done);
        }
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_keys_are_kept_and_saved() {
        let mut keys = Keys::default();
        for n in 0..KEYS_MAX as u64 + 2 {
            keys.put(&n.to_string(), Done { seq: n, bot: None });
        }
        assert_eq!((keys.get("1"), keys.get("2")), (None, Some(Done { seq: 2, bot: None })));
        let mut bytes = Vec::new();
        keys.save(&mut Writer(&mut bytes));
        let again = Keys::load(&mut Reader::new(&bytes)).unwrap();
        assert_eq!((again.done, again.order), (keys.done, keys.order));
    }
}
