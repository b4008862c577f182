//! The records of a shard's journal: `{version u8, kind u8, ...}`, little-endian, permanent (see [`types::codec`]).
//!
//! An input's record holds the input, what was decided because of it (the orders and cancels that leave) and the rolling hash of
//! all decisions after it. So a record is a statement that replay can check, and an auditor can read without running anything.

use engine::{Input, Output, get_input, get_order, put_input, put_order};
use orders::VenueOrder;
use types::codec::{get_option, get_text, put_option};
use types::wire::{Reader, WireError, Writer};
use types::{ClientOrderId, MarketId, Time};

/// The version that is written.
pub const VERSION: u8 = 1;
const SESSION: u8 = 1;
const INPUT: u8 = 2;
const CHECKPOINT: u8 = 3;

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A process began to run the shard.
    Session(Session),
    /// An input and what followed.
    Input(Box<Step>),
    /// The hash of the whole state, at a session's end and now and then.
    Checkpoint {
        /// The hash.
        state_hash: u64,
    },
}

/// The beginning of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// When.
    pub at: Time,
    /// Its number, first is 1.
    pub number: u64,
    /// The installation's number, part of every order's identity.
    pub installation: u32,
    /// The program's version.
    pub program: String,
}

/// An input and what followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When it was taken in.
    pub at: Time,
    /// The idempotency key of the command that it was.
    pub key: Option<String>,
    /// The input.
    pub input: Input,
    /// What leaves because of it.
    pub intents: Vec<Intent>,
    /// The hash of all decisions after it.
    pub digest: u64,
}

/// Something that leaves for the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a record holds one or two")]
pub enum Intent {
    /// An order.
    Submit(VenueOrder),
    /// A cancel.
    Cancel {
        /// Where.
        market: MarketId,
        /// Which order.
        client_id: ClientOrderId,
    },
}

impl std::fmt::Display for Intent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Submit(order) => {
                write!(f, "submit {} {:?} {:?}", order.client_id, order.side, order.terms)?;
                order.other.map_or(Ok(()), |leg| write!(f, " or {} {:?}", leg.client_id, leg.terms))
            }
            Self::Cancel { client_id, .. } => write!(f, "cancel {client_id}"),
        }
    }
}

/// Writes a session's record.
pub fn put_session(session: &Session, out: &mut Vec<u8>) {
    let mut w = Writer(out);
    w.u8(VERSION);
    w.u8(SESSION);
    w.i64(session.at.0);
    w.u64(session.number);
    w.u32(session.installation);
    w.text(&session.program);
}

/// Writes a checkpoint's record.
pub fn put_checkpoint(state_hash: u64, out: &mut Vec<u8>) {
    let mut w = Writer(out);
    w.u8(VERSION);
    w.u8(CHECKPOINT);
    w.u64(state_hash);
}

/// Writes an input's record.
///
/// # Errors
/// An input that could not be read back: an instrument whose numbers do not fit together.
pub fn put_step(
    at: Time,
    key: Option<&str>,
    input: &Input,
    outputs: &[Output],
    digest: u64,
    out: &mut Vec<u8>,
) -> Result<(), WireError> {
    let mut w = Writer(out);
    w.u8(VERSION);
    w.u8(INPUT);
    w.i64(at.0);
    put_option(&mut w, key, |w, key| w.text(key));
    put_input(&mut w, input)?;
    let leaves = |o: &&Output| matches!(o, Output::Submit(_) | Output::Cancel { .. });
    w.varint(outputs.iter().filter(leaves).count() as u64);
    for output in outputs {
        match output {
            Output::Submit(approved) => {
                w.u8(0);
                put_order(&mut w, approved.order());
            }
            Output::Cancel { market, client_id } => {
                w.u8(1);
                w.u16(market.0);
                w.text(client_id.as_str());
            }
            _ => {}
        }
    }
    w.u64(digest);
    Ok(())
}

/// Reads a record.
///
/// # Errors
/// When the bytes are not a record of this version.
pub fn read(payload: &[u8]) -> Result<Record, WireError> {
    let mut r = Reader::new(payload);
    if r.u8()? != VERSION {
        return Err(WireError::Invalid);
    }
    let record = match r.u8()? {
        SESSION => Record::Session(Session {
            at: Time(r.i64()?),
            number: r.u64()?,
            installation: r.u32()?,
            program: r.text()?.to_owned(),
        }),
        INPUT => {
            let at = Time(r.i64()?);
            let key = get_option(&mut r, |r| r.text().map(str::to_owned))?;
            let input = get_input(&mut r)?;
            let count = r.count(2)?;
            let intents = (0..count).map(|_| get_intent(&mut r)).collect::<Result<_, _>>()?;
            Record::Input(Box::new(Step { at, key, input, intents, digest: r.u64()? }))
        }
        CHECKPOINT => Record::Checkpoint { state_hash: r.u64()? },
        _ => return Err(WireError::Invalid),
    };
    r.end()?;
    Ok(record)
}

fn get_intent(r: &mut Reader<'_>) -> Result<Intent, WireError> {
    Ok(match r.u8()? {
        0 => Intent::Submit(get_order(r)?),
        1 => Intent::Cancel { market: MarketId(r.u16()?), client_id: get_text(r)? },
        _ => return Err(WireError::Invalid),
    })
}
