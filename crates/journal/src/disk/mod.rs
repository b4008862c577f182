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

/// Reads a whole file of at most `len_max` bytes into `into`, replacing what it held.
pub(crate) fn read_all(file: &dyn DiskFile, len_max: u64, into: &mut Vec<u8>) -> io::Result<()> {
    let len = file.size()?;
    if len > len_max {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is longer than any we write"));
    }
    let len = usize::try_from(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
    into.resize(len, 0);
    let mut at = 0;
    while at < len {
        match file.read_at(&mut into[at..], at as u64) {
            Ok(0) => break,
            Ok(read) => at += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    into.truncate(at);
    Ok(())
}
