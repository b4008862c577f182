//! Walking the records of a journal, segment by segment, checking everything on the way.
//!
//! Memory: one segment. Cost: the checksum, and one read of the file; no allocation per record.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::block::{self, Block, RECORD_HEAD_LEN};
use crate::disk::Disk;
use crate::segment::{self, BLOCKS_START, Segment};
use crate::{Failure, Note};

/// One record as it was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its number.
    pub seq: u64,
    /// Its bytes.
    pub payload: &'a [u8],
}

/// Whether somebody may be appending while we read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// A server is running: what does not check out at the very end, with no proof that it was durable, is being
    /// written this moment. The walk ends before it.
    Growing,
    /// Nobody writes: what does not check out at the very end is a torn write or damage, and told apart as recovery does.
    /// The walk ends before a torn write.
    Final,
}

/// A walk over records in order.
#[derive(Debug)]
pub struct Records {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    span: Span,
    /// Segments after the present one, rising.
    ahead: VecDeque<u64>,
    segment: Segment,
    cursor: Cursor,
    in_block: InBlock,
    /// At which place the present segment was read again, and how often.
    read_again: (usize, u8),
    /// Whether the names of newer segments were asked for since the start.
    listed_again: bool,
    end: Option<End>,
}

/// Which part of the journal is walked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// Records up to this number are skipped.
    pub(crate) after: u64,
    /// The walk ends after this number.
    pub(crate) until: u64,
    /// The highest number that something outside the segments (a snapshot) proves to have been durable.
    pub(crate) proven: u64,
    pub(crate) tail: Tail,
}

/// What the next block must fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) at: usize,
    pub(crate) seq: u64,
    pub(crate) link: u32,
}

/// The records not given yet of the block before the cursor.
#[derive(Clone, Copy, Debug)]
struct InBlock {
    at: usize,
    left: u32,
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Only zeros follow.
    Clean,
    /// An interrupted (or, while growing, unfinished) write follows.
    Torn,
}

impl Records {
    /// Starts at the first of `segments`, which rise and are not empty.
    pub(crate) fn start(
        disk: &Arc<dyn Disk>,
        dir: &Path,
        segments: &[u64],
        span: Span,
    ) -> Result<Self, Failure> {
        let mut ahead: VecDeque<u64> = segments.iter().copied().collect();
        let first = ahead.pop_front().ok_or(Failure::Misuse("a walk over no segment"))?;
        let segment = segment::load(&**disk, dir, first, Vec::new())?;
        Ok(Self {
            disk: Arc::clone(disk),
            dir: dir.to_owned(),
            span,
            ahead,
            cursor: Cursor { at: BLOCKS_START, seq: first, link: segment.header.link },
            segment,
            in_block: InBlock { at: 0, left: 0 },
            read_again: (0, 0),
            listed_again: false,
            end: None,
        })
    }

