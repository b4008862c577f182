//! Who somebody is, and what they may do. The settings are those of OWASP ASVS 5.0 levels 1 and 2.

mod password;
pub(crate) mod principal;
mod random;
mod sessions;
mod setup;
pub(crate) mod signed;
mod throttle;
mod token;
mod totp;
mod vault;

pub use password::{PasswordError, Passwords, check_strength};
pub(crate) use random::serial;
pub use random::{opaque_token, secret_hash};
pub use sessions::{Live, Sessions};
pub use setup::{Claim, SetupCode};
pub use throttle::{Throttle, Verdict};
pub(crate) use token::LIFE_S;
pub use token::{Claims, TokenError, Tokens};
pub use totp::{SecondFactor, TotpKey};
pub use vault::{SealBroken, Vault};
