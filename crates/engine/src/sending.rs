//! Intent → risk → recorded order → output.

use orders::{Identity, Order, OtherLeg, VenueOrder};
use risk::{Approved, Denied, Proposal, View};
use strategy::{Ended, OrderIntent, Tag};
use types::{InstrumentKind, MarketId, Money, Qty, Side, Terms, Time};

use crate::bot::{Bot, Working};
use crate::engine::{Engine, Heard};
use crate::equity::exposure;
use crate::{BotState, Output};

impl Engine {
    /// Sends what a strategy wants, unless risk denies it. `closing`: on behalf of a stopped bot.
    pub(crate) fn place(
        &mut self,
        at: usize,
        now: Time,
        intent: &OrderIntent,
        closing: bool,
        out: &mut Vec<Output>,
    ) {
        if !closing && self.waits(at, intent) {
            return;
        }
        let Err(denied) = self.submit(at, now, intent, None, closing, out) else { return };
        if let Some(denied) = denied {
            let bot = &mut self.bots[at];
            if let Some(last) = bot.reasons.back_mut() {
                last.denied = Some(denied.code());
            }
            self.digest.bytes(denied.code().as_bytes());
            out.push(Output::Denied { bot: bot.id, tag: intent.tag, denied });
        }
        self.heard.push((at, Heard::Ended { tag: intent.tag, how: Ended::Denied }));
    }

    /// Risk, the record, the output. `other`: the second order of a pair. The error is risk's, or `None` when the shard's order
    /// book is full, or one decision holds more orders than it can number.
    pub(crate) fn submit(
        &mut self,
        at: usize,
        now: Time,
        intent: &OrderIntent,
        other: Option<(Tag, Terms)>,
        closing: bool,
        out: &mut Vec<Output>,
    ) -> Result<(), Option<Denied>> {
        let identity = self.next_identity(at);
        let second = other.map(|(tag, terms)| (tag, terms, self.next_identity(at)));
        let order = VenueOrder {
            client_id: identity.client_id(),
            account: identity.account,
            market: intent.market,
            side: intent.side,
            terms: intent.terms,
            reduce_only: intent.reduce_only,
            other: second.map(|(_, terms, id)| OtherLeg { client_id: id.client_id(), terms }),
        };
        if let Some((_, terms, _)) = second {
            // Only one of the two will trade, so each is judged as if it were alone.
            self.judge(at, now, &OrderIntent { terms, ..*intent }, order, closing)?;
        }
        let approved = self.judge(at, now, intent, order, closing)?;
        if !self.orders.has_room(order.client_ids().count()) {
            return Err(None);
        }
        let asset = paying_asset(&self.markets, intent);
        let parts = std::iter::once((intent.tag, intent.terms, identity)).chain(second);
        for (n, (tag, terms, identity)) in parts.enumerate() {
            let mut tracked = Order::new(identity, tag.0, intent.market, intent.side, terms, now);
            tracked.bracket = intent.bracket;
            tracked.other = if n == 0 { order.other.map(|leg| leg.client_id) } else { Some(order.client_id) };
            if !self.orders.record(tracked) {
                return Err(None);
            }
            self.bots[at].add_working(Working {
                client_id: identity.client_id(),
                tag,
                market: intent.market,
                side: intent.side,
                price: terms.price(),
                open: terms.qty().unwrap_or_default(),
                // Of a pair, one order holds for both.
                reserve: if n == 0 { approved.reserve() } else { Money::ZERO },
                asset,
            });
            self.digest.bytes(identity.client_id().as_bytes());
        }
        let bot = &mut self.bots[at];
        if bot.limits.order_rate_max.is_some() {
            bot.sent.push_back(now);
        }
        out.push(Output::Submit(approved));
        Ok(())
    }

