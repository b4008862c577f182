//! Cost averaging (DCA): buys for the same amount of money at regular intervals, whatever the price.
//!
//! Idea: a fixed amount buys more when it is cheap, and no moment has to be chosen. Source: Graham, The Intelligent Investor
//! (1949); Constantinides, Journal of Financial and Quantitative Analysis 14 (1979) shows that it is not optimal. Fails when the
//! price never recovers, and against investing all at once when it rises. A purchase that was refused is not made up for: the next
//! one comes at its time.

use types::order::Amount;
use types::wire::{Reader, WireError, Writer};
use types::{Market, MarketId, Money, Price, Qty, Side, SignedQty, Terms};

use super::Setting;
use super::reading::{amount, bars, bars_of, readable, real, signal, whole};
use crate::{
    Context, Decisions, Description, Ended, Event, Instruments, OrderIntent, ParamError, Params, Reason,
    Strategy, Subscription, Tag,
};

pub(super) const DESCRIPTION: Description = Description {
    name: "dca",
    idea: "Buys for the same amount of money at regular intervals.",
    source: "Graham, The Intelligent Investor (1949); Constantinides (1979) on why it is not optimal.",
    fails: "A price that never recovers; against investing all at once when the price rises.",
    instruments: Instruments::ONE,
    params: &[
        amount("amount", "quote units spent per purchase", "100"),
        whole("every", "bars from one purchase to the next", (1, 1_000_000), 1_440),
        amount("budget", "quote units spent at most in all (0: no limit)", "0"),
        real(
            "discount",
            "buys only this many percent below the highest close since the last purchase",
            (0.0, 90.0),
            0.0,
        ),
        real(
            "take-profit",
            "sells everything this many percent above its cost (0: never)",
            (0.0, 1_000.0),
            0.0,
        ),
    ],
};

const BUY: Tag = Tag(0);
const SELL: Tag = Tag(1);

struct Dca {
    subscriptions: [Subscription; 1],
    market: Market,
    amount: Money,
    every: u64,
    budget: Option<Money>,
    discount: f64,
    take_profit: f64,
    /// Bars since the last purchase fell due.
    waited: u64,
    highest: Price,
    spent: Money,
}

pub(super) fn make(params: &Params, settings: &[Setting<'_>]) -> Result<Box<dyn Strategy>, ParamError> {
    let market = &settings[0].instrument.market;
    let amount = params.amount("amount", market.quote.scale)?;
    if amount == 0 {
        let allowed = "an amount above 0".to_owned();
        return Err(ParamError::Invalid { name: "amount", given: "0".to_owned(), allowed });
    }
    let budget = params.amount("budget", market.quote.scale)?;
    let every = u64::from(bars(params, "every"));
    Ok(Box::new(Dca {
        subscriptions: [bars_of(&settings[0])],
        market: market.clone(),
        amount: Money(i128::from(amount)),
        every,
        budget: (budget > 0).then_some(Money(i128::from(budget))),
        discount: params.real("discount"),
        take_profit: params.real("take-profit"),
        // The first purchase falls due at once.
        waited: every - 1,
        highest: Price(0),
        spent: Money::ZERO,
    }))
}

impl Dca {
    const fn id(&self) -> MarketId {
        self.market.id
    }

    fn decide(&mut self, ctx: &Context<'_>, last: Price, out: &mut Decisions) -> Reason {
        let shown = |code| Reason::new(code).with("price", readable(signal(last), self.market.price_scale));
        if !ctx.market(self.id()).is_some_and(|view| view.is_fresh()) {
            return shown("market_is_stale");
        }
        if self.profit_reached(ctx, last) {
            let sent = out.target(ctx, self.id(), SignedQty(0), SELL);
            return shown(if sent { "profit_taken" } else { "sale_on_the_way" });
        }
        if self.waited < self.every {
            return shown("not_due").with("bars_left", (self.every - self.waited) as f64);
        }
        let below = (1.0 - signal(last) / signal(self.highest).max(1.0)) * 100.0;
        if below < self.discount {
            return shown("not_cheap_enough").with("percent_below", below).with("wanted", self.discount);
        }
        if ctx.order(BUY).is_some() {
            return shown("purchase_on_the_way");
        }
        let left = self.budget.map_or(self.amount, |b| Money(b.0 - self.spent.0).min(self.amount));
        // The purchase is due no more, also when it cannot be made.
        (self.waited, self.highest) = (0, last);
        let step = self.market.rules.lot.step;
        let qty = self.market.notional.affordable(left, last, step);
        let Some(qty) = ctx.sendable_at_market(self.id(), qty) else {
            return shown(if left < self.amount { "budget_is_spent" } else { "amount_below_smallest_order" });
        };
        self.place(qty, out);
        shown("purchase_due").with("qty", readable(qty.0 as f64, self.market.base.scale))
    }

    fn place(&self, qty: Qty, out: &mut Decisions) {
        let terms = Terms::Market { amount: Amount::Base(qty) };
        out.place(OrderIntent {
            tag: BUY,
            market: self.id(),
            side: Side::Buy,
            terms,
            reduce_only: false,
            bracket: None,
        });
    }

    /// Whether what is held is worth enough more than it cost.
    fn profit_reached(&self, ctx: &Context<'_>, last: Price) -> bool {
        let position = ctx.account.position(self.id());
        let cost = position.cost().0;
        if self.take_profit <= 0.0 || cost <= 0 || position.qty().0 <= 0 {
            return false;
        }
        let worth = self.market.notional.amount(last, position.qty().size()).0;
        (worth - cost) as f64 >= cost as f64 * self.take_profit / 100.0
    }
}

impl Strategy for Dca {
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
            Event::Bar { bar, .. } => {
                self.waited = (self.waited + 1).min(self.every);
                self.highest = self.highest.max(bar.high);
                let reason = self.decide(ctx, bar.close, out);
                out.because(reason);
            }
            Event::Fill { order: BUY, fill, .. } => {
                self.spent = Money(self.spent.0.saturating_add(fill.quote.0));
                let spent = self.spent.0 as f64;
                out.because(Reason::new("bought").with("spent", readable(spent, self.market.quote.scale)));
            }
            Event::Ended { how: Ended::Denied | Ended::Rejected | Ended::NeverArrived, order } => {
                out.because(Reason::new("order_refused").with("order", f64::from(order.0)));
            }
            _ => {}
        }
    }

    fn save(&self, w: &mut Writer<'_>) {
        w.u64(self.waited);
        w.i64(self.highest.0);
        w.i128(self.spent.0);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), WireError> {
        self.waited = r.u64()?.min(self.every);
        self.highest = Price(r.i64()?);
        self.spent = Money(r.i128()?);
        Ok(())
    }
}
