//! A map of bounded size that forgets what was not asked for longest.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// The map.
pub(super) struct Lru<K, V> {
    entries: HashMap<K, (V, u64)>,
    by_age: BTreeMap<u64, K>,
    clock: u64,
    most: usize,
}

impl<K: Clone + Eq + Hash, V: Clone> Lru<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Self { entries: HashMap::new(), by_age: BTreeMap::new(), clock: 0, most }
    }

    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        let (value, used) = self.entries.get_mut(key)?;
        self.clock += 1;
        self.by_age.remove(used);
        self.by_age.insert(self.clock, key.clone());
        *used = self.clock;
        Some(value.clone())
    }

    pub(super) fn put(&mut self, key: K, value: V) {
        self.clock += 1;
        if let Some((_, used)) = self.entries.insert(key.clone(), (value, self.clock)) {
            self.by_age.remove(&used);
        }
        self.by_age.insert(self.clock, key);
        while self.entries.len() > self.most {
            let Some((_, oldest)) = self.by_age.pop_first() else { break };
            self.entries.remove(&oldest);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_unused_goes_first() {
        let mut lru = Lru::new(2);
        lru.put("a", 1);
        lru.put("b", 2);
        assert_eq!(lru.get(&"a"), Some(1));
        lru.put("c", 3);
        assert_eq!((lru.get(&"a"), lru.get(&"b"), lru.get(&"c"), lru.len()), (Some(1), None, Some(3), 2));
        lru.put("a", 9);
        assert_eq!((lru.get(&"a"), lru.len()), (Some(9), 2));
    }
}
