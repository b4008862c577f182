//! What orders were sent and what of them traded, live or again.

use std::collections::BTreeMap;

use engine::Input;
use live::record::{Intent, Step};
use orders::{Identity, VenueOrder};
use types::{ClientOrderId, Money, Outcome, Qty, Side, Terms, Time, VenueFill};

/// One order with what traded.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) order: VenueOrder,
    pub(crate) bot: u32,
    pub(crate) sent: Time,
    pub(crate) first_fill: Option<Time>,
    pub(crate) qty: i64,
    pub(crate) quote: i128,
    /// By asset.
    pub(crate) fees: BTreeMap<u16, i128>,
}

/// All orders of a run, by id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traded(pub(crate) BTreeMap<ClientOrderId, Order>);

impl Traded {
    /// What a session recorded.
    pub(crate) fn of_steps(steps: &[(u64, Step)]) -> Self {
        let mut traded = Self::default();
        for (_, step) in steps {
            if let Input::Execution(report) = &step.input
                && let Outcome::Fill(fill) = &report.outcome
            {
                traded.fill(step.at, &report.client_id, fill);
            }
            for intent in &step.intents {
                if let Intent::Submit(order) = intent {
                    traded.sent(step.at, order);
                }
            }
        }
        traded
    }

    pub(crate) fn sent(&mut self, at: Time, order: &VenueOrder) {
        let bot = Identity::parse(&order.client_id).map_or(0, |identity| identity.bot.0);
        self.0.entry(order.client_id).or_insert_with(|| Order {
            order: *order,
            bot,
            sent: at,
            first_fill: None,
            qty: 0,
            quote: 0,
            fees: BTreeMap::new(),
        });
    }

    /// Fills of orders from before the session are not compared.
    pub(crate) fn fill(&mut self, at: Time, id: &ClientOrderId, fill: &VenueFill) {
        let Some(order) = self.0.get_mut(id) else { return };
        order.first_fill.get_or_insert(at);
        order.qty += fill.qty.0;
        order.quote += fill.quote.0;
        *order.fees.entry(fill.fee_asset.0).or_default() += fill.fee.0;
    }

    pub(crate) fn orders(&self) -> usize {
        self.0.len()
    }
}

impl Order {
    /// True if it waits in the book.
    pub(crate) const fn rests(&self) -> bool {
        matches!(self.order.terms, Terms::Limit { .. } | Terms::LimitMaker { .. })
    }

    pub(crate) const fn side(&self) -> &'static str {
        match self.order.side {
            Side::Buy => "buy",
            Side::Sell => "sell",
        }
    }

    /// What it added to the quote asset, before fees.
    pub(crate) const fn cash(&self) -> i128 {
        match self.order.side {
            Side::Buy => -self.quote,
            Side::Sell => self.quote,
        }
    }

    /// What it added to the base asset, before fees.
    pub(crate) const fn base(&self) -> Qty {
        match self.order.side {
            Side::Buy => Qty(self.qty),
            Side::Sell => Qty(-self.qty),
        }
    }

    pub(crate) fn fee(&self, asset: u16) -> Money {
        Money(self.fees.get(&asset).copied().unwrap_or(0))
    }
}
