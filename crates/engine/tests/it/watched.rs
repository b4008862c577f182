//! A strategy under observation: everything it decides is written down, and at chosen events it is saved, thrown away and made again
//! from its bytes.

use std::sync::{Arc, Mutex};

use strategy::{Context, Decisions, Description, Event, Strategy, Subscription};
use types::wire::{Reader, WireError, Writer};

pub(crate) type Make = Arc<dyn Fn() -> Box<dyn Strategy> + Send + Sync>;

/// What was decided, one line per event.
pub(crate) type Log = Arc<Mutex<Vec<String>>>;

pub(crate) struct Watched {
    make: Make,
    inner: Box<dyn Strategy>,
    log: Log,
    /// Numbers of the events before which it is made again.
    cuts: Vec<usize>,
    heard: usize,
}

impl Watched {
    pub(crate) fn new(make: Make, cuts: Vec<usize>, log: Log) -> Self {
        Self { inner: make(), make, log, cuts, heard: 0 }
    }

    fn again(&mut self) {
        let mut bytes = Vec::new();
        self.inner.save(&mut Writer(&mut bytes));
        self.inner = (self.make)();
        let mut r = Reader::new(&bytes);
        self.inner.load(&mut r).unwrap();
        r.end().unwrap();
        let mut same = Vec::new();
        self.inner.save(&mut Writer(&mut same));
        assert_eq!(bytes, same, "a restored state has other bytes");
        for end in (0..bytes.len()).step_by(bytes.len() / 16 + 1) {
            assert!((self.make)().load(&mut Reader::new(&bytes[..end])).is_err(), "{end} bytes were enough");
        }
    }
}

impl Strategy for Watched {
    fn description(&self) -> &'static Description {
        self.inner.description()
    }

    fn subscriptions(&self) -> &[Subscription] {
        self.inner.subscriptions()
    }

    fn warm_up(&self) -> u32 {
        self.inner.warm_up()
    }

    fn on_event(&mut self, ctx: &Context<'_>, event: &Event<'_>, out: &mut Decisions) {
        if self.cuts.contains(&self.heard) {
            self.again();
        }
        self.heard += 1;
        self.inner.on_event(ctx, event, out);
        let line = format!("{} {:?} {:?}", ctx.now.0, out.reason(), out.acts());
        self.log.lock().unwrap().push(line);
    }

    fn save(&self, w: &mut Writer<'_>) {
        self.inner.save(w);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.inner.load(r)
    }
}
