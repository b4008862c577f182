//! Webhook: does what messages from outside say, within one market and one size.
//!
//! Idea: the signal is made elsewhere (a charting service, a script); here are size, limits and the record. Source: the alert hooks
//! of charting services. Fails as its sender fails: late, twice, not at all. A message with an id counts once; messages closer
//! together than `gap-seconds` are refused; a stale market takes none.
//!
//! A message is words: `long`, `short`, `flat`, or `buy QTY`, `sell QTY` in base units, with `id=TEXT` optional, in any case. It may
//! bring the bracket of the position that it opens, at prices or percent away: `long stop=2% target=31500`, `buy 0.1 trail=1.5%`.

use std::collections::VecDeque;

use orders::{Bracket, Level};
use types::decimal;
use types::order::Amount;
use types::wire::{Reader, WireError, Writer};
use types::{Bips, Market, Price, Qty, Side, Terms, Time};

use super::Setting;
use super::reading::{QTY, SHORT, bars_of, readable, whole};
use super::stance::{Stance, Trader};
use crate::{
    Context, Decisions, Description, Event, Instruments, OrderIntent, ParamError, Params, Reason, Strategy,
    Subscription, Tag,
};

pub(super) const DESCRIPTION: Description = Description {
    name: "webhook",
    idea: "Does what messages say: long, short, flat, buy QTY, sell QTY; stop=, target= and trail= (a price or N%) guard what it opens.",
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
    /// Where to be, until it is reached, and what guards it there.
    goal: Option<(Stance, Option<Bracket>)>,
}

/// A message as it was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Message {
    wish: Wish,
    /// The hash of its id.
    id: Option<u64>,
    bracket: Option<Bracket>,
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

/// `2%`, `0.5%` or a price.
fn level(text: &str, price_scale: u8) -> Option<Level> {
    match text.strip_suffix('%') {
        Some(percent) => {
            let bips = decimal::parse_unsigned(percent, 2).ok()?;
            Some(Level::Off(Bips(u32::try_from(bips).ok()?)))
        }
        None => Some(Level::At(Price(decimal::parse_unsigned(text, price_scale).ok()?))),
    }
}

/// What a message says; `None` for one that means nothing.
fn read(text: &str, qty_scale: u8, price_scale: u8) -> Option<Message> {
    let (mut wish, mut id) = (None, None);
    let (mut stop, mut target, mut trailing) = (None, None, None);
    let mut words = text.split_ascii_whitespace();
    while let Some(word) = words.next() {
        let lower = word.to_ascii_lowercase();
        if let Some(text) = word.strip_prefix("id=") {
            id = Some(hash(text));
        } else if let Some(text) = lower.strip_prefix("stop=") {
            stop = Some(level(text, price_scale)?);
        } else if let Some(text) = lower.strip_prefix("target=") {
            target = Some(level(text, price_scale)?);
        } else if let Some(text) = lower.strip_prefix("trail=") {
            let Level::Off(bips) = level(text, price_scale)? else { return None };
            trailing = Some(bips);
        } else {
            let next = match lower.as_str() {
                "long" => Wish::Be(Stance::Long),
                "short" => Wish::Be(Stance::Short),
                "flat" => Wish::Be(Stance::Flat),
                side @ ("buy" | "sell") => {
                    let qty = Qty(decimal::parse_unsigned(words.next()?, qty_scale).ok()?);
                    Wish::Trade(if side == "buy" { Side::Buy } else { Side::Sell }, qty)
                }
                _ => return None,
            };
            if wish.replace(next).is_some() {
                return None;
            }
        }
    }
    let guarded = stop.is_some() || target.is_some() || trailing.is_some();
    let bracket = if guarded { Some(Bracket::new(stop, target, trailing).ok()?) } else { None };
    Some(Message { wish: wish?, id, bracket })
}

