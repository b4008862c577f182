//! `application/x-www-form-urlencoded` text, both ways.

use crate::error::ApiError;

type Pairs = Vec<(String, String)>;

/// The pairs of a query string or form body. Empty pieces are skipped; a piece without `=` has an empty value.
pub(super) fn pairs(text: &str) -> Result<Pairs, ApiError> {
    let mut pairs = Pairs::new();
    for piece in text.split('&').filter(|piece| !piece.is_empty()) {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        super::push(&mut pairs, decode(name), decode(value))?;
    }
    Ok(pairs)
}

/// `%XX` and `+` decoded. A `%` without two hexadecimal digits stays; bytes that are no UTF-8 become U+FFFD, which no
/// parameter allows.
pub(crate) fn decode(text: &str) -> String {
    if !text.bytes().any(|b| b == b'%' || b == b'+') {
        return text.to_owned();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => out.push(b' '),
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    rest = after;
                }
                _ => out.push(b'%'),
            },
            (other, _) => out.push(*other),
        }
    }
    String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Percent-encodes everything but the unreserved characters (Python's `urlencode`: space becomes `+`).
pub(super) fn encode(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            other => {
                out.push('%');
                out.push(char::from(HEX[usize::from(other >> 4)]));
                out.push(char::from(HEX[usize::from(other & 15)]));
            }
        }
    }
}

/// All pairs but `signature`, sorted by name, joined as `k=v&k=v`.
pub(super) fn sorted(pairs: &[(String, String)], write: fn(&mut String, &str)) -> String {
    let mut sorted: Vec<_> = pairs.iter().filter(|(name, _)| name != "signature").collect();
    sorted.sort();
    let mut out = String::new();
    for (name, value) in sorted {
        if !out.is_empty() {
            out.push('&');
        }
        write(&mut out, name);
        out.push('=');
        write(&mut out, value);
    }
    out
}
