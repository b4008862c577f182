//! A function one row at a time, with the bits of its batch values from the first one on.

use std::collections::VecDeque;

use ta_lib::Core;
use types::wire::{Reader, WireError, Writer};

use crate::bound::{self, Handle, Open};
use crate::kernel::Kernel;
use crate::limits::{INPUTS_MAX, OUTPUTS_MAX};
use crate::memory::{Memory, sums_exactly};
use crate::native;
use crate::settings::{Settings, Value};

/// Why a row was not taken; nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamError {
    /// It has not as many values as the function has inputs.
    Width,
    /// A value is infinite or no number; it would spoil everything after it.
    NotFinite,
    /// Its memory is full ([`ROWS_MAX`](crate::limits::ROWS_MAX)): what comes could not be restored.
    Full,
    /// TA-Lib refused it.
    Refused,
}

impl std::fmt::Display for StreamError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Width => "the row has not as many values as the function has inputs",
            Self::NotFinite => "a value of the row is not a finite number",
            Self::Full => "the indicator has taken all the rows that it can remember",
            Self::Refused => "the indicator does not take this row",
        })
    }
}
impl std::error::Error for StreamError {}

enum Source {
    Own(Box<dyn Kernel>),
    Bound(Bound),
}

/// A stream of TA-Lib's with the rows that can rebuild it.
struct Bound {
    open: Open,
    values: Vec<Value>,
    lookback: usize,
    memory: Memory,
    /// Whether all values so far were whole numbers.
    whole: bool,
    /// Rows, one value after the other.
    rows: VecDeque<f64>,
    handle: Option<Box<dyn Handle>>,
}

/// A function one row at a time.
pub struct Stream {
    settings: Settings,
    width: usize,
    outputs: usize,
    source: Source,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Stream {
    /// A stream that has seen nothing.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let source = native::make(settings).map_or_else(|| Source::Bound(Bound::new(settings)), Source::Own);
        Self {
            settings: settings.clone(),
            width: settings.function().inputs().len(),
            outputs: settings.function().outputs().len(),
            source,
        }
    }

    /// Its function and parameters.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How its state is written down.
    #[must_use]
    pub const fn memory(&self) -> Memory {
        match &self.source {
            Source::Own(_) => Memory::State,
            Source::Bound(bound) => bound.memory,
        }
    }

    /// Takes in one row in the order of the function's inputs: its values from row lookback + 1 on.
    ///
    /// # Errors
    /// See [`StreamError`]; nothing changed.
    pub fn update(&mut self, row: &[f64]) -> Result<Option<[f64; OUTPUTS_MAX]>, StreamError> {
        if row.len() != self.width {
            return Err(StreamError::Width);
        }
        if row.iter().any(|x| !x.is_finite()) {
            return Err(StreamError::NotFinite);
        }
        let mut out = [0.0; OUTPUTS_MAX];
        let ready = match &mut self.source {
            Source::Own(kernel) => kernel.update(row, &mut out[..self.outputs]),
            Source::Bound(bound) => bound.update(row, &mut out[..self.outputs])?,
        };
        Ok(ready.then_some(out))
    }

    /// Appends the state.
    pub fn save(&self, w: &mut Writer<'_>) {
        match &self.source {
            Source::Own(kernel) => kernel.save(w),
            Source::Bound(bound) => bound.save(w),
        }
    }

    /// Restores a state saved by a stream with the same settings.
    ///
    /// # Errors
    /// When the bytes are not such a state; the stream is not to be used any further then.
    pub fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        match &mut self.source {
            Source::Own(kernel) => kernel.load(r),
            Source::Bound(bound) => bound.load(r, self.width, self.outputs),
        }
    }
}

impl Bound {
    fn new(settings: &Settings) -> Self {
        let name = settings.function().name();
        let open = bound::find(name).expect("a test holds the tables to TA-Lib's list of functions");
        Self {
            open,
            values: settings.values().to_vec(),
            lookback: settings.lookback(),
            memory: Memory::of(settings),
            whole: true,
            rows: VecDeque::new(),
            handle: None,
        }
    }

    fn update(&mut self, row: &[f64], out: &mut [f64]) -> Result<bool, StreamError> {
        let rows = self.rows.len() / row.len();
        let whole = self.whole && row.iter().all(|x| sums_exactly(*x, self.lookback + 1));
        let (most, older_may_go) = self.memory.keeps(whole);
        if rows >= most && !older_may_go {
            return Err(StreamError::Full);
        }
        self.rows.extend(row);
        if let Err(refused) = self.step(row, out) {
            self.rows.truncate(rows * row.len());
            return Err(refused);
        }
        self.whole = whole;
        if rows >= most {
            self.rows.drain(..row.len());
        }
        Ok(self.handle.is_some())
    }

    fn step(&mut self, row: &[f64], out: &mut [f64]) -> Result<(), StreamError> {
        if let Some(handle) = &mut self.handle {
            return handle.update(row, out).map_err(|_| StreamError::Refused);
        }
        if self.rows.len() <= self.lookback * row.len() {
            return Ok(());
        }
        let columns: Vec<Vec<f64>> = (0..row.len())
            .map(|at| self.rows.iter().skip(at).step_by(row.len()).copied().collect())
            .collect();
        let opened = (self.open)(&Core::new(), &columns, &self.values, out);
        self.handle = Some(opened.map_err(|_| StreamError::Refused)?);
        Ok(())
    }

    fn save(&self, w: &mut Writer<'_>) {
        w.bool(self.whole);
        w.varint(self.rows.len() as u64);
        self.rows.iter().for_each(|x| w.u64(x.to_bits()));
    }

    fn load(&mut self, r: &mut Reader<'_>, width: usize, outputs: usize) -> Result<(), WireError> {
        self.whole = r.bool()?;
        let count = r.count(8)?;
        let (most, _) = self.memory.keeps(self.whole);
        if count % width != 0 || count > most * width {
            return Err(WireError::Invalid);
        }
        (self.rows, self.handle) = (VecDeque::with_capacity(count), None);
        let (mut row, mut out) = ([0.0; INPUTS_MAX], [0.0; OUTPUTS_MAX]);
        for _ in 0..count / width {
            for x in &mut row[..width] {
                *x = f64::from_bits(r.u64()?);
            }
            if row.iter().any(|x| !x.is_finite()) {
                return Err(WireError::Invalid);
            }
            self.rows.extend(&row[..width]);
            self.step(&row[..width], &mut out[..outputs]).map_err(|_| WireError::Invalid)?;
        }
        Ok(())
    }
}
