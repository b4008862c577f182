//! Passwords: argon2id, a bounded number at a time, and a rule for what is too weak.
//!
//! One check costs about 20 ms of a core and 19 MiB, which is its purpose; so at most (cores − 1) run at once, 64 wait, and
//! the next is told to come back. Trading never waits behind people who log in.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::random::random;

/// Shortest password in bytes (OWASP ASVS 5.0, 6.2.1 asks for 8 and recommends more).
pub(super) const LEN_MIN: usize = 12;
/// Longest password in bytes: beyond it nothing is gained, and hashing a megabyte is an attack.
pub(super) const LEN_MAX: usize = 128;
/// Most checks that wait; at 20 ms each the last of them waits about a second.
const WAITING_MAX: usize = 64;
/// argon2id, m = 19,456 KiB, t = 2, p = 1 (OWASP Password Storage Cheat Sheet).
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;

/// Why a password could not be hashed or checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too many at once.
    #[error("too many people log in at this moment; try again in a second")]
    Busy,
    /// The hash in the database is not one of ours, or memory ran out.
    #[error("the password could not be checked")]
    Failed,
}

/// Checks passwords. Clone freely.
#[derive(Clone, Debug)]
pub struct Passwords {
    running: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    /// A hash that nothing matches, for users that do not exist: their check must take as long.
    dummy: Arc<str>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new(std::thread::available_parallelism().map_or(1, |n| n.get().saturating_sub(1).max(1)))
    }
}

impl Passwords {
    /// With so many checks at once.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        let dummy = hash_now(&random::<32>()).unwrap_or_default();
        Self {
            running: Arc::new(Semaphore::new(at_once)),
            waiting: Arc::default(),
            dummy: Arc::from(dummy.as_str()),
        }
    }

    /// The PHC text to store for a password.
    ///
    /// # Errors
    /// See [`PasswordError`].
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.run(move || hash_now(password.as_bytes())).await?
    }

    /// Whether a password fits a stored text; with `None` (no such user) the same work is done and the answer is no.
    ///
    /// # Errors
    /// See [`PasswordError`].
    pub async fn fits(&self, password: String, stored: Option<String>) -> Result<bool, PasswordError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.dummy.to_string());
        let fits = self.run(move || verify_now(password.as_bytes(), &stored)).await??;
        Ok(fits && known)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let waits = Waits::enter(&self.waiting).ok_or(PasswordError::Busy)?;
        let permit = Arc::clone(&self.running).acquire_owned().await.map_err(|_| PasswordError::Failed)?;
        drop(waits);
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        done.await.map_err(|_| PasswordError::Failed)
    }
}

/// One who waits; leaves by being dropped, also when the client goes away.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn enter(count: &'a AtomicUsize) -> Option<Self> {
        let waits = Self(count);
        // The guard exists already, so a refused one counts itself out again.
        (count.fetch_add(1, Ordering::Relaxed) < WAITING_MAX).then_some(waits)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn argon() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|_| PasswordError::Failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_now(password: &[u8]) -> Result<String, PasswordError> {
    let hash = argon()?.hash_password_with_salt(password, &random::<16>());
    hash.map(|hash| hash.to_string()).map_err(|_| PasswordError::Failed)
}

fn verify_now(password: &[u8], stored: &str) -> Result<bool, PasswordError> {
    use argon2::password_hash::Error;
    let stored = PasswordHash::new(stored).map_err(|_| PasswordError::Failed)?;
    match argon()?.verify_password(password, &stored) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(_) => Err(PasswordError::Failed),
    }
}

/// Words that long but common passwords are made of; what is left of the password after they are taken out counts.
const GUESSED_FIRST: &[&str] = &[
    "password",
    "passwort",
    "passw0rd",
    "p@ssw0rd",
    "qwertyuiop",
    "qwerty",
    "asdfghjkl",
    "zxcvbnm",
    "letmein",
    "welcome",
    "admin",
    "administrator",
    "iloveyou",
    "princess",
    "dragon",
    "monkey",
    "football",
    "baseball",
    "superman",
    "batman",
    "trustno1",
    "bitcoin",
    "binance",
    "tradewind",
    "trading",
    "trader",
    "changeme",
    "secret",
    "default",
    "master",
    "login",
    "test",
];

/// Says why a password is too weak, if it is. `names` are words that must not make it up (user name, e-mail).
#[must_use]
pub fn check_strength(password: &str, names: &[&str]) -> Option<String> {
    if password.len() < LEN_MIN {
        return Some(format!("a password has at least {LEN_MIN} characters"));
    }
    if password.len() > LEN_MAX {
        return Some(format!("a password has at most {LEN_MAX} bytes"));
    }
    let mut rest = password.to_lowercase();
    let names = names.iter().flat_map(|name| name.split('@')).filter(|name| name.len() >= 3);
    for word in GUESSED_FIRST.iter().copied().map(str::to_owned).chain(names.map(str::to_lowercase)) {
        rest = rest.replace(&word, "");
    }
    let mut seen: Vec<char> = rest.chars().collect();
    seen.sort_unstable();
    seen.dedup();
    if seen.len() < 5 || is_a_run(&rest) {
        return Some(
            "this password is easy to guess; use a few unrelated words, or a password manager".to_owned(),
        );
    }
    None
}

/// True for `123456789012`, `abcdefghijkl` and the like: most neighbours differ by the same small step.
fn is_a_run(text: &str) -> bool {
    let codes: Vec<i64> = text.chars().map(|c| i64::from(u32::from(c))).collect();
    let regular = codes.windows(2).filter(|w| (w[1] - w[0]).abs() <= 1).count();
    codes.len() < 4 || regular * 4 >= codes.len() * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let passwords = Passwords::new(1);
        let stored = passwords.hash("correct horse battery".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(passwords.fits("correct horse battery".into(), Some(stored.clone())).await, Ok(true));
        assert_eq!(passwords.fits("correct horse batterx".into(), Some(stored)).await, Ok(false));
        assert_eq!(passwords.fits("correct horse battery".into(), None).await, Ok(false));
        assert_eq!(passwords.fits("x".into(), Some("not a hash".into())).await, Err(PasswordError::Failed));
    }

    #[tokio::test]
    async fn beyond_the_queue_one_is_told_to_come_back_and_leaving_makes_room() {
        let passwords = Passwords::new(1);
        let held = passwords.running.clone().acquire_owned().await.unwrap();
        let mut waiting: Vec<_> =
            (0..WAITING_MAX).map(|_| Box::pin(passwords.fits("x".into(), None))).collect();
        for one in &mut waiting {
            assert!(
                one.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_pending()
            );
        }
        assert_eq!(passwords.fits("x".into(), None).await, Err(PasswordError::Busy));
        waiting.clear();
        drop(held);
        assert_eq!(passwords.fits("x".into(), None).await, Ok(false));
        assert_eq!(passwords.waiting.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn weak_passwords_are_told_why() {
        for weak in [
            "short",
            "password1234",
            "123456789012",
            "aaaaaaaaaaaa",
            "qwertyuiop12",
            "aliceAlice123",
            "abcdefghijkl",
        ] {
            assert!(check_strength(weak, &["alice", "alice@example.org"]).is_some(), "{weak}");
        }
        assert!(check_strength(&"x9K".repeat(50), &[]).is_some(), "too long");
        for good in ["correct horse battery", "gH7!kd93Lw0z", "여름밤 바다 소리"] {
            assert_eq!(check_strength(good, &["alice"]), None, "{good}");
        }
    }
}
