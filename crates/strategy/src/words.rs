//! The texts of the program that saved states name: codes of reasons and names of their numbers.
//!
//! In a decision they are `&'static str`, so that the hot path copies and never allocates. One that is read back is not known
//! to be program text, so it is kept for the life of the process, each text once. Limit: `WORDS_MAX` texts per process that
//! loads; a state that names more is not one of ours.

use std::collections::BTreeSet;

/// Most different texts: all strategies together have a few hundred.
const WORDS_MAX: usize = 10_000;
/// What a text beyond [`WORDS_MAX`] becomes.
const TOO_MANY: &str = "unknown";

/// Texts read from saved states. A process keeps one of these.
#[derive(Clone, Debug, Default)]
pub struct Words(BTreeSet<&'static str>);

impl Words {
    /// The same text, for ever.
    pub fn keep(&mut self, text: &str) -> &'static str {
        if let Some(known) = self.0.get(text) {
            return known;
        }
        if self.0.len() >= WORDS_MAX {
            return TOO_MANY;
        }
        let kept: &'static str = String::leak(text.to_owned());
        self.0.insert(kept);
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_once() {
        let mut words = Words::default();
        let one = words.keep("crossed_up");
        assert!(std::ptr::eq(one, words.keep(&String::from("crossed_up"))));
        assert_eq!(words.0.len(), 1);
    }
}
