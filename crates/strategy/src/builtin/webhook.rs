//! Webhook: does what messages from outside say, within one market and one size.
//!
//! Idea: the signal is made elsewhere (a charting service, a script); here are size, limits and the record. Source: the alert hooks
//! of charting services. Fails as its sender fails: late, twice, not at all. A message with an id counts once; messages closer
//! together than `gap-seconds` are refused; a stale market takes none.
//!
//! A message is words: `long`, `short`, `flat`, or `buy QTY`, `sell QTY` in base units, with `id=TEXT` optional, in any case.

use std::collections::VecDeque;

use types::decimal;
use types::order::Amount;
use types::wire::{Reader, WireError, Writer};
use types::{Market, Qty, Side, Terms, Time};

use super::Setting;
use super::reading::{QTY, SHORT, bars_of, readable, whole};
use super::stance::{Stance, Trader};
use crate::{
    Context, Decisions, Description, Event, Instruments, OrderIntent, ParamError, Params, Reason, Strategy,
    Subscription, Tag,
};

pub(super) const DESCRIPTION: Description = Description {
    name: "webhook",
    idea: "Does what messages say: long, short, flat, buy QTY, sell QTY.",
    source: "The alert hooks of charting services.",
    fails: "As its sender fails: late, twice (give an id), or not at all.",
    instruments: Instruments::ONE,
    params: &[
        QTY,
        SHORT,
        whole("gap-seconds", "messages sooner than this after the last one are refused", (0, 86_400), 0),
    ],
};

/// Ids remembered, so that a repeated message counts once: a day of one a minute is more than any service repeats.
const IDS_MAX: usize = 1_440;

/// What a message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Be(Stance),
    Trade(Side, Qty),
}

struct Webhook {
    subscriptions: [Subscription; 1],
    market: Market,
    trader: Trader,
    gap_ns: i64,
    last: Option<Time>,
    /// Hashes of the ids seen, oldest first.
    ids: VecDeque<u64>,
    /// Where to be, until it is reached.
    goal: Option<Stance>,
}

