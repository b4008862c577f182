//! One commit on disk: a *block*. Pure functions over bytes; no I/O.
//!
//! ```text
//! header   0 magic u32 · 4 body_len u32 · 8 first_seq u64 · 16 durable_seq u64 · 24 count u32 · 28 blanks u32
//!         32 link u32 · 36 crc u32 (CRC-32C of bytes 0..36)
//! body    count × { crc u32 · len u32 · seq u64 · payload }, then zeros to a multiple of 8
//! trailer TRAILER (8 bytes, none of them zero)
//! ```
//! All integers little-endian, blocks start at multiples of 8. The record checksums form **one chain over the whole
//! journal**: crc(i) = CRC-32C of (len, seq, payload) seeded with crc(i − 1). `link` repeats the chain's value before the
//! block. So a record is valid only after exactly the records before it; a block that is complete in itself but belongs
//! elsewhere (a stale or misdirected write) does not fit.
//!
//! # Torn or corrupt?
//! A file is filled with zeros, durably, before its first block, and a block is written over zeros. A disk writes sectors of
//! [`SECTOR`] bytes whole or not at all; a write that ends early leaves a prefix. Hence a block whose write was
//! interrupted has one of the traces of [`torn`]:
//! 1. a sector's part of it is still zero although it should not be. `blanks` counts the parts that are zero by themselves,
//!    so that long runs of zeros in a payload do not deceive;
//! 2. its trailer is missing: the last two bytes or more are zero;
//! 3. its header does not fit and everything after the header is zero.
//!
//! A block that does not check out **without** such a trace was written completely and damaged later: corrupt. No change of a
//! single byte makes a complete block look torn (the trailer has eight bytes, the first and last sector part at least eight
//! that are not all zero; the one exception is a 512-byte part inside a payload with a single byte that is not zero).
//! And whatever it looks like, a block is **corrupt, not torn, when something later proves that it was durable**: the
//! `durable_seq` of any block header behind it ([`proof_after`]), a later segment, or a snapshot. A commit is only written
//! after the sync of the one before, so with `Durability::Fsync` only the very last block can ever be torn.
//! A cut of exactly the last byte leaves all records whole; such a block is complete and recovery writes it again.

/// Smallest unit that a disk writes whole. Larger physical sectors are multiples of it.
pub(crate) const SECTOR: usize = 512;
/// Blocks start at multiples of this, so that every sector's part of a block has at least as many bytes.
pub(crate) const ALIGN: usize = 8;
/// Bytes of a block's header.
pub(crate) const HEADER_LEN: usize = 40;
/// Bytes of a record before its payload.
pub(crate) const RECORD_HEAD_LEN: usize = 16;
/// Ends every block.
pub(crate) const TRAILER: [u8; 8] = *b"TWend\x01\x02\n";
const MAGIC: [u8; 4] = *b"TWb1";
/// The chain's value before the first record of all.
pub(crate) const CHAIN_START: u32 = 0x5457_4a31;

/// What a block's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) body_len: u32,
    pub(crate) first_seq: u64,
    pub(crate) durable_seq: u64,
    pub(crate) count: u32,
    pub(crate) blanks: u32,
    pub(crate) link: u32,
}

/// A block that checked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) header: Header,
    /// Chain value after its last record.
    pub(crate) chain: u32,
    /// Bytes from its header to after its trailer.
    pub(crate) len: usize,
    /// False when its very last byte was not written: its records are complete all the same.
    pub(crate) whole: bool,
}

/// Collects records into the next block.
#[derive(Debug)]
pub(crate) struct Builder {
    bytes: Vec<u8>,
    link: u32,
    chain: u32,
    first_seq: u64,
    count: u32,
    /// The end mark is there.
    sealed: bool,
}

