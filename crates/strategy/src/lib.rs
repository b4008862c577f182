//! Layer 1: strategies. An event comes in, decisions with their reasons come out; the same object runs in back-test, paper
//! and live.
//!
//! A strategy reads the [`Context`] and nothing else, sends through [`Decisions`] and nothing else, and can be saved and
//! restored bit for bit: run N, save, load, run M equals run N + M. Floats are for signals only; prices and quantities are
//! the instrument's integers.

pub mod builtin;
mod context;
mod decision;
mod describe;
mod event;
mod forecaster;
mod params;
mod pause;
mod trained;
mod words;

pub use context::{Context, OpenOrder};
pub use decision::{Act, Decisions, OrderIntent, Quote, Quoted, Reason, Tag};
pub use describe::{Description, Instruments, Kind, Param};
pub use event::{Ended, Event, Feed, Subscription};
pub use forecaster::{Arima, Forecaster, Outlook, RandomWalk};
pub use params::{ParamError, Params, Value};
pub use pause::Pause;
pub use trained::{TrainedModel, get_model, put_model};
use types::wire::{Reader, WireError, Writer};
pub use words::Words;

/// One strategy with its parameters, as one bot runs it.
pub trait Strategy: Send {
    /// What it is: for people, the API and the command line.
    fn description(&self) -> &'static Description;
    /// Which feeds it wants.
    fn subscriptions(&self) -> &[Subscription];
    /// Events of its first subscription before it may act.
    fn warm_up(&self) -> u32;
    /// Why its positions can have no bracket (`orders::bracket`), if that is so: it could not tell that one was closed from outside.
    fn unguardable(&self) -> Option<&'static str> {
        None
    }
    /// Decides. Called for every event of its subscriptions and of its own orders, in order.
    fn on_event(&mut self, ctx: &Context<'_>, event: &Event<'_>, out: &mut Decisions);
    /// Appends its state.
    fn save(&self, w: &mut Writer<'_>);
    /// Restores a state saved with the same parameters.
    ///
    /// # Errors
    /// When the bytes are not such a state.
    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError>;
}
