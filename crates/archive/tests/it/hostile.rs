//! Files that are broken, absurd or malicious, and imports that end half-way: an error that says where, and nothing changed.

use std::io::Write as _;

use archive::{Archive, Error, Request, Span, import};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use proptest::prelude::*;
use types::Interval;

use crate::bench::{Bench, gzip, id, minutes};

/// A zip writer of just enough: deflated files, one after the other, and the directory behind them.
pub(crate) struct Zip<'a> {
    out: &'a mut Vec<u8>,
    directory: Vec<u8>,
    files: u16,
    /// General purpose flags of the files to come.
    pub(crate) flags: u16,
    /// Wrong by this much, for files that lie.
    pub(crate) crc_off: u32,
}

impl<'a> Zip<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, directory: Vec::new(), files: 0, flags: 0, crc_off: 0 }
    }

    pub(crate) fn add(&mut self, name: &str, bytes: &[u8]) {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        let packed = encoder.finish().unwrap();
        let mut crc = Crc::new();
        crc.update(bytes);
        let offset = u32::try_from(self.out.len()).unwrap();
        let mut fields = Vec::new();
        for n in [20, self.flags, 8, 0, 0x21] {
            fields.extend(n.to_le_bytes());
        }
        for n in [
            crc.sum().wrapping_add(self.crc_off),
            u32::try_from(packed.len()).unwrap(),
            u32::try_from(bytes.len()).unwrap(),
        ] {
            fields.extend(n.to_le_bytes());
        }
        fields.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        fields.extend([0; 2]);
        self.out.extend(b"PK\x03\x04");
        self.out.extend(&fields);
        self.out.extend(name.as_bytes());
        self.out.extend(packed);
        self.directory.extend(b"PK\x01\x02\x14\x00");
        self.directory.extend(&fields);
        self.directory.extend([0; 10]);
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.files += 1;
    }

    pub(crate) fn finish(self) {
        let offset = u32::try_from(self.out.len()).unwrap();
        self.out.extend(&self.directory);
        self.out.extend(b"PK\x05\x06\x00\x00\x00\x00");
        self.out.extend(self.files.to_le_bytes());
        self.out.extend(self.files.to_le_bytes());
        self.out.extend(u32::try_from(self.directory.len()).unwrap().to_le_bytes());
        self.out.extend(offset.to_le_bytes());
        self.out.extend([0; 2]);
    }
}

/// The error, after making sure that it changed nothing.
fn refused(bytes: impl AsRef<[u8]>) -> String {
    let bench = Bench::new();
    let error = bench.take(bytes).unwrap_err();
    assert_eq!(bench.content(), [], "{error}");
    assert!(!error.advice().is_empty());
    error.to_string()
}

#[test]
fn a_wrong_row_is_named_with_its_line_and_its_reason() {
    let good = "timestamp,open,high,low,close,volume\n1640995200,10,12,9,11,5\n";
    for (row, want) in [
        ("1640995260,NaN,12,9,11,5", "line 3: the open \"NaN\" is not a decimal number"),
        ("1640995260,inf,12,9,11,5", "the open \"inf\" is not"),
        ("1640995260,-10,12,9,11,5", "the open -10 is negative"),
        ("1640995260,10,12,9,11,-5", "the volume -5 is negative"),
        ("1640995260,10,99999999999999999999999,9,11,5", "is too large"),
        ("1640995260,10,1e30,9,11,5", "is too large"),
        ("1640995260,10,12,9,11", "it has 5 columns, and column 6 is missing"),
        ("1640995260,10,9,12,11,5", "open and close must lie between low and high"),
        ("1640995260,13,12,9,11,5", "open and close must lie between low and high"),
        ("1640995260,10,12,0,11,5", "a price is zero"),
        ("yesterday,10,12,9,11,5", "\"yesterday\" is not a time"),
        (",10,12,9,11,5", "\"\" is not a time"),
        ("1640995260,,12,9,11,5", "the open \"\" is not a decimal number"),
        ("1640995260,10;12;9;11;5", "the open \"10;12;9;11;5\" is not a decimal number"),
        ("1640995261,10,12,9,11,5", "is not the start of a 1m bar"),
        ("1640995140,10,12,9,11,5", "rows must be in order"),
    ] {
        let bench = Bench::new();
        bench.take(minutes(0, 10)).unwrap();
        let before = bench.content();
        let text = format!("{good}{row}\n");
        let request = Request { interval: Some(Interval::M1), replace: true, ..bench.request(text) };
        let error = bench.import(&request).unwrap_err().to_string();
        assert!(error.starts_with("line 3: ") && error.contains(want), "{row}: {error}");
        assert_eq!(bench.content(), before, "{row}");
    }
    let wide = format!("{good}1640995260,10,12,9,11,5{}\n", ",1".repeat(100));
    assert!(refused(wide).contains("more than 64 columns"));
}

