//! One file of a series: an Arrow IPC file, written once, read block by block.
//!
//! The file can be mapped into memory and read by any Arrow implementation. This crate reads it with ordinary reads (mapping
//! a file needs `unsafe`), finds the blocks in the manifest, and checks the CRC-32C of every block before it looks at a
//! byte of it, so a damaged file is an error and never a wrong price (invariant D4).
//! Cost: one copy from the page cache, one pass of the checksum, no work per row.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_buffer::{Buffer, MutableBuffer};
use arrow_ipc::MetadataVersion;
use arrow_ipc::reader::FileDecoder;
use arrow_ipc::writer::FileWriter as ArrowWriter;
use arrow_schema::{ArrowError, SchemaRef};

use crate::Error;
use crate::limits::{BLOCK_LEVELS_MAX, BLOCK_ROWS_MAX};
use crate::manifest::{Block, Entry, Layout, Scales};
use crate::series::{Kind, Span};
use crate::table::{Row, time_column};

/// Writes rows, in order, to a new file.
pub(crate) struct Writer<R: Row> {
    path: PathBuf,
    arrow: ArrowWriter<Tally<BufWriter<File>>>,
    schema: SchemaRef,
    layout: Layout,
    waiting: Vec<R>,
    levels: usize,
    blocks: Vec<Block>,
}

impl<R: Row> Writer<R> {
    pub(crate) fn create(path: PathBuf, layout: Layout, scales: Scales) -> Result<Self, Error> {
        let schema = R::schema(layout, scales);
        let file = File::create_new(&path).map_err(Error::io(&path))?;
        let arrow = ArrowWriter::try_new(Tally::new(BufWriter::new(file)), &schema).map_err(failed(&path))?;
        Ok(Self { path, arrow, schema, layout, waiting: Vec::new(), levels: 0, blocks: Vec::new() })
    }

    pub(crate) fn push(&mut self, row: R) -> Result<(), Error> {
        self.levels += row.levels();
        self.waiting.push(row);
        if self.waiting.len() >= BLOCK_ROWS_MAX || self.levels >= BLOCK_LEVELS_MAX {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        let (Some(first), Some(last)) = (self.waiting.first(), self.waiting.last()) else { return Ok(()) };
        let (first, last) = (first.at().0, last.at().0);
        let batch = R::encode(&self.waiting, self.layout, &self.schema).map_err(Error::Input)?;
        self.arrow.get_mut().begin();
        self.arrow.write(&batch).map_err(failed(&self.path))?;
        let section = self.arrow.get_mut().end();
        let head = section.head();
        let (Some(head), Some(body)) = (u32::try_from(head).ok(), section.len.checked_sub(head)) else {
            return Err(Error::damaged(&self.path, "a block was written without a header"));
        };
        let rows = self.waiting.len() as u64;
        let crc32c = section.crc32c;
        self.blocks.push(Block { offset: section.offset, head, body, crc32c, rows, first, last });
        self.waiting.clear();
        self.levels = 0;
        Ok(())
    }

    /// Completes and syncs the file; `None` (and no file) if it has no rows.
    pub(crate) fn finish(mut self, part: String, name: String) -> Result<Option<Entry>, Error> {
        self.flush()?;
        let (Some(first), Some(last)) = (self.blocks.first(), self.blocks.last()) else {
            std::fs::remove_file(&self.path).map_err(Error::io(&self.path))?;
            return Ok(None);
        };
        let (first, last) = (first.first, last.last);
        self.arrow.finish().map_err(failed(&self.path))?;
        let tally = self.arrow.into_inner().map_err(failed(&self.path))?;
        let (len, crc32c) = (tally.len, tally.crc32c);
        let file = tally.into_inner().into_inner().map_err(|e| Error::io(&self.path)(e.into_error()))?;
        file.sync_all().map_err(Error::io(&self.path))?;
        let rows = self.blocks.iter().map(|b| b.rows).sum();
        let layout = self.layout;
        Ok(Some(Entry { part, name, layout, len, crc32c, rows, first, last, blocks: self.blocks }))
    }
}

fn failed(path: &Path) -> impl Fn(ArrowError) -> Error + '_ {
    move |error| match error {
        ArrowError::IoError(_, source) => Error::io(path)(source),
        other => Error::damaged(path, other.to_string()),
    }
}

/// Counts and sums what is written, as a whole and by section.
struct Tally<W> {
    inner: W,
    len: u64,
    crc32c: u32,
    section: Section,
}

#[derive(Clone, Copy, Default)]
struct Section {
    offset: u64,
    len: u64,
    crc32c: u32,
    /// The first eight bytes: a marker and the length of the header that follows.
    prefix: [u8; 8],
}

impl Section {
    fn head(&self) -> u64 {
        let [_, _, _, _, a, b, c, d] = self.prefix;
        8 + u64::from(u32::from_le_bytes([a, b, c, d]))
    }
}

impl<W: Write> Tally<W> {
    fn new(inner: W) -> Self {
        Self { inner, len: 0, crc32c: 0, section: Section::default() }
    }

    fn begin(&mut self) {
        self.section = Section { offset: self.len, ..Section::default() };
    }

    fn end(&mut self) -> Section {
        std::mem::take(&mut self.section)
    }

    fn into_inner(self) -> W {
        self.inner
    }
}

impl<W: Write> Write for Tally<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        let written = &bytes[..n];
        for (at, byte) in (self.section.len..8).zip(written) {
            if let Some(place) = usize::try_from(at).ok().and_then(|at| self.section.prefix.get_mut(at)) {
                *place = *byte;
            }
        }
        let crc32c = crc32c::crc32c(written);
        self.crc32c = crc32c::crc32c_combine(self.crc32c, crc32c, n);
        self.section.crc32c = crc32c::crc32c_combine(self.section.crc32c, crc32c, n);
        self.len += n as u64;
        self.section.len += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// What is wrong with the bytes of a file, read as a whole; `None` if they are what was written.
