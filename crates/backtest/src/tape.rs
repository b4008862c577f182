//! What was recorded of one market, read in place: an event stays where it is while venue and engine look at it.

use types::{Bar, MarketEvent, MarketId, MarketNews, Time};

/// Why a recording cannot be read any further.
pub type TapeError = Box<dyn std::error::Error + Send + Sync>;

/// The recording of one market, in order of time.
pub trait Tape {
    /// Moves to the next event; `false` at the end.
    ///
    /// # Errors
    /// When the recording cannot be read; the run fails.
    fn advance(&mut self) -> Result<bool, TapeError>;
    /// When the present event begins: a bar's open time, else the moment it was seen.
    fn at(&self) -> Time;
    /// The present event.
    fn event(&self) -> &MarketEvent;
}

/// A tape of bars from anything that gives bars.
#[derive(Debug)]
pub struct Bars<I> {
    bars: I,
    event: MarketEvent,
    /// Open time and price of the bar before, to notice disorder.
    before: Time,
}

impl<I, E> Bars<I>
where
    I: Iterator<Item = Result<Bar, E>>,
    E: Into<TapeError>,
{
    /// The bars of `market`.
    pub fn new(market: MarketId, bars: impl IntoIterator<IntoIter = I>) -> Self {
        let nothing = Bar::flat(types::Interval::M1, Time(i64::MIN), types::Price(0));
        let event = MarketEvent { market, data: MarketNews::Bar(nothing) };
        Self { bars: bars.into_iter(), event, before: Time(i64::MIN) }
    }
}

impl<I, E> Tape for Bars<I>
where
    I: Iterator<Item = Result<Bar, E>>,
    E: Into<TapeError>,
{
    fn advance(&mut self) -> Result<bool, TapeError> {
        let Some(bar) = self.bars.next() else { return Ok(false) };
        let bar = bar.map_err(Into::into)?;
        if bar.open_time <= self.before {
            return Err(format!(
                "the bar that opens at {} ms does not come after the one before ({} ms)",
                bar.open_time.millis(),
                self.before.millis()
            )
            .into());
        }
        self.before = bar.open_time;
        match &mut self.event.data {
            // In place: nothing of the event before is to be dropped.
            MarketNews::Bar(present) => *present = bar,
            data => *data = MarketNews::Bar(bar),
        }
        Ok(true)
    }

    fn at(&self) -> Time {
        self.before
    }

    fn event(&self) -> &MarketEvent {
        &self.event
    }
}

/// A tape of events from anything that gives them with the time they were seen.
#[derive(Debug)]
pub struct Events<I> {
    events: I,
    at: Time,
    event: MarketEvent,
}

impl<I, E> Events<I>
where
    I: Iterator<Item = Result<(Time, MarketEvent), E>>,
    E: Into<TapeError>,
{
    /// The events of `market`.
    pub fn new(market: MarketId, events: impl IntoIterator<IntoIter = I>) -> Self {
        let event = MarketEvent { market, data: MarketNews::Feed(types::FeedState::Up) };
        Self { events: events.into_iter(), at: Time(i64::MIN), event }
    }
}

impl<I, E> Tape for Events<I>
where
    I: Iterator<Item = Result<(Time, MarketEvent), E>>,
    E: Into<TapeError>,
{
    fn advance(&mut self) -> Result<bool, TapeError> {
        let Some(next) = self.events.next() else { return Ok(false) };
        let (at, event) = next.map_err(Into::into)?;
        // A receiver's clock that was set back does not turn time round.
        self.at = self.at.max(at);
        self.event = event;
        Ok(true)
    }

    fn at(&self) -> Time {
        self.at
    }

    fn event(&self) -> &MarketEvent {
        &self.event
    }
}
