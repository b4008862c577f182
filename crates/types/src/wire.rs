//! The primitives of every binary format of ours: little-endian fixed integers, LEB128 lengths, length-prefixed bytes.
//! Formats carry their own version; this module only reads and writes. Reading never panics and never over-allocates.

/// Why bytes could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireError {
    /// The bytes end too early.
    Truncated,
    /// A value that the format does not allow.
    Invalid,
}

impl std::fmt::Display for WireError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the bytes end too early",
            Self::Invalid => "a value is not allowed here",
        })
    }
}
impl std::error::Error for WireError {}

/// Appends values to a buffer that the caller reuses.
#[derive(Debug)]
pub struct Writer<'a>(pub &'a mut Vec<u8>);

/// Takes values from the front of a slice.
#[derive(Clone, Debug)]
pub struct Reader<'a>(&'a [u8]);

macro_rules! fixed {
    ($($name:ident: $ty:ty),*) => {
        impl Writer<'_> {
            $(
                /// Fixed width, little-endian.
                pub fn $name(&mut self, value: $ty) {
                    self.0.extend_from_slice(&value.to_le_bytes());
                }
            )*
        }
        impl Reader<'_> {
            $(
                /// Fixed width, little-endian.
                pub fn $name(&mut self) -> Result<$ty, WireError> {
                    let bytes = self.take(size_of::<$ty>())?;
                    bytes.try_into().map(<$ty>::from_le_bytes).map_err(|_| WireError::Truncated)
                }
            )*
        }
    };
}
fixed!(u8: u8, u16: u16, u32: u32, u64: u64, i64: i64, i128: i128);

impl Writer<'_> {
    /// LEB128: small numbers are short.
    pub fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push((value & 0x7f) as u8);
    }

    /// Length, then the bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    /// Length, then UTF-8.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// 0 or 1.
    pub fn bool(&mut self, value: bool) {
        self.0.push(u8::from(value));
    }
}

impl<'a> Reader<'a> {
    /// Starts at the front of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Bytes not read yet.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.0.len()
    }

    /// Fails unless everything was read.
    pub const fn end(&self) -> Result<(), WireError> {
        if self.0.is_empty() { Ok(()) } else { Err(WireError::Invalid) }
    }

    /// The next `len` bytes.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], WireError> {
        let (head, tail) = self.0.split_at_checked(len).ok_or(WireError::Truncated)?;
        self.0 = tail;
        Ok(head)
    }

    /// LEB128, at most ten bytes.
    pub fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                return Err(WireError::Invalid);
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WireError::Invalid)
    }

    /// A count of things that each take at least `unit` bytes (≥ 1): bounded by what is left, so safe to allocate for.
    pub fn count(&mut self, unit: usize) -> Result<usize, WireError> {
        let count = usize::try_from(self.varint()?).map_err(|_| WireError::Invalid)?;
        if count > self.left() / unit.max(1) { Err(WireError::Truncated) } else { Ok(count) }
    }

    /// Length, then that many bytes.
    pub fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        let len = self.count(1)?;
        self.take(len)
    }

    /// Length, then UTF-8.
    pub fn text(&mut self) -> Result<&'a str, WireError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| WireError::Invalid)
    }

    /// 0 or 1, nothing else.
    pub fn bool(&mut self) -> Result<bool, WireError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(WireError::Invalid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut buffer = Vec::new();
        let mut w = Writer(&mut buffer);
        for v in [0, 1, 127, 128, 300, u64::MAX] {
            w.varint(v);
        }
        w.i128(-5);
        w.text("naïve");
        w.bool(true);
        let mut r = Reader::new(&buffer);
        for v in [0, 1, 127, 128, 300, u64::MAX] {
            assert_eq!(r.varint(), Ok(v));
        }
        assert_eq!((r.i128(), r.text(), r.bool(), r.end()), (Ok(-5), Ok("naïve"), Ok(true), Ok(())));
    }

    #[test]
    fn hostile_bytes_are_refused() {
        assert_eq!(Reader::new(&[0xff; 11]).varint(), Err(WireError::Invalid));
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0x7f, 1]).bytes(), Err(WireError::Truncated));
        assert_eq!(Reader::new(&[2]).bool(), Err(WireError::Invalid));
        assert_eq!(Reader::new(&[1, 2]).u32(), Err(WireError::Truncated));
        assert_eq!(Reader::new(&[1, 0xff]).text(), Err(WireError::Invalid));
    }
}
