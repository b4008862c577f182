//! Which of a window's slots are occupied, with a summary word per 64 words, so that the next occupied slot is found
//! by a few word operations. Cost: at most one word per 4,096 slots is looked at, plus two.

/// Bits per word.
const BITS: usize = u64::BITS as usize;

/// A set of slot numbers below a fixed bound.
#[derive(Clone, Debug)]
pub(super) struct Bitset {
    words: Vec<u64>,
    /// Bit `i` is set when `words[i]` is not zero.
    summary: Vec<u64>,
}

impl Bitset {
    /// An empty set of numbers below `len`.
    pub(super) fn new(len: usize) -> Self {
        let words = len.div_ceil(BITS);
        Self { words: vec![0; words], summary: vec![0; words.div_ceil(BITS)] }
    }

    pub(super) fn set(&mut self, at: usize) {
        let word = at / BITS;
        self.words[word] |= 1 << (at % BITS);
        self.summary[word / BITS] |= 1 << (word % BITS);
    }

    pub(super) fn clear(&mut self, at: usize) {
        let word = at / BITS;
        self.words[word] &= !(1 << (at % BITS));
        if self.words[word] == 0 {
            self.summary[word / BITS] &= !(1 << (word % BITS));
        }
    }

    pub(super) fn clear_all(&mut self) {
        self.words.fill(0);
        self.summary.fill(0);
    }

    /// The smallest number in the set that is not below `from`.
    pub(super) fn next(&self, from: usize) -> Option<usize> {
        let word = from / BITS;
        let rest = self.words.get(word)? >> (from % BITS);
        if rest != 0 {
            return Some(from + rest.trailing_zeros() as usize);
        }
        let word = next_set(&self.summary, word + 1)?;
        Some(word * BITS + self.words[word].trailing_zeros() as usize)
    }
}

/// The first set bit of `words` not below `from`.
fn next_set(words: &[u64], from: usize) -> Option<usize> {
    let first = words.get(from / BITS)? >> (from % BITS);
    if first != 0 {
        return Some(from + first.trailing_zeros() as usize);
    }
    let later = from / BITS + 1;
    let word = later + words[later..].iter().position(|word| *word != 0)?;
    Some(word * BITS + words[word].trailing_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_occupied_slot_is_found_across_words_and_summaries() {
        let mut set = Bitset::new(16_384);
        let members = [0, 63, 64, 4_095, 4_096, 9_000, 16_383];
        for at in members {
            set.set(at);
        }
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(at) = set.next(from) {
            found.push(at);
            from = at + 1;
        }
        assert_eq!(found, members);
        set.clear(63);
        set.clear(64);
        assert_eq!(set.next(1), Some(4_095));
        set.clear_all();
        assert_eq!(set.next(0), None);
    }
}
