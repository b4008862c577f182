//! The one-time code of the first start: whoever reads the terminal makes the first administrator.

use std::sync::{Mutex, PoisonError};

use super::random::{random, secret_hash};

/// Letters and digits that are not taken for one another.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Wrong codes after which the code is void until the next start: 60 bits need no more patience with guessing.
const WRONG_MAX: u32 = 20;

/// What is left of the code.
#[derive(Debug)]
enum State {
    Open { hash: [u8; 32], wrong: u32 },
    Used,
}

/// The code, if there is no user yet.
#[derive(Debug)]
pub struct SetupCode {
    // Held for one comparison.
    state: Mutex<State>,
}

/// A claimed code: gives it back when the administrator could not be made.
#[derive(Debug)]
pub struct Claim<'a> {
    code: &'a SetupCode,
    hash: [u8; 32],
    done: bool,
}

impl SetupCode {
    /// A new code, to be printed once: `ABCD-EFGH-JKLM`.
    #[must_use]
    pub fn generate() -> (Self, String) {
        let letters: Vec<char> =
            random::<12>().iter().map(|b| char::from(ALPHABET[usize::from(b % 32)])).collect();
        let text: Vec<String> = letters.chunks(4).map(|part| part.iter().collect()).collect();
        let text = text.join("-");
        let hash = secret_hash(&normal(&text));
        (Self { state: Mutex::new(State::Open { hash, wrong: 0 }) }, text)
    }

    /// None: there are users already.
    #[must_use]
    pub const fn used() -> Self {
        Self { state: Mutex::new(State::Used) }
    }

    /// Whether somebody may still set up.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(*self.state.lock().unwrap_or_else(PoisonError::into_inner), State::Open { .. })
    }

    /// Takes the code if it is right: of two who send it at once one gets it.
    pub fn claim(&self, code: &str) -> Option<Claim<'_>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State::Open { hash, wrong } = &mut *state else { return None };
        let hash = *hash;
        // Hashes are compared: how long that takes tells nothing about the code.
        if secret_hash(&normal(code)) != hash {
            *wrong += 1;
            if *wrong >= WRONG_MAX {
                tracing::warn!("too many wrong setup codes: restart to get a new one");
                *state = State::Used;
            }
            return None;
        }
        *state = State::Used;
        Some(Claim { code: self, hash, done: false })
    }
}

impl Claim<'_> {
    /// The administrator was made.
    pub fn done(mut self) {
        self.done = true;
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if !self.done {
            let mut state = self.code.state.lock().unwrap_or_else(PoisonError::into_inner);
            *state = State::Open { hash: self.hash, wrong: 0 };
        }
    }
}

/// Case, spaces and dashes do not matter.
fn normal(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_makes_one_administrator() {
        let (setup, code) = SetupCode::generate();
        assert_eq!(code.len(), 14);
        assert!(setup.claim("AAAA-AAAA-AAAA").is_none());
        let claim = setup.claim(&code.to_lowercase().replace('-', " ")).unwrap();
        assert!(setup.claim(&code).is_none(), "somebody has it");
        drop(claim);
        setup.claim(&code).unwrap().done();
        assert!(setup.claim(&code).is_none() && !setup.is_open());
    }

    #[test]
    fn guessing_ends_it() {
        let (setup, code) = SetupCode::generate();
        for _ in 0..WRONG_MAX {
            assert!(setup.claim("wrong").is_none());
        }
        assert!(setup.claim(&code).is_none());
    }
}
