//! Readable keys: `market:ohlcv:BTC:USDT:1m:limit=100`, `user:0192…:settings`.

use std::time::Duration;

use crate::class::{Class, NEGATIVE_LIFE};

/// Longest key, bytes: what is longer is not cached.
pub(crate) const KEY_LEN_MAX: usize = 250;

/// Longest version, bytes: its length is one byte beside the value.
const VERSION_LEN_MAX: usize = 255;

/// A key of a class, with what its value must be to be good.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub(crate) class: Class,
    pub(crate) text: String,
    /// Empty: any value is good.
    pub(crate) version: String,
    within: Option<Duration>,
}

impl Key {
    /// Of something that everybody sees alike.
    #[must_use]
    pub fn public(class: Class, parts: &[&str]) -> Self {
        Self { class, text: join("market", parts), version: String::new(), within: None }
    }

    /// Of something that belongs to somebody. Two owners never share a key, whatever the parts hold.
    #[must_use]
    pub fn owned(class: Class, owner: u128, parts: &[&str]) -> Self {
        let text = join(&format!("user:{owner:032x}"), parts);
        Self { class, text, version: String::new(), within: None }
    }

    /// Only a value that was made of this version is good; one of another version is replaced where it stands. Longer ones than 255 bytes
    /// are never the same as another.
    #[must_use]
    pub fn at(self, version: String) -> Self {
        Self { version, ..self }
    }

    /// The value is good for so long at most, where that is less than its class says.
    #[must_use]
    pub fn within(self, life: Duration) -> Self {
        Self { within: Some(life), ..self }
    }

    /// Whether what this key stands for can be kept at all.
    pub(crate) const fn is_keepable(&self) -> bool {
        self.text.len() <= KEY_LEN_MAX && self.version.len() <= VERSION_LEN_MAX
    }

    /// How old its value, or the knowledge that there is none, may be.
    pub(crate) fn life(&self, is_there: bool) -> Duration {
        self.shorter(if is_there { self.class.life() } else { NEGATIVE_LIFE })
    }

    /// How long Redis keeps it.
    pub(crate) fn remote_life(&self, is_there: bool) -> Duration {
        self.shorter(if is_there { self.class.remote_life() } else { NEGATIVE_LIFE })
    }

    fn shorter(&self, life: Duration) -> Duration {
        self.within.map_or(life, |within| within.min(life))
    }

    /// Under what those who wait for the same value of the same version find each other. No text holds a line feed.
    pub(crate) fn flight(&self) -> String {
        format!("{}\n{}", self.text, self.version)
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
    fn a_key_shortens_the_life_of_its_class_and_never_lengthens_it() {
        let key = Key::public(Class::OpenCandles, &["ohlcv"]);
        assert_eq!(key.life(true), Class::OpenCandles.life());
        let minute = key.clone().within(Duration::from_secs(60));
        assert_eq!(minute.life(true), Duration::from_secs(60));
        assert_eq!(minute.remote_life(true), Duration::from_secs(60));
        assert_eq!(minute.life(false), NEGATIVE_LIFE);
        assert_eq!(key.within(Duration::MAX).life(true), Class::OpenCandles.life());
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