pub(crate) fn check(path: &Path, entry: &Entry) -> Result<Option<String>, Error> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Some("the file is missing".into()));
        }
        Err(error) => return Err(Error::io(path)(error)),
    };
    let (mut buffer, mut crc32c, mut len) = (vec![0; 1 << 18], 0, 0);
    loop {
        match file.read(&mut buffer).map_err(Error::io(path))? {
            0 => break,
            n => {
                crc32c = crc32c::crc32c_append(crc32c, &buffer[..n]);
                len += n as u64;
            }
        }
    }
    if len != entry.len {
        return Ok(Some(format!("the file has {len} bytes, and {} were written", entry.len)));
    }
    Ok((crc32c != entry.crc32c).then(|| "its bytes are not what was written".into()))
}

/// Reads the blocks of a series that have a part in a span, cut to it.
pub(crate) struct Cursor {
    folder: PathBuf,
    files: std::vec::IntoIter<Entry>,
    span: Span,
    scales: Scales,
    schema: fn(Layout, Scales) -> SchemaRef,
    open: Option<Open>,
    /// The memory of the last block, used again once nobody looks at it any more.
    spare: Option<Buffer>,
}

struct Open {
    path: PathBuf,
    file: File,
    decoder: FileDecoder,
    blocks: std::vec::IntoIter<Block>,
}

impl Cursor {
    /// `folder` is the instrument's.
    pub(crate) fn new<R: Row>(
        folder: &Path,
        kind: Kind,
        files: &[Entry],
        span: Span,
        scales: Scales,
    ) -> Self {
        let files: Vec<Entry> = files.iter().filter(|f| span.touches(f.first(), f.last())).cloned().collect();
        Self {
            folder: folder.join(kind.name()),
            files: files.into_iter(),
            span,
            scales,
            schema: R::schema,
            open: None,
            spare: None,
        }
    }

    fn next_file(&mut self) -> Option<Result<(), Error>> {
        let entry = self.files.next()?;
        let path = self.folder.join(&entry.name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Some(Err(Error::damaged(&path, "the file is missing")));
            }
            Err(error) => return Some(Err(Error::io(&path)(error))),
        };
        let decoder = FileDecoder::new((self.schema)(entry.layout, self.scales), MetadataVersion::V5);
        let span = self.span;
        let mut blocks = entry.blocks;
        blocks.retain(|b| span.touches(types::Time(b.first), types::Time(b.last)));
        self.open = Some(Open { path, file, decoder, blocks: blocks.into_iter() });
        Some(Ok(()))
    }

    fn memory(&mut self, len: usize) -> MutableBuffer {
        let spare = self.spare.take().and_then(|buffer| buffer.into_mutable().ok());
        match spare {
            Some(mut memory) => {
                memory.resize(len, 0);
                memory
            }
            None => MutableBuffer::from_len_zeroed(len),
        }
    }

    fn read(&mut self, block: &Block) -> Result<RecordBatch, Error> {
        let len = usize::try_from(u64::from(block.head) + block.body)
            .map_err(|_| Error::Input("a block is larger than memory".into()))?;
        let mut memory = self.memory(len);
        let Some(open) = &mut self.open else { return Err(Error::Input("no file is open".into())) };
        let path = &open.path;
        let read = open
            .file
            .seek(SeekFrom::Start(block.offset))
            .and_then(|_| open.file.read_exact(memory.as_slice_mut()));
        match read {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(Error::damaged(path, "the file is shorter than it was"));
            }
            other => other.map_err(Error::io(path))?,
        }
        if crc32c::crc32c(&memory) != block.crc32c {
            return Err(Error::damaged(path, format!("the block at byte {} is damaged", block.offset)));
        }
        let buffer: Buffer = memory.into();
        let (Ok(offset), Ok(head), Ok(body)) =
            (i64::try_from(block.offset), i32::try_from(block.head), i64::try_from(block.body))
        else {
            return Err(Error::damaged(path, "a block lies outside any file"));
        };
        let place = arrow_ipc::Block::new(offset, head, body);
        let batch = open.decoder.read_record_batch(&place, &buffer).map_err(failed(path))?;
        self.spare = Some(buffer);
        let batch = batch.ok_or_else(|| Error::damaged(&open.path, "a block is empty"))?;
        self.cut(batch)
    }

    /// Only the rows in the span.
    fn cut(&self, batch: RecordBatch) -> Result<RecordBatch, Error> {
        let times = time_column(&batch, 0).ok_or_else(|| self.odd())?;
        let from = times.partition_point(|t| *t < self.span.from.0);
        let to = times.partition_point(|t| *t < self.span.to.0).max(from);
        Ok(if from == 0 && to == times.len() { batch } else { batch.slice(from, to - from) })
    }

    /// A block of another schema than the manifest says.
    pub(crate) fn odd(&self) -> Error {
        let path = self.open.as_ref().map_or(&self.folder, |open| &open.path);
        Error::damaged(path, "a block has other columns than its series")
    }
}

impl Iterator for Cursor {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.open.as_mut().and_then(|open| open.blocks.next()) {
                Some(block) => match self.read(&block) {
                    Ok(batch) if batch.num_rows() == 0 => {}
                    other => return Some(other),
                },
                None => {
                    if let Err(error) = self.next_file()? {
                        return Some(Err(error));
                    }
                }
            }
        }
    }
}
