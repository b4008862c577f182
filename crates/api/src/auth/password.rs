//! Passwords: argon2id, a bounded number at a time, and a rule for what is too weak.
//!
//! One check costs about 20 ms of a core and 19 MiB, which is its purpose; so at most (cores − 1) run at once, 64 wait, and
//! the next is told to come back. Trading never waits behind people who log in: each check has a thread of its own, which the system
//! runs after everything else of this process. The memory goes from one who checks to the next, and
//! back to the system when nobody waits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::{Semaphore, oneshot};

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
/// How far behind everything else a check stands (`setpriority`, 0 to 19).
const NICE: i32 = 10;
/// Length of an output in bytes.
const OUTPUT_LEN: usize = 32;
/// So many blocks of a KiB are asked for at least. Requests of 32 MiB and more are a mapping of their own with every allocator that this
/// program is built with, whatever was asked for before: they go back to the system when they are dropped. What is not
/// touched of it takes no memory.
const BLOCKS_ASKED: usize = 33 * 1024;

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
    memory: Memory,
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
        Self {
            running: Arc::new(Semaphore::new(at_once)),
            waiting: Arc::default(),
            memory: Memory::default(),
            dummy: Arc::from(nobodys().unwrap_or_default()),
        }
    }

    /// The PHC text to store for a password.
    ///
    /// # Errors
    /// See [`PasswordError`].
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.run(move |blocks| hash_now(password.as_bytes(), blocks)).await?
    }

    /// Whether a password fits a stored text; with `None` (no such user) the same work is done and the answer is no.
    ///
    /// # Errors
    /// See [`PasswordError`].
    pub async fn fits(&self, password: String, stored: Option<String>) -> Result<bool, PasswordError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.dummy.to_string());
        let fits = self.run(move |blocks| verify_now(password.as_bytes(), &stored, blocks)).await??;
        Ok(fits && known)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let waits = Waits::enter(&self.waiting).ok_or(PasswordError::Busy)?;
        let permit = Arc::clone(&self.running).acquire_owned().await.map_err(|_| PasswordError::Failed)?;
        drop(waits);
        let (memory, waiting) = (self.memory.clone(), Arc::clone(&self.waiting));
        let (answer, answered) = oneshot::channel();
        let check = move || {
            // Of this thread alone (Linux); where it cannot be had, checks are like everything else.
            let _ = rustix::process::setpriority_process(None, NICE);
            let mut blocks = memory.take();
            let done = work(&mut blocks);
            // The next one has it; without a next one it is given back.
            if waiting.load(Ordering::Relaxed) > 0 {
                memory.put(blocks);
            } else {
                memory.give_back();
            }
            drop(permit);
            // Nobody waits any more when the client went away.
            let _ = answer.send(done);
        };
        // A thread costs a thousandth of what it is for.
        let spawned = std::thread::Builder::new().name("password".to_owned()).spawn(check);
        spawned.map_err(|_| PasswordError::Failed)?;
        answered.await.map_err(|_| PasswordError::Failed)
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

/// Memory of checks that are over, for those that wait.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<Vec<Block>>>>);

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memory")
    }
}

impl Memory {
    fn take(&self) -> Vec<Block> {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(|| Vec::with_capacity(BLOCKS_ASKED))
    }

    fn put(&self, blocks: Vec<Block>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(blocks);
    }

    fn give_back(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn argon(params: &Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
}

fn params() -> Result<Params, PasswordError> {
    Params::new(MEMORY_KIB, PASSES, 1, Some(OUTPUT_LEN)).map_err(|_| PasswordError::Failed)
}

fn output(
    argon: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    len: usize,
    blocks: &mut Vec<Block>,
) -> Result<Output, PasswordError> {
    let mut out = [0; Output::MAX_LENGTH];
    let out = out.get_mut(..len).ok_or(PasswordError::Failed)?;
    blocks.resize(argon.params().block_count(), Block::default());
    argon.hash_password_into_with_memory(password, salt, out, blocks).map_err(|_| PasswordError::Failed)?;
    Output::new(out).map_err(|_| PasswordError::Failed)
}

fn phc(salt: &[u8], hash: Output) -> Result<String, PasswordError> {
    let failed = |_| PasswordError::Failed;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params()?).map_err(|_| PasswordError::Failed)?,
        salt: Some(Salt::new(salt).map_err(failed)?),
        hash: Some(hash),
    };
    Ok(hash.to_string())
}

/// The hash of no password anybody knows: checking one against it costs what every check costs.
fn nobodys() -> Result<String, PasswordError> {
    phc(&random::<16>(), Output::new(&random::<OUTPUT_LEN>()).map_err(|_| PasswordError::Failed)?)
}

fn hash_now(password: &[u8], blocks: &mut Vec<Block>) -> Result<String, PasswordError> {
    let salt = random::<16>();
    phc(&salt, output(&argon(&params()?), password, &salt, OUTPUT_LEN, blocks)?)
}

fn verify_now(password: &[u8], stored: &str, blocks: &mut Vec<Block>) -> Result<bool, PasswordError> {
    let stored = PasswordHash::new(stored).map_err(|_| PasswordError::Failed)?;
    let ours =
        stored.algorithm == Algorithm::Argon2id.ident() && stored.version == Some(Version::V0x13.into());
    let (Some(salt), Some(hash), true) = (&stored.salt, &stored.hash, ours) else {
        return Err(PasswordError::Failed);
    };
    let params = Params::try_from(&stored).map_err(|_| PasswordError::Failed)?;
    let found = output(&argon(&params), password, salt, hash.len(), blocks)?;
    // Compared in constant time by `Output`.
    Ok(found == *hash)
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
    async fn hashes_are_those_of_everybody_else_and_the_memory_is_given_back() {
        use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
        let (passwords, argon) = (Passwords::new(1), argon(&params().unwrap()));
        let ours = passwords.hash("correct horse battery".into()).await.unwrap();
        assert_eq!(argon.verify_password(b"correct horse battery", ours.as_str()), Ok(()));
        let theirs = argon.hash_password_with_salt(b"correct horse battery", &[7; 16]).unwrap().to_string();
        assert_eq!(passwords.fits("correct horse battery".into(), Some(theirs)).await, Ok(true));
        assert!(passwords.memory.0.lock().unwrap().is_empty(), "nobody waits");
        let (first, second) =
            tokio::join!(passwords.fits("x".into(), None), passwords.fits("y".into(), None));
        assert_eq!((first, second), (Ok(false), Ok(false)));
        assert!(passwords.memory.0.lock().unwrap().is_empty(), "the last one gave it back");
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
