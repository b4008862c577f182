//! The second factor: six digits that change every 30 seconds (RFC 6238), each good once.

use totp_rs::{Builder, Secret, Totp};

use super::random::random;

/// A user's shared secret.
#[derive(Clone)]
pub struct TotpKey(Totp);

impl std::fmt::Debug for TotpKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpKey(hidden)")
    }
}

/// What a checked code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondFactor {
    /// Right and not used before; remember this step as the last one used.
    Accepted {
        /// The number of the 30-second step.
        step: u64,
    },
    /// Right, but it or a later one was used before: somebody repeats it.
    Repeated,
    /// Not right.
    Wrong,
}

impl TotpKey {
    /// A new secret of 160 random bits, and its bytes to be sealed before they are stored.
    #[must_use]
    pub fn generate(user: &str) -> Option<(Self, [u8; 20])> {
        let secret = random::<20>();
        Some((Self::from_bytes(&secret, user)?, secret))
    }

    /// A stored secret.
    #[must_use]
    pub fn from_bytes(secret: &[u8], user: &str) -> Option<Self> {
        // A colon would end the name in the address.
        let user = user.replace(':', "_");
        let builder = Builder::new().with_secret(Secret::from(secret)).with_skew(1).with_account_name(user);
        builder.with_issuer(Some("Tradewind")).build().ok().map(Self)
    }

    /// The address that authenticator programs read.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.to_url().unwrap_or_default()
    }

    /// Checks a code at `now` (seconds since 1970): this step, the one before and the one after are right, and each only once
    /// (`last` is the step of the last accepted one).
    #[must_use]
    pub fn check(&self, code: &str, now: u64, last: Option<u64>) -> SecondFactor {
        match self.0.check(code, now) {
            Some(step) if last.is_none_or(|last| step > last) => SecondFactor::Accepted { step },
            Some(_) => SecondFactor::Repeated,
            None => SecondFactor::Wrong,
        }
    }

    /// The code at a time, for tests and the command line.
    #[must_use]
    pub fn code(&self, now: u64) -> String {
        self.0.generate(now).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, SHA-1, the last six of its eight digits.
        let key = TotpKey::from_bytes(b"12345678901234567890", "alice").unwrap();
        for (at, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(key.code(at), code);
        }
    }

    #[test]
    fn a_code_is_good_once_and_one_step_around_its_time() {
        let (key, _) = TotpKey::generate("alice").unwrap();
        let now = 1_795_000_000;
        let code = key.code(now);
        let SecondFactor::Accepted { step } = key.check(&code, now + 29, None) else { panic!("refused") };
        assert_eq!(key.check(&code, now, Some(step)), SecondFactor::Repeated);
        assert_eq!(key.check(&key.code(now - 30), now, Some(step)), SecondFactor::Repeated, "an older one");
        assert!(matches!(key.check(&key.code(now + 30), now, Some(step)), SecondFactor::Accepted { .. }));
        assert_eq!(key.check(&key.code(now + 90), now, None), SecondFactor::Wrong);
        for garbage in ["", "12345", "abcdef", "1234567", "１２３４５６"] {
            assert_eq!(key.check(garbage, now, None), SecondFactor::Wrong);
        }
    }
}
