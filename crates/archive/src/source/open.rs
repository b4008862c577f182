//! Opens a file: plain, gzip (also several members, as recorders write them) or a zip of one file, told by the first bytes.
//!
//! Whatever is unpacked is streamed, its growth is bounded (a bomb is refused, not unpacked), and its own checksum is checked.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;
use std::rc::Rc;

use flate2::Crc;
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use zip::{CompressionMethod, ZipArchive};

use crate::Error;
use crate::limits::{EXPANSION_FREE, EXPANSION_MAX};

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZIP: [u8; 2] = *b"PK";

/// An opened file.
pub(crate) struct Source {
    /// Its name without the folder.
    pub(crate) name: String,
    /// Bytes on the disk that will be read.
    pub(crate) len: u64,
    /// What was read of them.
    pub(crate) seen: Rc<Seen>,
    /// Its text.
    pub(crate) text: Box<dyn Read>,
}

/// What was read of a file so far.
#[derive(Default)]
pub(crate) struct Seen {
    bytes: Cell<u64>,
    crc32c: Cell<u32>,
}

impl Seen {
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    pub(crate) fn crc32c(&self) -> u32 {
        self.crc32c.get()
    }
}

struct Watched<R> {
    inner: R,
    seen: Rc<Seen>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.seen.bytes.set(self.seen.bytes.get() + n as u64);
        self.seen.crc32c.set(crc32c::crc32c_append(self.seen.crc32c.get(), &buf[..n]));
        Ok(n)
    }
}

impl Source {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let io = Error::io(path);
        let mut file = File::open(path).map_err(&io)?;
        let meta = file.metadata().map_err(&io)?;
        if meta.is_dir() {
            return Err(Error::Input(format!("{} is a folder, not a file", path.display())));
        }
        let (mut start, mut magic) = (Vec::new(), [0_u8; 2]);
        Read::by_ref(&mut file).take(2).read_to_end(&mut start).map_err(&io)?;
        if let [a, b] = start.as_slice() {
            magic = [*a, *b];
        }
        file.seek(SeekFrom::Start(0)).map_err(&io)?;
        let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let seen = Rc::new(Seen::default());
        let mut len = meta.len();
        let text: Box<dyn Read> = match magic {
            GZIP => {
                let packed =
                    Watched { inner: BufReader::with_capacity(1 << 16, file), seen: Rc::clone(&seen) };
                Box::new(Bounded::new(MultiGzDecoder::new(packed), Rc::clone(&seen)))
            }
            ZIP => {
                let member = Member::find(&mut file, path)?;
                len = member.packed;
                member.open(file, path, &seen)?
            }
            _ => Box::new(Watched { inner: file, seen: Rc::clone(&seen) }),
        };
        Ok(Self { name, len, seen, text })
    }
}

/// The one file in a zip.
struct Member {
    start: u64,
    packed: u64,
    size: u64,
    crc32: u32,
    method: CompressionMethod,
}

impl Member {
    fn find(file: &mut File, path: &Path) -> Result<Self, Error> {
        let odd = |what: String| Error::Input(format!("{} {what}", path.display()));
        let mut zip = ZipArchive::new(BufReader::new(file))
            .map_err(|error| odd(format!("is no zip archive that can be read: {error}")))?;
        let names: Vec<String> = zip
            .file_names()
            .filter_map(|name| Some(name.ok()?.into_owned()))
            .filter(|n| !n.ends_with('/'))
            .collect();
        let [name] = names.as_slice() else {
            return Err(odd(format!("holds {} files, and only a zip of one file is read", names.len())));
        };
        let at = zip.index_for_name(name).ok_or_else(|| odd("has no such file".into()))?;
        let member = zip.by_index_raw(at).map_err(|error| odd(format!("cannot be read: {error}")))?;
        if member.encrypted() {
            return Err(odd("is encrypted".into()));
        }
        let start = member.data_start().ok_or_else(|| odd("does not say where its file begins".into()))?;
        Ok(Self {
            start,
            packed: member.compressed_size(),
            size: member.size(),
            crc32: member.crc32(),
            method: member.compression(),
        })
    }

    fn open(self, mut file: File, path: &Path, seen: &Rc<Seen>) -> Result<Box<dyn Read>, Error> {
        file.seek(SeekFrom::Start(self.start)).map_err(Error::io(path))?;
        let packed = Watched { inner: BufReader::new(file.take(self.packed)), seen: Rc::clone(seen) };
        let text: Box<dyn Read> = match self.method {
            CompressionMethod::Stored => Box::new(packed),
            CompressionMethod::Deflated => Box::new(DeflateDecoder::new(packed)),
            other => {
                return Err(Error::Input(format!(
                    "{} is packed by {other}, and only deflate is read",
                    path.display()
                )));
            }
        };
        let checked = Checked { inner: text, crc: Crc::new(), size: self.size, crc32: self.crc32 };
        Ok(Box::new(Bounded::new(checked, Rc::clone(seen))))
    }
}

/// Compares the length and checksum at the end.
struct Checked<R> {
    inner: R,
    crc: Crc,
    size: u64,
    crc32: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.crc.update(&buf[..n]);
        // `amount` counts modulo 2^32.
        let short = self.crc.amount() != u32::try_from(self.size & u64::from(u32::MAX)).unwrap_or_default();
        if n == 0 && !buf.is_empty() && (short || self.crc.sum() != self.crc32) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum is wrong"));
        }
        Ok(n)
    }
}

/// Ends when the text has grown far beyond what it was packed from.
struct Bounded<R> {
    inner: R,
    packed: Rc<Seen>,
    bytes: u64,
}

impl<R> Bounded<R> {
    fn new(inner: R, packed: Rc<Seen>) -> Self {
        Self { inner, packed, bytes: 0 }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.bytes += n as u64;
        if self.bytes > EXPANSION_FREE && self.bytes / EXPANSION_MAX > self.packed.bytes() {
            let what =
                format!("it grows more than {EXPANSION_MAX} times when unpacked: that is no market data");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        Ok(n)
    }
}