    /// Several orders of one decision: the decision's number in the high bits, their own in the low ones.
    fn next_identity(&mut self, at: usize) -> Identity {
        let bot = &mut self.bots[at];
        let decision = bot.decision << 16 | u64::from(bot.placed);
        bot.placed = bot.placed.saturating_add(1);
        let (account, bot) = (bot.account, bot.id);
        Identity { installation: self.installation, account, bot, decision, attempt: 0 }
    }

    fn judge(
        &mut self,
        at: usize,
        now: Time,
        intent: &OrderIntent,
        order: VenueOrder,
        closing: bool,
    ) -> Result<Approved<VenueOrder>, Denied> {
        let sent_in_window = self.bots[at].sent_in_window(now);
        let bot = &self.bots[at];
        let view = self.markets.get(intent.market).ok_or(Denied::NoPrice)?;
        let (working_buys, working_sells) = bot.working(intent.market);
        let exposures = self.exposures(bot).unwrap_or([Money(i128::MAX); 3]);
        let proposal = Proposal { side: intent.side, terms: intent.terms, reduce_only: intent.reduce_only };
        let view = View {
            now,
            instrument: view.instrument(),
            limits: &bot.limits,
            halt: self.halts.get(&bot.account).copied().unwrap_or_default(),
            running: closing || bot.state == BotState::Running,
            barred: self.barred(at, intent.market),
            fresh: view.is_fresh(),
            last: view.last(),
            free: bot.free(paying_asset(&self.markets, intent)),
            position: bot.ledger.position(intent.market).qty(),
            working_buys,
            working_sells,
            exposure: exposures,
            sent_in_window,
            losses: bot.losses,
        };
        risk::check(&proposal, &view, order)
    }

    /// True if a bot's working orders could take a position, or what is at stake, beyond its limits.
    pub(crate) fn overreaches(&self, at: usize) -> bool {
        let bot = &self.bots[at];
        let of_market = |market: MarketId, max: Qty| {
            let position = i128::from(bot.ledger.position(market).qty().0);
            let (buys, sells) = bot.working(market);
            let beyond =
                |reachable: i128| reachable.abs() > position.abs() && reachable.abs() > i128::from(max.0);
            beyond(position + i128::from(buys.0)) || beyond(position - i128::from(sells.0))
        };
        let limits = &bot.limits;
        let positions = limits
            .position_max
            .is_some_and(|max| self.markets.iter().any(|view| of_market(view.instrument().market.id, max)));
        let maxima = [limits.bot_exposure_max, limits.account_exposure_max, limits.portfolio_exposure_max];
        let exposed =
            |now: [Money; 3]| now.iter().zip(maxima).any(|(now, max)| max.is_some_and(|max| *now > max));
        // Without a price nothing is known to be too much; nothing new leaves either.
        positions || self.exposures(bot).is_some_and(exposed)
    }

    /// Exposure of the bot, its account, all; only looked up when a limit asks for it. `None` without a price.
    fn exposures(&self, bot: &Bot) -> Option<[Money; 3]> {
        let limits = &bot.limits;
        let wanted = [limits.bot_exposure_max, limits.account_exposure_max, limits.portfolio_exposure_max];
        if wanted.iter().all(Option::is_none) {
            return Some([Money::ZERO; 3]);
        }
        let of = |b: &Bot| exposure(&b.ledger, &b.working, &self.markets, bot.quote);
        let mut sums = [of(bot)?, Money::ZERO, Money::ZERO];
        for other in &self.bots {
            let one = of(other)?;
            sums[2] = sums[2].plus(one).ok()?;
            if other.account == bot.account {
                sums[1] = sums[1].plus(one).ok()?;
            }
        }
        Some(sums)
    }
}

/// What an order pays with: base for a spot sale, else the quote asset.
fn paying_asset(markets: &market_data::Markets, intent: &OrderIntent) -> types::AssetId {
    let Some(view) = markets.get(intent.market) else { return types::AssetId(u16::MAX) };
    let instrument = view.instrument();
    match (instrument.kind, intent.side) {
        (InstrumentKind::Spot, Side::Sell) => instrument.market.base.id,
        _ => instrument.market.quote.id,
    }
}