impl Header {
    fn write(&self) -> [u8; HEADER_LEN] {
        let mut out = [0; HEADER_LEN];
        out[..4].copy_from_slice(&MAGIC);
        out[4..8].copy_from_slice(&self.body_len.to_le_bytes());
        out[8..16].copy_from_slice(&self.first_seq.to_le_bytes());
        out[16..24].copy_from_slice(&self.durable_seq.to_le_bytes());
        out[24..28].copy_from_slice(&self.count.to_le_bytes());
        out[28..32].copy_from_slice(&self.blanks.to_le_bytes());
        out[32..36].copy_from_slice(&self.link.to_le_bytes());
        let crc = crc32c::crc32c(&out[..36]);
        out[36..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// The header at the front of `bytes`, if its checksum fits.
    fn read(bytes: &[u8]) -> Option<Self> {
        let raw = bytes.get(..HEADER_LEN)?;
        if raw[..4] != MAGIC || crc32c::crc32c(&raw[..36]) != u32_at(raw, 36)? {
            return None;
        }
        Some(Self {
            body_len: u32_at(raw, 4)?,
            first_seq: u64_at(raw, 8)?,
            durable_seq: u64_at(raw, 16)?,
            count: u32_at(raw, 24)?,
            blanks: u32_at(raw, 28)?,
            link: u32_at(raw, 32)?,
        })
    }
}

impl Builder {
    /// An empty block that will follow the chain value `link`; its first record will be `first_seq`.
    pub(crate) fn new(first_seq: u64, link: u32) -> Self {
        Self { bytes: vec![0; HEADER_LEN], link, chain: link, first_seq, count: 0, sealed: false }
    }

    /// True when it has no record.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Chain value before its first record.
    pub(crate) fn link(&self) -> u32 {
        self.link
    }

    /// Bytes the block will take on disk.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len().next_multiple_of(ALIGN) + TRAILER.len()
    }

    /// Adds a record. `payload` is no longer than `RECORD_LEN_MAX`, checked by the caller.
    pub(crate) fn push(&mut self, seq: u64, payload: &[u8]) {
        let len = u32::try_from(payload.len()).expect("RECORD_LEN_MAX is below 4 GiB");
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.extend_from_slice(&len.to_le_bytes());
        self.bytes.extend_from_slice(&seq.to_le_bytes());
        self.bytes.extend_from_slice(payload);
        self.chain = crc32c::crc32c_append(self.chain, &self.bytes[start + 4..]);
        self.bytes[start..start + 4].copy_from_slice(&self.chain.to_le_bytes());
        self.count += 1;
    }

    /// Completes the block for the place `offset` in a file and gives its bytes; it may be completed for several places.
    /// `durable_seq`: the last number the disk has confirmed so far.
    pub(crate) fn finish(&mut self, offset: usize, durable_seq: u64) -> &[u8] {
        if !std::mem::replace(&mut self.sealed, true) {
            self.bytes.resize(self.bytes.len().next_multiple_of(ALIGN), 0);
            self.bytes.extend_from_slice(&TRAILER);
        }
        let body_len = self.bytes.len() - HEADER_LEN - TRAILER.len();
        let body_len = u32::try_from(body_len).expect("PENDING_LEN_MAX is below 4 GiB");
        let mut header = Header {
            body_len,
            first_seq: self.first_seq,
            durable_seq,
            count: self.count,
            blanks: 0,
            link: self.link,
        };
        // The header itself is never blank in any sector part, so counting before its final form is the same.
        self.bytes[..HEADER_LEN].copy_from_slice(&header.write());
        header.blanks = blanks(&self.bytes, offset);
        self.bytes[..HEADER_LEN].copy_from_slice(&header.write());
        &self.bytes
    }

    /// Empties the block and starts the next one behind it, keeping the buffer.
    pub(crate) fn restart(&mut self, first_seq: u64) {
        self.bytes.truncate(HEADER_LEN);
        (self.link, self.first_seq, self.count, self.sealed) = (self.chain, first_seq, 0, false);
    }
}

/// Checks the block at `at`, which must start with record `seq` and follow the chain value `link`. `Err` tells what does
/// not fit; see [`torn`] for what that means.
pub(crate) fn check(bytes: &[u8], at: usize, seq: u64, link: u32) -> Result<Block, &'static str> {
    let header = bytes.get(at..).and_then(Header::read).ok_or("no valid block header")?;
    if header.first_seq != seq || header.link != link || header.count == 0 || header.durable_seq >= seq {
        return Err("a block that belongs to another place");
    }
    let body_start = at + HEADER_LEN;
    let body_end = usize::try_from(header.body_len).ok().and_then(|len| body_start.checked_add(len));
    let body_end = body_end.filter(|end| end.is_multiple_of(ALIGN)).ok_or("a block of impossible length")?;
    let trailer = bytes.get(body_end..).and_then(|rest| rest.first_chunk::<8>());
    let trailer = trailer.ok_or("a block that is longer than its file")?;
    let (start, mut at, mut chain) = (at, body_start, link);
    for seq in seq..seq.saturating_add(u64::from(header.count)) {
        let (found, next) = record_at(&bytes[..body_end], at).ok_or("a record of impossible length")?;
        let crc = crc32c::crc32c_append(chain, &bytes[at + 4..next]);
        if found.crc != crc || found.seq != seq {
            return Err("a record whose checksum does not fit");
        }
        (at, chain) = (next, crc);
    }
    if body_end - at >= ALIGN || bytes[at..body_end].iter().any(|b| *b != 0) {
        return Err("bytes behind the last record of a block");
    }
    let whole = *trailer == TRAILER;
    if !whole && (trailer[..7] != TRAILER[..7] || trailer[7] != 0) {
        return Err("a block without its end mark");
    }
    Ok(Block { header, chain, len: body_end + TRAILER.len() - start, whole })
}

/// The fixed part of a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordHead {
    crc: u32,
    pub(crate) seq: u64,
}

/// The record at `at` and the offset after it; `None` when it does not fit into `bytes`. Checks no checksum.
pub(crate) fn record_at(bytes: &[u8], at: usize) -> Option<(RecordHead, usize)> {
    let head: &[u8; RECORD_HEAD_LEN] = bytes.get(at..)?.first_chunk()?;
    let (crc, len, seq) = (u32_at(head, 0)?, u32_at(head, 4)?, u64_at(head, 8)?);
    let end = at.checked_add(RECORD_HEAD_LEN)?.checked_add(usize::try_from(len).ok()?)?;
    (end <= bytes.len()).then_some((RecordHead { crc, seq }, end))
}

