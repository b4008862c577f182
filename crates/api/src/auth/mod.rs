//! Who somebody is, and what they may do. The settings are those of OWASP ASVS 5.0 levels 1 and 2.

mod password;
mod random;
mod throttle;
mod token;
mod totp;

pub use password::{PasswordError, Passwords, check_strength};
pub use random::{opaque_token, secret_hash};
pub use throttle::{Throttle, Verdict};
pub use token::{Claims, TokenError, Tokens};
pub use totp::{SecondFactor, TotpKey};
