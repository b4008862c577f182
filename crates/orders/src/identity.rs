//! An intent's identity and its text at the venue: the client order id.
//!
//! The id is the identity written in base 32, not a hash of it: two intents can never share one, and an id that comes back
//! from a venue tells whose it is. Layout, 21 bytes big-endian: installation 4, account 4, bot 4, decision 8, attempt 1.

use types::{AccountId, ClientOrderId};

/// A bot of an account; 0 stands for manual orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BotId(pub u32);

/// What makes an order this order and no other (invariant B1: one decision per bot and input).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// Number of this installation, random at its first start: two of them may share a venue account.
    pub installation: u32,
    /// Whose money.
    pub account: AccountId,
    /// Whose idea.
    pub bot: BotId,
    /// The bot's decision number, rising.
    pub decision: u64,
    /// 0 for the first; a new attempt after a resolved UNKNOWN gets the next one.
    pub attempt: u8,
}

/// Marks ids of ours and their format.
const PREFIX: &str = "t-";
/// RFC 4648 base 32, lower case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const BYTES: usize = 21;
const DIGITS: usize = (BYTES * 8).div_ceil(5);

impl Identity {
    /// The id that the venue is given: `t-` and 34 characters.
    #[must_use]
    pub fn client_id(&self) -> ClientOrderId {
        let mut bytes = [0; BYTES];
        bytes[..4].copy_from_slice(&self.installation.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.account.0.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.bot.0.to_be_bytes());
        bytes[12..20].copy_from_slice(&self.decision.to_be_bytes());
        bytes[20] = self.attempt;
        let mut text = [0; PREFIX.len() + DIGITS];
        text[..PREFIX.len()].copy_from_slice(PREFIX.as_bytes());
        for (i, digit) in text[PREFIX.len()..].iter_mut().enumerate() {
            *digit = ALPHABET[usize::from(five_bits(&bytes, i * 5))];
        }
        let text = std::str::from_utf8(&text).expect("the alphabet is ASCII");
        ClientOrderId::new(text).expect("36 characters of the allowed set")
    }

    /// Reads an id back; `None` if it is not one of ours.
    #[must_use]
    pub fn parse(id: &ClientOrderId) -> Option<Self> {
        let digits = id.as_bytes().strip_prefix(PREFIX.as_bytes())?;
        if digits.len() != DIGITS {
            return None;
        }
        let (mut bytes, mut held, mut bits, mut at) = ([0_u8; BYTES], 0_u32, 0_u32, 0);
        for digit in digits {
            let value = match digit {
                b'a'..=b'z' => digit - b'a',
                b'2'..=b'7' => digit - b'2' + 26,
                _ => return None,
            };
            held = (held << 5) | u32::from(value);
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                // The last digit's spare bits are zero in an id of ours.
                *bytes.get_mut(at)? = ((held >> bits) & 0xff) as u8;
                at += 1;
                held &= (1 << bits) - 1;
            }
        }
        if held != 0 {
            return None;
        }
        let four = |from: usize| bytes[from..from + 4].try_into().map(u32::from_be_bytes).ok();
        Some(Self {
            installation: four(0)?,
            account: AccountId(four(4)?),
            bot: BotId(four(8)?),
            decision: bytes[12..20].try_into().map(u64::from_be_bytes).ok()?,
            attempt: bytes[20],
        })
    }
}

/// Five bits from bit `at` on, zero beyond the end.
fn five_bits(bytes: &[u8], at: usize) -> u8 {
    let pair = u16::from(bytes[at / 8]) << 8 | u16::from(bytes.get(at / 8 + 1).copied().unwrap_or(0));
    ((pair >> (11 - at % 8)) & 31) as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn b1_an_id_is_its_identity_and_nothing_else(a: u32, b: u32, c: u32, decision: u64, attempt: u8) {
            let identity =
                Identity { installation: a, account: AccountId(b), bot: BotId(c), decision, attempt };
            prop_assert_eq!(Identity::parse(&identity.client_id()), Some(identity));
            let next = Identity { decision: decision.wrapping_add(1), ..identity };
            prop_assert_ne!(identity.client_id(), next.client_id());
        }

        #[test]
        fn other_ids_are_not_ours(text in "[a-z0-9-]{1,36}") {
            let id = ClientOrderId::new(&text).unwrap();
            if let Some(identity) = Identity::parse(&id) {
                prop_assert_eq!(identity.client_id(), id);
            }
        }
    }

    #[test]
    fn an_id_of_a_person_is_not_ours() {
        for text in ["bot-7", "t-", "t-abc", "x-R4BD3S82b7f1c0"] {
            assert_eq!(Identity::parse(&ClientOrderId::new(text).unwrap()), None);
        }
    }
}