pub(super) fn make(params: &Params, settings: &[Setting<'_>]) -> Result<Box<dyn Strategy>, ParamError> {
    Ok(Box::new(Webhook {
        subscriptions: [bars_of(&settings[0])],
        market: settings[0].instrument.market.clone(),
        trader: Trader::new(params, &settings[0])?,
        gap_ns: params.whole("gap-seconds") * 1_000_000_000,
        last: None,
        ids: VecDeque::new(),
        goal: None,
    }))
}

/// FNV-1a: ids are told apart, not protected.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// The wish and the id's hash; `None` for a message that means nothing.
fn read(text: &str, scale: u8) -> Option<(Wish, Option<u64>)> {
    let (mut wish, mut id) = (None, None);
    let mut words = text.split_ascii_whitespace();
    while let Some(word) = words.next() {
        if let Some(text) = word.strip_prefix("id=") {
            id = Some(hash(text));
            continue;
        }
        let next = match word.to_ascii_lowercase().as_str() {
            "long" => Wish::Be(Stance::Long),
            "short" => Wish::Be(Stance::Short),
            "flat" => Wish::Be(Stance::Flat),
            side @ ("buy" | "sell") => {
                let qty = Qty(decimal::parse_unsigned(words.next()?, scale).ok()?);
                Wish::Trade(if side == "buy" { Side::Buy } else { Side::Sell }, qty)
            }
            _ => return None,
        };
        if wish.replace(next).is_some() {
            return None;
        }
    }
    Some((wish?, id))
}

impl Webhook {
    fn hear(&mut self, ctx: &Context<'_>, text: &str, out: &mut Decisions) -> Reason {
        let Some((wish, id)) = read(text, self.market.base.scale) else {
            return Reason::new("message_not_understood").with("length", text.len() as f64);
        };
        if id.is_some_and(|id| self.ids.contains(&id)) {
            return Reason::new("message_repeated");
        }
        if !ctx.market(self.market.id).is_some_and(|v| v.is_fresh() && v.last().is_some()) {
            return Reason::new("market_is_stale");
        }
        let since = self.last.map(|last| ctx.now.since(last));
        if let Some(since) = since.filter(|since| *since < self.gap_ns) {
            return Reason::new("message_too_soon").with("seconds", since as f64 / 1e9);
        }
        if wish == Wish::Be(Stance::Short) && self.trader.allowed(Stance::Short) != Stance::Short {
            return Reason::new("short_is_not_allowed");
        }
        self.last = Some(ctx.now);
        if let Some(id) = id {
            if self.ids.len() == IDS_MAX {
                self.ids.pop_front();
            }
            self.ids.push_back(id);
        }
        match wish {
            Wish::Be(stance) => {
                self.goal = Some(stance);
                self.trader.go(ctx, stance, out);
                Reason::new(match stance {
                    Stance::Long => "told_to_be_long",
                    Stance::Short => "told_to_be_short",
                    Stance::Flat => "told_to_be_flat",
                })
            }
            Wish::Trade(side, qty) => {
                self.goal = None;
                self.trade(ctx, side, qty, out)
            }
        }
    }

    fn trade(&self, ctx: &Context<'_>, side: Side, qty: Qty, out: &mut Decisions) -> Reason {
        let market = self.market.id;
        let shown = |code| Reason::new(code).with("qty", readable(qty.0 as f64, self.market.base.scale));
        let Some(qty) = ctx.sendable_at_market(market, qty) else { return shown("qty_cannot_be_sent") };
        let may_short = self.trader.allowed(Stance::Short) == Stance::Short;
        let left = ctx.position(market).0 - ctx.working(market, Side::Sell).0;
        if side == Side::Sell && !may_short && qty.0 > left {
            return shown("short_is_not_allowed");
        }
        let terms = Terms::Market { amount: Amount::Base(qty) };
        out.place(OrderIntent { tag: Tag(1), market, side, terms, reduce_only: false });
        shown(if side == Side::Buy { "told_to_buy" } else { "told_to_sell" })
    }
}

impl Strategy for Webhook {
    fn description(&self) -> &'static Description {
        &DESCRIPTION
    }

    fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    fn warm_up(&self) -> u32 {
        0
    }

    fn on_event(&mut self, ctx: &Context<'_>, event: &Event<'_>, out: &mut Decisions) {
        match event {
            Event::Signal(text) => {
                let reason = self.hear(ctx, text, out);
                out.because(reason);
            }
            // What is missing after a part fill or a refusal is asked for again once per bar.
            Event::Bar { .. } => {
                let Some(goal) = self.goal else { return out.because(Reason::new("waiting_for_a_message")) };
                let sent = !self.trader.is_working(ctx) && self.trader.go(ctx, goal, out);
                out.because(Reason::new(if sent {
                    "on_the_way_to_the_goal"
                } else {
                    "waiting_for_a_message"
                }));
            }
            _ => {}
        }
    }

    fn save(&self, w: &mut Writer<'_>) {
        w.bool(self.last.is_some());
        w.i64(self.last.unwrap_or_default().0);
        w.varint(self.ids.len() as u64);
        self.ids.iter().for_each(|id| w.u64(*id));
        w.u8(match self.goal {
            None => 0,
            Some(Stance::Long) => 1,
            Some(Stance::Flat) => 2,
            Some(Stance::Short) => 3,
        });
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        let known = r.bool()?;
        let last = Time(r.i64()?);
        self.last = known.then_some(last);
        let count = r.count(8)?;
        if count > IDS_MAX {
            return Err(WireError::Invalid);
        }
        self.ids = (0..count).map(|_| r.u64()).collect::<Result<_, _>>()?;
        self.goal = match r.u8()? {
            0 => None,
            1 => Some(Stance::Long),
            2 => Some(Stance::Flat),
            3 => Some(Stance::Short),
            _ => return Err(WireError::Invalid),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_words_in_any_order_and_nothing_else() {
        assert_eq!(read("LONG", 8), Some((Wish::Be(Stance::Long), None)));
        assert_eq!(read("id=7 flat", 8), Some((Wish::Be(Stance::Flat), Some(hash("7")))));
        assert_eq!(read("buy 0.5 id=a", 2), Some((Wish::Trade(Side::Buy, Qty(50)), Some(hash("a")))));
        for text in ["", "id=1", "buy", "buy x", "buy -1", "sell 0.123", "long short", "go long", "{}"] {
            assert_eq!(read(text, 2), None, "{text}");
        }
    }
}