    /// The next record; `None` at the end. The payload is borrowed until the next call, so that reading a million
    /// records allocates per segment and not per record. A failure repeats when called again.
    #[allow(clippy::should_implement_trait)] // lends from itself, which `Iterator` cannot
    pub fn next(&mut self) -> Result<Option<Record<'_>>, Failure> {
        loop {
            let InBlock { at, left } = self.in_block;
            if left == 0 {
                if self.cursor.seq > self.span.until || self.next_block()?.is_none() {
                    return Ok(None);
                }
                continue;
            }
            // The block was checked as a whole, so there is a record here.
            let Some((head, end)) = block::record_at(&self.segment.bytes, at) else { return Ok(None) };
            if head.seq > self.span.until {
                return Ok(None);
            }
            self.in_block = InBlock { at: end, left: left - 1 };
            if head.seq > self.span.after {
                let payload = &self.segment.bytes[at + RECORD_HEAD_LEN..end];
                return Ok(Some(Record { seq: head.seq, payload }));
            }
        }
    }

    /// Checks the next block and steps into it; `None` at the end.
    pub(crate) fn next_block(&mut self) -> Result<Option<Block>, Failure> {
        while self.end.is_none() {
            // What follows in this segment is surplus of a change that went on beside the commits (see `roll`).
            if let Some(next) = self.ahead.front().copied().filter(|next| *next == self.cursor.seq) {
                self.enter(next)?;
                continue;
            }
            let Cursor { at, seq, link } = self.cursor;
            match block::check(&self.segment.bytes, at, seq, link) {
                Ok(block) => {
                    if !block.whole && !self.may_be_unfinished(at + block.len) {
                        return Err(self.corrupt("a block without its end mark"));
                    }
                    self.in_block = InBlock { at: at + block::HEADER_LEN, left: block.header.count };
                    let seq = seq + u64::from(block.header.count);
                    self.cursor = Cursor { at: at + block.len, seq, link: block.chain };
                    return Ok(Some(block));
                }
                Err(what) => self.leave(what)?,
            }
        }
        Ok(None)
    }

    /// What is strange about the end of a walk with [`Tail::Final`] that has reached it: an interrupted write, a file that is shorter
    /// than it was made. Recovery would put both right.
    #[must_use]
    pub fn ending(&self) -> Vec<Note> {
        let (path, after) = (&self.segment.path, self.cursor.seq - 1);
        let mut notes = Vec::new();
        if self.end == Some(End::Torn) && self.span.tail == Tail::Final {
            notes.push(Note::TornTail { path: path.clone(), offset: self.cursor.at as u64, after });
        }
        if self.end.is_some() && self.segment.shortened {
            notes.push(Note::Shortened { path: path.clone(), after });
        }
        notes
    }

    /// The first number of the present segment, and the place after the block that was stepped into.
    pub(crate) const fn position(&self) -> (u64, Cursor) {
        (self.segment.header.first_seq, self.cursor)
    }

    /// The last segment, the place after its last block, and how the walk ended.
    pub(crate) fn into_end(self) -> (Segment, Cursor, End) {
        (self.segment, self.cursor, self.end.unwrap_or(End::Clean))
    }

    /// There is no block at the cursor: goes on in the next segment, or ends.
    fn leave(&mut self, what: &'static str) -> Result<(), Failure> {
        let clean = self.segment.bytes[self.cursor.at..].iter().all(|b| *b == 0);
        match self.ahead.front().copied() {
            Some(_) if !clean => Err(self.corrupt(what)),
            Some(next) => self.enter(next),
            None => {
                let verdict = self.judge(clean, what);
                if self.span.tail == Tail::Growing && self.should_read_again(verdict.is_err()) {
                    return self.read_again();
                }
                self.end = Some(verdict?);
                Ok(())
            }
        }
    }

    /// A file is not read at one instant. So at the end of a growing journal the segment is read once more (it may have grown,
    /// or a newer one begun), and a third time when something that is not valid lies before something that proves it
    /// durable: it was written between the readings of the two, and is there by now, or it is damaged.
    fn should_read_again(&mut self, bad: bool) -> bool {
        let (at, times) = self.read_again;
        let times = if at == self.cursor.at { times } else { 0 };
        self.read_again = (self.cursor.at, times + 1);
        times == 0 || (bad && times == 1)
    }

    /// Steps into the segment `next`.
    fn enter(&mut self, next: u64) -> Result<(), Failure> {
        if next > self.cursor.seq {
            return Err(self.missing("a segment ends before the next one starts"));
        }
        // A reader beside the writer may have read surplus before the change was done, and finds it again.
        let again = next < self.cursor.seq;
        if again && self.span.tail == Tail::Final {
            return Err(self.corrupt("the next segment starts with a number that is here already"));
        }
        let segment = segment::load(&*self.disk, &self.dir, next, Vec::new())?;
        if !again && segment.header.link != self.cursor.link {
            return Err(self.corrupt("the next segment does not follow the records here"));
        }
        self.ahead.pop_front();
        self.span.after = self.span.after.max(self.cursor.seq - 1);
        self.cursor = Cursor { at: BLOCKS_START, seq: next, link: segment.header.link };
        (self.segment, self.read_again) = (segment, (0, 0));
        Ok(())
    }

    /// What the bytes behind the last block of the last segment are.
    fn judge(&self, clean: bool, what: &'static str) -> Result<End, Failure> {
        let Cursor { at, seq, .. } = self.cursor;
        let bytes = &self.segment.bytes;
        if clean {
            return if seq <= self.span.proven {
                Err(self.missing("the journal ends before its newest snapshot"))
            } else {
                Ok(End::Clean)
            };
        }
        let proven = self.span.proven.max(block::proof_after(bytes, at));
        let unfinished = self.span.tail == Tail::Growing || block::torn(bytes, at);
        if seq > proven && unfinished { Ok(End::Torn) } else { Err(self.corrupt(what)) }
    }

    /// Whether a block that lacks only its very last byte can be an interrupted write: nothing follows, nothing proves it.
    fn may_be_unfinished(&self, end: usize) -> bool {
        let nothing_follows = self.segment.bytes[end..].iter().all(|b| *b == 0);
        nothing_follows && self.ahead.is_empty() && self.cursor.seq > self.span.proven
    }

    /// Reads the present segment again. Names first: when there is a newer segment, this one is complete when it is read.
    /// Names are asked for once in a walk, so that it ends however fast the writer is.
    fn read_again(&mut self) -> Result<(), Failure> {
        let present = self.segment.header.first_seq;
        if !std::mem::replace(&mut self.listed_again, true) {
            let names = self.disk.list(&self.dir).map_err(|e| Failure::io("list", &self.dir, e))?;
            self.ahead.extend(segment::in_names(&names).into_iter().filter(|first| *first > present));
        }
        let buffer = std::mem::take(&mut self.segment.bytes);
        self.segment = segment::load(&*self.disk, &self.dir, present, buffer)?;
        Ok(())
    }

    fn corrupt(&self, what: &'static str) -> Failure {
        let (path, offset) = (self.segment.path.clone(), self.cursor.at as u64);
        Failure::Corrupt { path, offset, seq: self.cursor.seq, what }
    }

    fn missing(&self, what: &'static str) -> Failure {
        Failure::Missing { dir: self.dir.clone(), from: self.cursor.seq, what }
    }
}
