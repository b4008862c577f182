//! A folder with an archive, and files to import into it.

use std::io::Write as _;
use std::path::PathBuf;

use archive::{Archive, Error, Given, Report, Request, Span, Stamp, import};
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;
use types::{Bar, InstrumentId, Interval, MarketEvent, MarketId, Stamped, VenueName};

/// The archive of one test.
pub(crate) struct Bench {
    pub(crate) dir: TempDir,
    pub(crate) archive: Archive,
}

pub(crate) fn id(symbol: &str) -> InstrumentId {
    InstrumentId::parse(symbol, VenueName::new("file").unwrap()).unwrap()
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let archive = Archive::open(&dir.path().join("archive"));
        Self { dir, archive }
    }

    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// A request to import a file of 1m bars as `BTC-PERP`.
    pub(crate) fn request(&self, bytes: impl AsRef<[u8]>) -> Request {
        Request {
            file: self.file("file.csv", bytes),
            id: id("BTC-PERP"),
            interval: None,
            stamp: Stamp::Open,
            replace: false,
            sort: false,
            given: Given::default(),
        }
    }

    pub(crate) fn import(&self, request: &Request) -> Result<Report, Error> {
        import(&self.archive, request, &mut |_| {})
    }

    /// Imports a text.
    pub(crate) fn take(&self, text: impl AsRef<[u8]>) -> Result<Report, Error> {
        self.import(&self.request(text))
    }

    pub(crate) fn bars(&self, interval: Interval) -> Vec<Bar> {
        self.bars_in(interval, Span::ALL)
    }

    pub(crate) fn bars_in(&self, interval: Interval, span: Span) -> Vec<Bar> {
        self.archive.bars(id("BTC-PERP"), interval, span).unwrap().map(Result::unwrap).collect()
    }

    pub(crate) fn events(&self, symbol: &str) -> Vec<Stamped<MarketEvent>> {
        let events = self.archive.events(id(symbol), MarketId(7), Span::ALL).unwrap();
        events.map(Result::unwrap).collect()
    }

    /// Every file of the archive with its bytes.
    pub(crate) fn content(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.archive.root().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.file_name().is_some_and(|name| name != "lock") {
                    found.push((path.clone(), std::fs::read(&path).unwrap()));
                }
            }
        }
        found.sort();
        found
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Minute bars as CSV, `open,high,low,close,volume` from the row's number.
pub(crate) fn minutes(from: i64, count: i64) -> String {
    let mut text = String::from("timestamp,open,high,low,close,volume\n");
    for n in from..from + count {
        let (ms, price) = (1_640_995_200_000 + n * 60_000, 40_488 - (n % 976 - 488).abs());
        text.push_str(&format!(
            "{ms},{price}.0,{}.5,{}.25,{price}.25,{}.125\n",
            price + 1,
            price - 1,
            n % 31
        ));
    }
    text
}