#[test]
fn a_file_that_is_none_is_refused() {
    assert!(refused("").contains("is empty"));
    assert!(refused("\n\n\n").contains("is empty"));
    assert!(refused("timestamp,open,high,low,close,volume\n").contains("--interval"));
    assert!(refused("t,value\n1,2\n").contains("no known format"));
    assert!(refused([0xff, 0xfe, 0x00, 0x31]).contains("not text"));
    assert!(refused(vec![b'7'; 20 << 20]).contains("longer than"));
    let bench = Bench::new();
    let folder = Request { file: bench.dir.path().to_path_buf(), ..bench.request("") };
    assert!(bench.import(&folder).unwrap_err().to_string().contains("is a folder"));
    let missing = Request { file: bench.dir.path().join("missing"), ..bench.request("") };
    assert!(matches!(bench.import(&missing), Err(Error::Io { .. })));
}

#[test]
fn a_packed_file_that_was_cut_anywhere_is_refused() {
    let text = minutes(0, 300);
    let mut zipped = Vec::new();
    let mut zip = Zip::new(&mut zipped);
    zip.add("a.csv", text.as_bytes());
    zip.finish();
    for whole in [gzip(text.as_bytes()), zipped] {
        Bench::new().take(&whole).unwrap();
        for len in (0..whole.len()).step_by(61).chain([whole.len() - 1]) {
            refused(&whole[..len]);
        }
    }
}

#[test]
fn a_packed_file_that_was_changed_is_refused_or_read_right() {
    let text = minutes(0, 300);
    let want = {
        let bench = Bench::new();
        bench.take(&text).unwrap();
        bench.bars(Interval::M1)
    };
    let mut zipped = Vec::new();
    let mut zip = Zip::new(&mut zipped);
    zip.add("a.csv", text.as_bytes());
    zip.finish();
    for whole in [gzip(text.as_bytes()), zipped] {
        for n in (0..whole.len()).step_by(43) {
            let mut changed = whole.clone();
            changed[n] ^= 0x04;
            let bench = Bench::new();
            match bench.take(&changed) {
                // A byte of the name or the time in the header.
                Ok(_) => assert_eq!(bench.bars(Interval::M1), want, "byte {n}"),
                Err(_) => assert_eq!(bench.content(), []),
            }
        }
    }
}

#[test]
fn zips_of_several_files_of_none_and_under_a_password_are_refused() {
    let text = minutes(0, 3);
    let mut two = Vec::new();
    let mut zip = Zip::new(&mut two);
    zip.add("a.csv", text.as_bytes());
    zip.add("../../b.csv", text.as_bytes());
    zip.finish();
    assert!(refused(two).contains("holds 2 files"));
    let mut none = Vec::new();
    Zip::new(&mut none).finish();
    assert!(refused(none).contains("holds 0 files"));
    let mut secret = Vec::new();
    let mut zip = Zip::new(&mut secret);
    zip.flags = 1;
    zip.add("a.csv", text.as_bytes());
    zip.finish();
    assert!(refused(secret).contains("encrypted"));
    let mut wrong = Vec::new();
    let mut zip = Zip::new(&mut wrong);
    zip.crc_off = 1;
    zip.add("a.csv", text.as_bytes());
    zip.finish();
    assert!(refused(wrong).contains("checksum"));
    // Where the file would go is nobody's business: nothing is unpacked to the disk.
    let mut outside = Vec::new();
    let mut zip = Zip::new(&mut outside);
    zip.add("../../../tmp/a.csv", text.as_bytes());
    zip.finish();
    Bench::new().take(outside).unwrap();
}

