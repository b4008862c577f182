//! The manifest of an instrument: its permanent scales, and which files belong to it.
//!
//! What it does not name does not exist. It is replaced as a whole by a rename, so an import is in the archive completely
//! or not at all, whatever kinds of series and however many files it touched. It carries its own checksum, and the
//! checksum of every block of every file (invariant D4).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use types::{InstrumentId, Time};

use crate::Error;
use crate::limits::MANIFEST_LEN_MAX;
use crate::series::Kind;

/// Its name in the instrument's folder.
pub(crate) const NAME: &str = "manifest.json";
const VERSION: u32 = 1;

/// Decimals of the stored integers, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scales {
    /// Of prices.
    pub price: u8,
    /// Of quantities and base volumes.
    pub base: u8,
    /// Of quote volumes: the sum of the others, so that price × quantity is exact.
    pub quote: u8,
}

/// Spot or perpetual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contract {
    /// Base is owned.
    Spot,
    /// A linear perpetual.
    LinearPerp {
        /// Hundredths of a percent.
        initial_margin: u32,
        /// Hundredths of a percent.
        maintenance_margin: u32,
    },
}

/// What an instrument is; scales are permanent, tick and lot are rules and may become finer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Spot or perpetual.
    pub contract: Contract,
    /// Code of what is traded.
    pub base: String,
    /// Code of what it is paid in.
    pub quote: String,
    /// Decimals.
    pub scales: Scales,
    /// Smallest step of a price, in units of the price scale.
    pub tick: i64,
    /// True if a person gave the tick; then data do not change it.
    pub tick_given: bool,
    /// Smallest step of a quantity, in units of the base scale.
    pub lot: i64,
    /// True if a person gave the lot.
    pub lot_given: bool,
}

/// A run of rows inside a file: an Arrow record batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Block {
    /// Where it starts in the file.
    pub(crate) offset: u64,
    /// Bytes of its header.
    pub(crate) head: u32,
    /// Bytes of its columns.
    pub(crate) body: u64,
    /// CRC-32C of both.
    pub(crate) crc32c: u32,
    pub(crate) rows: u64,
    /// Time of its first row.
    pub(crate) first: i64,
    /// Time of its last row.
    pub(crate) last: i64,
}

/// Which columns a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Layout {
    /// Bars without the columns that only venues give: they read as zero.
    Short,
    /// All columns.
    Full,
}

/// A file of a series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The span it is for: `2022-01`.
    pub(crate) part: String,
    /// Its name inside the series' folder.
    pub(crate) name: String,
    pub(crate) layout: Layout,
    pub(crate) len: u64,
    /// CRC-32C of the whole file.
    pub(crate) crc32c: u32,
    pub(crate) rows: u64,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) blocks: Vec<Block>,
}

impl Entry {
    pub(crate) fn first(&self) -> Time {
        Time(self.first)
    }

    pub(crate) fn last(&self) -> Time {
        Time(self.last)
    }
}

/// Where rows came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The file's name, without its folder.
    pub source: String,
    /// What it was read as.
    pub format: String,
    /// CRC-32C of the file as it lay on the disk.
    pub crc32c: u32,
    /// Its rows of this series.
    pub rows: u64,
    /// Time of the first.
    pub first: i64,
    /// Time of the last.
    pub last: i64,
}

/// A series: its files in order of time, and where its rows came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Series {
    pub(crate) files: Vec<Entry>,
    pub(crate) origins: Vec<Origin>,
}

impl Series {
    pub(crate) fn rows(&self) -> u64 {
        self.files.iter().map(|f| f.rows).sum()
    }
}

/// Everything about one instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) instrument: String,
    pub(crate) listing: Listing,
    /// Rises with every change; part of new files' names, so that no file is ever written twice.
    pub(crate) generation: u64,
    pub(crate) series: BTreeMap<String, Series>,
}

#[derive(Serialize, Deserialize)]
struct Sealed<'a> {
    v: u32,
    crc32c: u32,
    #[serde(borrow)]
    manifest: &'a RawValue,
}

impl Manifest {
    /// Reads the manifest of an instrument's folder; `None` when there is none.
    pub(crate) fn load(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join(NAME);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(&path)(error)),
        };
        let mut text = String::new();
        let mut limited = file.take(MANIFEST_LEN_MAX);
        match limited.read_to_string(&mut text) {
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                return Err(Error::damaged(&path, "is not text"));
            }
            other => other.map_err(Error::io(&path))?,
        };
        let sealed: Sealed<'_> = serde_json::from_str(&text)
            .map_err(|error| Error::damaged(&path, format!("is no manifest: {error}")))?;
        if sealed.v != VERSION {
            return Err(Error::damaged(
                &path,
                format!("has version {}, this program reads {VERSION}", sealed.v),
            ));
        }
        if crc32c::crc32c(sealed.manifest.get().as_bytes()) != sealed.crc32c {
            return Err(Error::damaged(&path, "its checksum is wrong"));
        }
        let manifest = serde_json::from_str(sealed.manifest.get())
            .map_err(|error| Error::damaged(&path, format!("is no manifest: {error}")))?;
        Ok(Some(manifest))
    }

    /// Writes it beside, syncs, and renames it over the old one: the moment an import becomes real.
    pub(crate) fn store(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(NAME);
        let beside = folder.join("manifest.json.tmp");
        let bug = |error: serde_json::Error| Error::damaged(&path, format!("cannot be written: {error}"));
        let text = serde_json::to_string(self).map_err(bug)?;
        let crc32c = crc32c::crc32c(text.as_bytes());
        let manifest = RawValue::from_string(text).map_err(bug)?;
        let sealed =
            serde_json::to_string(&Sealed { v: VERSION, crc32c, manifest: &manifest }).map_err(bug)?;
        let mut file = File::create(&beside).map_err(Error::io(&beside))?;
        file.write_all(sealed.as_bytes()).and_then(|()| file.sync_all()).map_err(Error::io(&beside))?;
        fs::rename(&beside, &path).map_err(Error::io(&path))?;
        sync_folder(folder)
    }

    pub(crate) fn series(&self, kind: Kind) -> Option<&Series> {
        self.series.get(&kind.name())
    }

    /// Kinds in their natural order.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        let mut kinds: Vec<Kind> = self.series.keys().filter_map(|name| Kind::parse(name)).collect();
        kinds.sort_unstable();
        kinds
    }
}

/// The folder of an instrument.
pub(crate) fn folder(root: &Path, id: InstrumentId) -> PathBuf {
    root.join(id.venue.as_str()).join(id.symbol.as_str())
}

/// Makes renames and new files in `folder` durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|f| f.sync_all()).map_err(Error::io(folder))
}
