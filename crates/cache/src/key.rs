//! Readable keys: `market:candles:BTCUSDT:1m:500`, `user:0192…:settings`.

use crate::class::Class;

/// Longest key, bytes: what is longer is not cached.
pub(crate) const KEY_LEN_MAX: usize = 250;

/// A key of a class.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub(crate) class: Class,
    pub(crate) text: String,
}

impl Key {
    /// Of something that everybody sees alike.
    #[must_use]
    pub fn public(class: Class, parts: &[&str]) -> Self {
        Self { class, text: join("market", parts) }
    }

    /// Of something that belongs to somebody. Two owners never share a key, whatever the parts hold.
    #[must_use]
    pub fn owned(class: Class, owner: u128, parts: &[&str]) -> Self {
        Self { class, text: join(&format!("user:{owner:032x}"), parts) }
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its class.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }
}

/// Parts come from clients: what separates parts is written out, so that no two lists of parts look the same.
fn join(head: &str, parts: &[&str]) -> String {
    let len = head.len() + parts.iter().map(|part| part.len() + 1).sum::<usize>();
    let mut text = String::with_capacity(len);
    text.push_str(head);
    for part in parts {
        text.push(':');
        let plain = |b: u8| b.is_ascii_graphic() && b != b':' && b != b'%';
        if part.bytes().all(plain) {
            text.push_str(part);
            continue;
        }
        for c in part.chars() {
            match c {
                ':' => text.push_str("%3A"),
                '%' => text.push_str("%25"),
                c if c.is_control() || c.is_whitespace() => text.push_str(&format!("%{:02X}", u32::from(c))),
                c => text.push(c),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_readable_and_no_two_lists_of_parts_are_one_key() {
        let key = |parts: &[&str]| Key::public(Class::General, parts).text;
        assert_eq!(key(&["candles", "BTCUSDT", "1m"]), "market:candles:BTCUSDT:1m");
        let all = [
            key(&["a", "b"]),
            key(&["a:b"]),
            key(&["a%3Ab"]),
            key(&["a", "", "b"]),
            key(&["a b"]),
            key(&["a\nb"]),
            key(&["ab"]),
        ];
        for (n, one) in all.iter().enumerate() {
            assert!(all[n + 1..].iter().all(|other| other != one), "{one}");
        }
    }

    #[test]
    fn an_owner_cannot_be_forged_by_parts() {
        let mine = Key::owned(Class::Profiles, 7, &["settings"]);
        let forged =
            Key::owned(Class::Profiles, 8, &["x", "user:00000000000000000000000000000007", "settings"]);
        assert_ne!(mine.text, forged.text);
        assert!(mine.text.starts_with("user:00000000000000000000000000000007:"));
        assert!(!Key::public(Class::Profiles, &["user", "7"]).text.starts_with("user:"));
    }
}
