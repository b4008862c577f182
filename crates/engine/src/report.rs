//! A venue's report becomes ledger and news for the bot.

use orders::{Anomaly, Change, Identity, State};
use strategy::{Ended, Tag};
use types::{AccountId, ClientOrderId, MarketId, Money, Outcome, Report, Time, VenueFill};

use crate::engine::{Engine, Heard};
use crate::guarding::Traded;
use crate::{BotState, Output};

impl Engine {
    /// Marks an order as sent; the driver calls this when it has left.
    pub fn sent(&mut self, id: &ClientOrderId) {
        // A second notice of the same fact is counted by the order book and changes nothing.
        let _ = self.orders.sent(id);
    }

    pub(crate) fn execution(&mut self, now: Time, report: &Report, out: &mut Vec<Output>) {
        let change = match self.orders.report(report) {
            Ok(change) => change,
            Err(Anomaly::NotOurs) => return self.stranger(report, out),
            Err(_) => return,
        };
        let id = &report.client_id;
        let Some(identity) = Identity::parse(id) else { return };
        let Some(at) = self.bots.iter().position(|b| b.id == identity.bot) else { return };
        out.push(Output::Order { bot: identity.bot, client_id: *id, outcome: report.outcome });
        let tag = self.orders.get(id).map_or(Tag(0), |o| Tag(o.tag));
        if let Change::Filled { fill, .. } = change {
            self.book_fill(at, now, report, &fill, out);
            self.heard.push((at, Heard::Fill { tag, market: report.market, fill }));
        }
        let state = self.orders.get(id).map_or(State::Filled, |o| o.state);
        if let Some(how) = ended(state) {
            // A late fill finds its order ended already; the bot was told then.
            if self.bots[at].end_working(id).is_some() {
                if tag.is_guard() {
                    let rejected = match report.outcome {
                        Outcome::Rejected(reason) => Some(reason),
                        _ => None,
                    };
                    self.guard_ended(at, now, tag, report.market, rejected);
                }
                self.heard.push((at, Heard::Ended { tag, how }));
            }
        } else if tag.is_guard() && matches!(report.outcome, Outcome::Accepted { .. }) {
            self.guard_stands(at, report.market);
        }
    }

    fn book_fill(&mut self, at: usize, now: Time, report: &Report, fill: &VenueFill, out: &mut Vec<Output>) {
        let Some(view) = self.markets.get(report.market) else { return };
        let Some(side) = self.orders.get(&report.client_id).map(|o| o.side) else { return };
        let bot = &mut self.bots[at];
        let before = bot.ledger.position(report.market).qty();
        bot.reduce_working(&report.client_id, fill.qty);
        match bot.ledger.fill(view.instrument(), side, fill) {
            Ok(effect) => {
                if before.0 != 0 && effect.qty.0.signum() != before.0.signum() {
                    close_round_trip(bot, now, report);
                }
            }
            // Beyond what numbers can hold: the bot is stopped, its books can no longer be trusted.
            Err(_) => bot.state = BotState::Stopped,
        }
        self.digest.number(fill.trade.0);
        self.digest.number(fill.qty.0.unsigned_abs());
        self.digest.number(fill.price.0.unsigned_abs());
        self.revalue(at, now);
        if let Some(order) = self.orders.get(&report.client_id) {
            let traded = Traded {
                market: order.market,
                side: order.side,
                tag: Tag(order.tag),
                bracket: order.bracket,
                is_done: order.state == State::Filled,
                price: fill.price,
            };
            self.guard_fill(at, now, &traded, before, out);
        }
    }

    /// A report about an order that nobody here knows. News of another installation's or person's orders ends there; only one
    /// that trades changes an account of ours. Which one the report does not say, so all bots of the market stop.
    fn stranger(&mut self, report: &Report, out: &mut Vec<Output>) {
        if !matches!(report.outcome, Outcome::Fill(_)) {
            return;
        }
        for bot in &mut self.bots {
            if bot.strategy.subscriptions().iter().any(|s| s.market == report.market) {
                bot.state = BotState::Stopped;
            }
        }
        out.push(Output::External { market: report.market, client_id: report.client_id });
    }

    /// Somebody else trades on an account of ours: what we think we know of it is wrong, so its bots stop.
    pub(crate) fn external(
        &mut self,
        account: AccountId,
        market: MarketId,
        id: &ClientOrderId,
        out: &mut Vec<Output>,
    ) {
        for bot in self.bots.iter_mut().filter(|bot| bot.account == account) {
            bot.state = BotState::Stopped;
        }
        out.push(Output::External { market, client_id: *id });
    }
}

fn close_round_trip(bot: &mut crate::bot::Bot, now: Time, report: &Report) {
    let realised = bot.ledger.position(report.market).realised().average;
    let earned = Money(realised.0 - bot.realised_before.0);
    bot.realised_before = realised;
    if earned < Money::ZERO {
        bot.losses.streak += 1;
        bot.losses.streak_ended = now;
    } else {
        bot.losses.streak = 0;
    }
}

const fn ended(state: State) -> Option<Ended> {
    match state {
        State::Filled => Some(Ended::Filled),
        State::Canceled => Some(Ended::Canceled),
        State::Expired => Some(Ended::Expired),
        State::Rejected => Some(Ended::Rejected),
        State::NeverArrived => Some(Ended::NeverArrived),
        State::Recorded | State::Sent | State::Unknown | State::Live | State::PartlyFilled => None,
    }
}
