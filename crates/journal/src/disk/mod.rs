//! Every touch of the file system, so that tests can fail, tear and forget any of them.
//!
//! [`Disk`] is what a file system must offer; [`RealDisk`] is the operating system's. [`FaultyDisk`] makes any call of
//! another disk fail; [`ModelDisk`] keeps files in memory with the freedoms a real disk has at a power cut. Nothing in this
//! crate reaches around this module.

mod faulty;
mod model;
mod real;

use std::fmt::Debug;
use std::io;
use std::path::Path;

pub use faulty::{Fault, FaultyDisk};
pub use model::{Choose, ModelDisk};
pub use real::RealDisk;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// For reading; it must exist.
    Read,
    /// For reading and writing; it must exist.
    Write,
    /// For reading and writing, made anew and empty; an older file of the name is emptied.
    Create,
}

/// A file system as the journal needs it. Calls may come from several threads.
pub trait Disk: Debug + Send + Sync {
    /// Makes a directory and its parents, durably. No error if it exists.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;
    /// The names of the files in a directory, in any order.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// Opens a file.
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file another name in the same directory; an older file of that name is replaced. Durable after
    /// [`Disk::sync_dir`].
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file. Durable after [`Disk::sync_dir`].
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
}

/// An open file.
pub trait DiskFile: Debug + Send {
    /// Its length in bytes.
    fn size(&self) -> io::Result<u64>;
    /// Reads from `offset`; 0 at the end of the file. May read less than asked.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes at `offset`. May write less than asked.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Makes content and length durable (fdatasync).
    fn sync(&self) -> io::Result<()>;
}

/// Writes all of `bytes`. An interrupted or short write goes on; a write of nothing is an error.
pub(crate) fn write_all(file: &dyn DiskFile, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = bytes.get(written..).ok_or(io::ErrorKind::InvalidData)?;
                offset += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Bytes read at a time.
const READ_STEP: usize = 64 * 1024;

/// Reads a whole file of at most `len_max` bytes into `into`, replacing what it held. Memory for what is zero (most of a segment that is
/// not full) is reserved and never touched, so that it costs nothing.
pub(crate) fn read_all(file: &dyn DiskFile, len_max: u64, into: &mut Vec<u8>) -> io::Result<()> {
    let len = file.size()?;
    if len > len_max {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is longer than any we write"));
    }
    let len = usize::try_from(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
    if into.len() < len {
        *into = vec![0; len];
    }
    let (mut step, mut at) = (vec![0; READ_STEP.min(len)], 0);
    while at < len {
        let wanted = step.len().min(len - at);
        match file.read_at(&mut step[..wanted], at as u64) {
            Ok(0) => break,
            Ok(read) => {
                let (found, place) = (&step[..read], &mut into[at..at + read]);
                if *found != *place {
                    place.copy_from_slice(found);
                }
                at += read;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    into.truncate(at);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that gives a few bytes at a time.
    #[derive(Debug)]
    struct Slow(Vec<u8>);

    impl DiskFile for Slow {
        fn size(&self) -> io::Result<u64> {
            Ok(self.0.len() as u64)
        }

        fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
            let from = usize::try_from(offset).unwrap();
            let n = into.len().min(7_001).min(self.0.len() - from);
            into[..n].copy_from_slice(&self.0[from..from + n]);
            Ok(n)
        }

        fn write_at(&self, _: &[u8], _: u64) -> io::Result<usize> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn sync(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_file_replaces_what_was_there_whatever_its_length() {
        let mut buffer = Vec::new();
        for (len, seed) in [(0, 1), (200_000, 2), (70_000, 3), (0, 4), (150_000, 5), (200_000, 6)] {
            // Long stretches of zeros between a few bytes.
            let content: Vec<u8> = (0..len).map(|n| if (n / 900 + seed) % 40 == 0 { 3 } else { 0 }).collect();
            read_all(&Slow(content.clone()), 1 << 20, &mut buffer).unwrap();
            assert!(buffer == content, "{len}");
        }
        assert!(read_all(&Slow(vec![1; 10]), 9, &mut buffer).is_err());
    }
}