#[test]
fn a_bomb_is_not_unpacked() {
    // One endless line: the bound of a line ends it.
    assert!(refused(gzip(&vec![b'0'; 64 << 20])).contains("longer than"));
    // Lines that are right, a hundred million times the same.
    let mut text = minutes(0, 2).into_bytes();
    let row = format!("{}\n", minutes(1, 1).lines().nth(1).unwrap()).into_bytes();
    while text.len() < 80 << 20 {
        text.extend_from_slice(&row.repeat(10_000));
    }
    let mut zipped = Vec::new();
    let mut zip = Zip::new(&mut zipped);
    zip.add("a.csv", &text);
    zip.finish();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&text).unwrap();
    for bomb in [packed.finish().unwrap(), zipped] {
        assert!(bomb.len() < text.len() / 300, "{} bytes", bomb.len());
        let error = refused(bomb);
        assert!(error.contains("grows more than"), "{error}");
    }
}

#[test]
fn a_recording_with_a_wrong_line_is_refused() {
    let good = concat!(
        r#"1723161254087896568 {"stream":"x","data":{"e":"trade","E":1,"s":"BTC-PERP","t":5,"p":"1.5","q":"2","T":1723161255342,"m":true,"M":true}}"#,
        "\n"
    );
    let trade = |p: &str| {
        format!(
            "1723161254087896569 {{\"e\":\"trade\",\"s\":\"BTC-PERP\",\"t\":6,\"p\":{p},\"q\":\"2\",\"T\":1,\"m\":true}}"
        )
    };
    for (line, want) in [
        ("1723161254087896569", "a time, a blank and a message"),
        ("1723161254087896569 ", "no JSON"),
        ("soon {}", "\"soon\" is not a time"),
        ("1723161254087896569 {\"e\":\"trade\",", "no JSON"),
        (r#"1723161254087896569 {"e":"trade","s":"BTC-PERP","t":6}"#, "without its id, p, q, T or m"),
        (&trade("1.5"), "1.5 is not a decimal text"),
        (&trade("\"-1\""), "is too large"),
        (&trade("\"NaN\""), "is not a decimal number"),
        (&trade("\"0\""), "for nothing"),
        (&trade("\"0.0000000001\""), "too many decimals"),
        (
            r#"1723161254087896569 {"e":"depthUpdate","s":"BTC-PERP","U":9,"u":8,"b":[],"a":[]}"#,
            "from 9 to 8",
        ),
        (r#"1723161254087896569 {"e":"depthUpdate","s":"BTC-PERP","U":8,"u":9,"b":[["1"]],"a":[]}"#, "pairs"),
        (r#"1723161254087896569 {"lastUpdateId":1,"bids":[["1","x"]],"asks":[]}"#, "is not a decimal number"),
    ] {
        let error = refused(format!("{good}{line}\n"));
        assert!(error.starts_with("line 2: ") && error.contains(want), "{line}: {error}");
    }
    let bench = Bench::new();
    bench.take(format!("{good}{good}1723161254087896569 {{\"result\":null,\"id\":1}}\n")).unwrap();
    assert_eq!(bench.events("BTC-PERP").len(), 2, "a recording is kept as it came, also what it repeats");
    let other = good.replace("BTC-PERP", "ETHUSDT");
    assert!(refused(&other).contains("has no BTC-PERP, only ETHUSDT"));
    let snapshot = r#"1723161254087896570 {"lastUpdateId":1,"bids":[["1","1"]],"asks":[]}"#;
    assert!(refused(format!("{good}{other}{snapshot}\n")).contains("names no market"));
    // A clock that goes back does not change the order in which things came.
    let back = good.replace("1723161254087896568", "1723161254087890000").replace("\"t\":5", "\"t\":6");
    let bench = Bench::new();
    assert_eq!(bench.take(format!("{good}{back}")).unwrap().restamped, 1);
    let events = bench.events("BTC-PERP");
    assert_eq!(events[0].at, events[1].at);
}

/// The archive as it lies on the disk at some moment, in a folder of its own.
fn copied(archive: &Archive) -> (tempfile::TempDir, Archive) {
    let dir = tempfile::tempdir().unwrap();
    let mut folders = vec![archive.root().to_path_buf()];
    while let Some(folder) = folders.pop() {
        let target = dir.path().join(folder.strip_prefix(archive.root()).unwrap());
        std::fs::create_dir_all(&target).unwrap();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                std::fs::copy(&path, target.join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    let archive = Archive::open(dir.path());
    (dir, archive)
}

#[test]
fn a_crash_at_any_moment_of_an_import_leaves_what_was() {
    let bench = Bench::new();
    bench.take(minutes(0, 50_000)).unwrap();
    let want = bench.bars(Interval::M1);
    let mut crashes = Vec::new();
    let request = bench.request(minutes(40_000, 200_000));
    let archive = bench.archive.clone();
    import(&archive, &request, &mut |_| crashes.push(copied(&archive))).unwrap();
    assert!(crashes.len() > 10);
    let done = bench.bars(Interval::M1);
    assert_eq!(done.len(), 240_000);
    let mut leftovers = 0;
    for (_dir, crashed) in &crashes {
        let bars = || -> Vec<_> {
            crashed.bars(id("BTC-PERP"), Interval::M1, Span::ALL).unwrap().map(Result::unwrap).collect()
        };
        assert_eq!(bars(), want);
        let files = || std::fs::read_dir(crashed.root().join("file/BTC-PERP/bars-1m")).unwrap().count();
        leftovers += files() - 2;
        import(crashed, &request, &mut |_| {}).unwrap();
        assert_eq!(bars(), done);
        // Five months and a half of a sixth, and the two that were replaced, which stay until the next change.
        assert!(files() <= 6 + 2, "{} files", files());
    }
    assert!(leftovers > 0, "no crash came between two files");
}

#[test]
fn a_panic_in_the_middle_and_a_second_import_change_nothing() {
    let bench = Bench::new();
    bench.take(minutes(0, 10)).unwrap();
    let before = bench.content();
    let request = bench.request(minutes(0, 100_000));
    let mut busy = 0;
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        import(&bench.archive, &request, &mut |progress| {
            let second = bench.import(&bench_request(&bench));
            busy += usize::from(matches!(second, Err(Error::Busy)));
            assert!(progress.rows < 60_000, "stop");
        })
    }));
    assert!(caught.is_err());
    assert!(busy > 1);
    assert_eq!(bench.content(), before);
    bench.take(minutes(0, 20)).unwrap();
}

/// A request whose file lies beside that of the other import.
fn bench_request(bench: &Bench) -> Request {
    let file = bench.file("second.csv", minutes(0, 5));
    Request { file, ..bench.request(minutes(0, 100_000)) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_bytes_are_imported_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let bench = Bench::new();
        if bench.take(bytes).is_err() {
            prop_assert_eq!(bench.content(), []);
        }
    }

    #[test]
    fn a_changed_character_is_noticed_or_means_something(at in 0..1_200_usize, to in "[0-9.,\n\\-eE \"x]") {
        let mut text = minutes(0, 30);
        let at = at % text.len();
        text.replace_range(at..=at, &to);
        let bench = Bench::new();
        if bench.take(&text).is_err() {
            prop_assert_eq!(bench.content(), []);
        } else {
            let bars = bench.archive.list().unwrap();
            prop_assert_eq!(bars.len(), 1);
        }
    }
}