/// True when the bytes from `at` on, which are not a valid block, are what an interrupted write leaves (module header).
pub(crate) fn torn(bytes: &[u8], at: usize) -> bool {
    let Some(rest) = bytes.get(at..) else { return false };
    let Some(head) = rest.get(..HEADER_LEN) else { return false };
    let Some(header) = Header::read(rest) else {
        return blanks(head, at) > 0 || rest[HEADER_LEN..].iter().all(|b| *b == 0);
    };
    let end = usize::try_from(header.body_len).ok().and_then(|l| l.checked_add(HEADER_LEN + TRAILER.len()));
    let Some(block) = end.and_then(|end| rest.get(..end)) else { return false };
    block.ends_with(&[0, 0]) || blanks(block, at) > header.blanks
}

/// The largest `durable_seq` that any block header behind `at` tells: what the disk had confirmed before that was written.
pub(crate) fn proof_after(bytes: &[u8], at: usize) -> u64 {
    let starts = (at.next_multiple_of(ALIGN)..bytes.len()).step_by(ALIGN);
    starts.filter_map(|start| Header::read(&bytes[start..])).map(|h| h.durable_seq).max().unwrap_or(0)
}

/// How many of the sector parts of `block`, which lies at `offset` of its file, are all zero.
fn blanks(block: &[u8], offset: usize) -> u32 {
    let first = (SECTOR - offset % SECTOR).min(block.len());
    let (first, rest) = block.split_at(first);
    let parts = std::iter::once(first).chain(rest.chunks(SECTOR));
    let blank = parts.filter(|part| part.iter().all(|b| *b == 0)).count();
    u32::try_from(blank).unwrap_or(u32::MAX)
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|b| u64::from_le_bytes(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block of two records at `offset` of an otherwise empty file of 8 KiB; the second payload has a run of zeros.
    fn file(offset: usize) -> (Vec<u8>, Block) {
        let mut builder = Builder::new(5, 77);
        builder.push(5, b"first");
        builder.push(6, &[&[7; 300][..], &[0; 1500], &[7; 300]].concat());
        let mut bytes = vec![0; 8192];
        let block = builder.finish(offset, 3).to_vec();
        bytes[offset..offset + block.len()].copy_from_slice(&block);
        let checked = check(&bytes, offset, 5, 77).unwrap();
        assert_eq!(checked.len, block.len());
        (bytes, checked)
    }

    #[test]
    fn a_block_checks_out_only_in_its_place() {
        let (bytes, block) = file(512);
        assert_eq!((block.header.count, block.header.durable_seq, block.whole), (2, 3, true));
        assert!(block.header.blanks >= 1, "the zeros of the payload are counted");
        for (at, seq, link) in
            [(512, 4, 77), (512, 6, 77), (512, 5, 78), (520, 5, 77), (8190, 5, 77), (9999, 5, 77)]
        {
            assert!(check(&bytes, at, seq, link).is_err());
        }
    }

    #[test]
    fn every_lost_sector_and_every_prefix_looks_torn() {
        for offset in [512, 520, 1000, 1016] {
            let (bytes, block) = file(offset);
            let end = offset + block.len;
            for cut in offset..end - 1 {
                let mut short = bytes.clone();
                short[cut..].fill(0);
                assert!(
                    check(&short, offset, 5, 77).is_err() && torn(&short, offset),
                    "prefix of {}",
                    cut - offset
                );
            }
            for sector in (offset / SECTOR..=(end - 1) / SECTOR).map(|s| s * SECTOR) {
                let part = sector.max(offset)..(sector + SECTOR).min(end);
                let mut lost = bytes.clone();
                lost[part.clone()].fill(0);
                let natural = bytes[part].iter().all(|b| *b == 0);
                assert_eq!(torn(&lost, offset), !natural, "sector at {sector}");
            }
        }
    }

    #[test]
    fn no_single_changed_byte_looks_torn() {
        for offset in [512, 1000] {
            let (mut bytes, block) = file(offset);
            for at in offset..offset + block.len - 1 {
                let was = bytes[at];
                for value in
                    [0, 0xff, was ^ 1, was ^ 0x80, was.wrapping_add(1)].into_iter().filter(|v| *v != was)
                {
                    bytes[at] = value;
                    assert!(check(&bytes, offset, 5, 77).is_err(), "byte {at} = {value} was not seen");
                    assert!(!torn(&bytes, offset), "byte {at} = {value} looks torn");
                }
                bytes[at] = was;
            }
        }
    }

    #[test]
    fn a_later_header_proves_what_was_durable() {
        let (mut bytes, block) = file(512);
        assert_eq!(proof_after(&bytes, 512), 3);
        let at = 512 + block.len;
        let mut next = Builder::new(7, block.chain);
        next.push(7, b"next");
        let next = next.finish(at, 6).to_vec();
        bytes[at..at + next.len()].copy_from_slice(&next);
        assert_eq!((proof_after(&bytes, 512), proof_after(&bytes, at + 8)), (6, 0));
    }
}