impl Webhook {
    fn hear(&mut self, ctx: &Context<'_>, text: &str, out: &mut Decisions) -> Reason {
        let Some(Message { wish, id, bracket }) = read(text, self.market.base.scale, self.market.price_scale)
        else {
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
        let reason = match wish {
            Wish::Be(stance) => {
                self.goal = Some((stance, bracket));
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
        };
        if let Some(bracket) = bracket {
            out.guard(bracket);
        }
        reason
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
        out.place(OrderIntent { tag: Tag(1), market, side, terms, reduce_only: false, bracket: None });
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
                let Some((goal, bracket)) = self.goal else {
                    return out.because(Reason::new("waiting_for_a_message"));
                };
                let sent = !self.trader.is_working(ctx) && self.trader.go(ctx, goal, out);
                if let Some(bracket) = bracket {
                    out.guard(bracket);
                }
                out.because(Reason::new(if sent {
                    "on_the_way_to_the_goal"
                } else {
                    "waiting_for_a_message"
                }));
            }
            // The bracket has closed the position: the message has been carried out to its end.
            Event::Fill { order, .. } if order.is_guard() => {
                self.goal = None;
                out.because(Reason::new("bracket_closed_it"));
            }
            _ => {}
        }
    }

    fn save(&self, w: &mut Writer<'_>) {
        w.bool(self.last.is_some());
        w.i64(self.last.unwrap_or_default().0);
        w.varint(self.ids.len() as u64);
        self.ids.iter().for_each(|id| w.u64(*id));
        let (stance, bracket) = self.goal.unzip();
        let code = match stance {
            None => 0,
            Some(Stance::Long) => 1,
            Some(Stance::Flat) => 2,
            Some(Stance::Short) => 3,
        };
        // Four more: its bracket follows.
        let bracket = bracket.flatten();
        w.u8(if bracket.is_some() { code + 4 } else { code });
        if let Some(bracket) = bracket {
            bracket.save(w);
        }
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
        let code = r.u8()?;
        let stance = match code & 3 {
            1 => Some(Stance::Long),
            2 => Some(Stance::Flat),
            3 => Some(Stance::Short),
            _ => None,
        };
        if code > 7 || code == 4 {
            return Err(WireError::Invalid);
        }
        let bracket = if code > 4 { Some(Bracket::load(r)?) } else { None };
        self.goal = stance.map(|stance| (stance, bracket));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<(Wish, Option<u64>, Option<Bracket>)> {
        read(text, 2, 2).map(|message| (message.wish, message.id, message.bracket))
    }

    #[test]
    fn messages_are_words_in_any_order_and_nothing_else() {
        assert_eq!(said("LONG"), Some((Wish::Be(Stance::Long), None, None)));
        assert_eq!(said("id=7 flat"), Some((Wish::Be(Stance::Flat), Some(hash("7")), None)));
        assert_eq!(said("buy 0.5 id=a"), Some((Wish::Trade(Side::Buy, Qty(50)), Some(hash("a")), None)));
        for text in ["", "id=1", "buy", "buy x", "buy -1", "sell 0.123", "long short", "go long", "{}"] {
            assert_eq!(said(text), None, "{text}");
        }
    }

    #[test]
    fn a_message_may_bring_a_bracket_of_percent_and_prices() {
        let bracket = |stop, target, trailing| Some(Bracket::new(stop, target, trailing).unwrap());
        let (percent, price) = (|bips| Some(Level::Off(Bips(bips))), |units| Some(Level::At(Price(units))));
        let of = |text| said(text).and_then(|(_, _, bracket)| bracket);
        assert_eq!(of("long STOP=2% target=31500"), bracket(percent(200), price(3_150_000), None));
        assert_eq!(of("trail=0.5% buy 1"), bracket(None, None, Some(Bips(50))));
        for text in ["long stop=", "long stop=2%%", "long stop=1% trail=1%", "long trail=30000", "stop=1%"] {
            assert_eq!(said(text), None, "{text}");
        }
    }
}
