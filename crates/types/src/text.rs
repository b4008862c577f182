//! Short texts with a fixed capacity: stored inline, `Copy`, so that hot paths never allocate for them.

/// Why a text is not acceptable for its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextError {
    /// Nothing between the quotes.
    Empty,
    /// Longer than the type allows (bytes).
    TooLong {
        /// The longest allowed.
        max: usize,
    },
    /// A character outside the allowed set.
    IllegalCharacter,
}

impl std::fmt::Display for TextError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::TooLong { max } => write!(f, "is longer than {max} characters"),
            Self::IllegalCharacter => f.write_str("has a character that is not allowed"),
        }
    }
}
impl std::error::Error for TextError {}

macro_rules! short_text {
    ($(#[$doc:meta])* $name:ident, $max:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name {
            len: u8,
            bytes: [u8; $max],
        }

        impl $name {
            /// Longest text in bytes.
            pub const LEN_MAX: usize = $max;

            /// Checks and stores `text`.
            pub fn new(text: &str) -> Result<Self, TextError> {
                let raw = text.as_bytes();
                if raw.is_empty() {
                    return Err(TextError::Empty);
                }
                if raw.len() > $max {
                    return Err(TextError::TooLong { max: $max });
                }
                let allowed: fn(u8) -> bool = $allowed;
                if !raw.iter().all(|b| allowed(*b)) {
                    return Err(TextError::IllegalCharacter);
                }
                let mut bytes = [0; $max];
                bytes[..raw.len()].copy_from_slice(raw);
                let len = u8::try_from(raw.len()).map_err(|_| TextError::TooLong { max: $max })?;
                Ok(Self { len, bytes })
            }

            /// The text's bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                &self.bytes[..usize::from(self.len)]
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{:?}", self.as_str())
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }
        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                // Zeros behind the text sort before every character, so a prefix sorts before what it begins.
                self.bytes.cmp(&other.bytes)
            }
        }
        impl std::str::FromStr for $name {
            type Err = TextError;
            fn from_str(text: &str) -> Result<Self, TextError> {
                Self::new(text)
            }
        }
    };
}

short_text!(
    /// A client order id: `^[\.A-Z\:/a-z0-9_-]{1,36}$` (Binance `newClientOrderId`).
    ClientOrderId,
    36,
    |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'/' | b'_' | b'-')
);
short_text!(
    /// A market's symbol: upper-case letters and digits (`BTCUSDT`), `-` and `_` for other venues (`KRW-BTC`).
    Symbol,
    20,
    |b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_')
);
short_text!(
    /// A venue's name: lower-case letters and digits (`binance`).
    VenueName,
    12,
    |b| b.is_ascii_lowercase() || b.is_ascii_digit()
);
short_text!(
    /// An asset's code: upper-case letters and digits (`BTC`).
    AssetCode,
    10,
    |b| b.is_ascii_uppercase() || b.is_ascii_digit()
);
short_text!(
    /// An account's name, unique on an exchange: letters, digits and `. _ - @`.
    AccountName,
    40,
    |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'@')
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_their_rules() {
        assert_eq!(ClientOrderId::new("bot-7").map(|c| c.to_string()), Ok("bot-7".into()));
        assert_eq!(ClientOrderId::new(""), Err(TextError::Empty));
        assert_eq!(ClientOrderId::new(&"x".repeat(37)), Err(TextError::TooLong { max: 36 }));
        assert_eq!(ClientOrderId::new("a b"), Err(TextError::IllegalCharacter));
        assert_eq!(Symbol::new("btcusdt"), Err(TextError::IllegalCharacter));
        assert!(AccountName::new("alice@example.org").is_ok());
    }

    #[test]
    fn texts_sort_as_texts() {
        let (a, b) = (Symbol::new("AB").unwrap(), Symbol::new("B").unwrap());
        assert!(a < b);
    }
}
