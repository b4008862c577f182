//! The bytes of inputs and of recorded orders, for a shard's journal. Permanent, like everything in [`types::codec`].

use orders::{BotId, Bracket, Native, OtherLeg, VenueOrder};
use risk::Limits;
use types::codec::{
    get_instrument, get_liquidation, get_market_event, get_option, get_report, get_side, get_terms, get_text,
    put_instrument, put_liquidation, put_market_event, put_option, put_report, put_side, put_terms,
};
use types::wire::{Reader, WireError, Writer};
use types::{AccountId, AssetId, Interval, MarketId, Money, Qty};

use crate::{BotModel, BotSpec, Control, Input};

/// Most parameters of a bot: no strategy has nearly as many.
const PARAMS_MAX: usize = 1_000;

/// Writes an input.
///
/// # Errors
/// An instrument whose numbers do not fit together, which could not be read back.
pub fn put_input(w: &mut Writer<'_>, input: &Input) -> Result<(), WireError> {
    match input {
        Input::Market(event) => {
            w.u8(0);
            put_market_event(w, event);
        }
        Input::Execution(report) => {
            w.u8(1);
            put_report(w, report);
        }
        Input::Control(control) => {
            w.u8(2);
            put_control(w, control)?;
        }
        Input::Timer { bot, id } => {
            w.u8(3);
            w.u32(bot.0);
            w.u32(*id);
        }
        Input::WarmUp { bot, event } => {
            w.u8(4);
            w.u32(bot.0);
            put_market_event(w, event);
        }
        Input::External { account, market, client_id } => {
            w.u8(5);
            w.u32(account.0);
            w.u16(market.0);
            w.text(client_id.as_str());
        }
        Input::Liquidation(liquidation) => {
            w.u8(6);
            put_liquidation(w, liquidation);
        }
    }
    Ok(())
}

/// Reads what [`put_input`] wrote.
///
/// # Errors
/// When the bytes are not that.
pub fn get_input(r: &mut Reader<'_>) -> Result<Input, WireError> {
    Ok(match r.u8()? {
        0 => Input::Market(get_market_event(r)?),
        1 => Input::Execution(get_report(r)?),
        2 => Input::Control(get_control(r)?),
        3 => Input::Timer { bot: BotId(r.u32()?), id: r.u32()? },
        4 => Input::WarmUp { bot: BotId(r.u32()?), event: get_market_event(r)? },
        5 => Input::External {
            account: AccountId(r.u32()?),
            market: MarketId(r.u16()?),
            client_id: get_text(r)?,
        },
        6 => Input::Liquidation(get_liquidation(r)?),
        _ => return Err(WireError::Invalid),
    })
}

fn put_control(w: &mut Writer<'_>, control: &Control) -> Result<(), WireError> {
    match control {
        Control::Start(bot) => put_bot(w, 0, *bot),
        Control::Pause(bot) => put_bot(w, 1, *bot),
        Control::Stop(bot) => put_bot(w, 2, *bot),
        Control::Exit(bot) => put_bot(w, 3, *bot),
        Control::Signal { bot, text } => {
            put_bot(w, 4, *bot);
            w.text(text);
        }
        Control::Cancel(id) => {
            w.u8(5);
            w.text(id.as_str());
        }
        Control::Halt { account, flatten } => {
            w.u8(6);
            w.u32(account.0);
            w.bool(*flatten);
        }
        Control::Resume(account) => {
            w.u8(7);
            w.u32(account.0);
        }
        Control::Instrument(instrument) => {
            w.u8(8);
            put_instrument(w, instrument)?;
        }
        Control::Create(spec) => {
            // Tags in the order in which the forms came.
            let form = SpecForm::of(spec);
            w.u8(match (form.has_model, form.has_bracket) {
                (false, false) => 9,
                (true, false) => 10,
                (false, true) => 11,
                (true, true) => 12,
            });
            put_spec(w, spec);
        }
        Control::Limits { bot, limits } => {
            put_bot(w, 14, *bot);
            put_limits(w, limits);
        }
        Control::Native(native) => {
            w.u8(13);
            w.u8(native.bits());
        }
    }
    Ok(())
}

fn put_bot(w: &mut Writer<'_>, tag: u8, bot: BotId) {
    w.u8(tag);
    w.u32(bot.0);
}

fn get_control(r: &mut Reader<'_>) -> Result<Control, WireError> {
    Ok(match r.u8()? {
        0 => Control::Start(BotId(r.u32()?)),
        1 => Control::Pause(BotId(r.u32()?)),
        2 => Control::Stop(BotId(r.u32()?)),
        3 => Control::Exit(BotId(r.u32()?)),
        4 => Control::Signal { bot: BotId(r.u32()?), text: r.text()?.to_owned() },
        5 => Control::Cancel(get_text(r)?),
        6 => Control::Halt { account: AccountId(r.u32()?), flatten: r.bool()? },
        7 => Control::Resume(AccountId(r.u32()?)),
        8 => Control::Instrument(Box::new(get_instrument(r)?)),
        tag @ 9..=12 => {
            let form = SpecForm::of_bits(tag - 9).ok_or(WireError::Invalid)?;
            Control::Create(Box::new(get_spec(r, form)?))
        }
        14 => Control::Limits { bot: BotId(r.u32()?), limits: Box::new(get_limits(r)?) },
        13 => Control::Native(Native::of_bits(r.u8()?).ok_or(WireError::Invalid)?),
        _ => return Err(WireError::Invalid),
    })
}

/// What a description has beyond the first form of it; whoever reads one has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpecForm {
    pub(crate) has_model: bool,
    pub(crate) has_bracket: bool,
}

impl SpecForm {
    pub(crate) const fn of(spec: &BotSpec) -> Self {
        Self { has_model: spec.model.is_some(), has_bracket: spec.bracket.is_some() }
    }

    pub(crate) const fn bits(self) -> u8 {
        self.has_model as u8 | (self.has_bracket as u8) << 1
    }

    pub(crate) const fn of_bits(bits: u8) -> Option<Self> {
        if bits > 3 {
            return None;
        }
        Some(Self { has_model: bits & 1 != 0, has_bracket: bits & 2 != 0 })
    }
}

/// Writes a description; its model and its bracket follow if it has them ([`SpecForm`]).
pub(crate) fn put_spec(w: &mut Writer<'_>, spec: &BotSpec) {
    w.u32(spec.id.0);
    w.text(&spec.name);
    w.u32(spec.account.0);
    w.text(&spec.strategy);
    w.varint(spec.params.len() as u64);
    for (name, value) in &spec.params {
        w.text(name);
        w.text(value);
    }
    w.varint(spec.markets.len() as u64);
    for (market, interval) in &spec.markets {
        w.u16(market.0);
        w.u8(interval.code());
    }
    w.varint(spec.funds.len() as u64);
    for (asset, amount) in &spec.funds {
        w.u16(asset.0);
        w.i128(amount.0);
    }
    w.u16(spec.quote.0);
    put_limits(w, &spec.limits);
    if let Some(BotModel { label, bytes }) = &spec.model {
        w.text(label);
        w.bytes(bytes);
    }
    if let Some(bracket) = &spec.bracket {
        bracket.save(w);
    }
}

/// Reads what [`put_spec`] wrote.
pub(crate) fn get_spec(r: &mut Reader<'_>, form: SpecForm) -> Result<BotSpec, WireError> {
    let (id, name) = (BotId(r.u32()?), r.text()?.to_owned());
    let (account, strategy) = (AccountId(r.u32()?), r.text()?.to_owned());
    let count = r.count(2)?;
    if count > PARAMS_MAX {
        return Err(WireError::Invalid);
    }
    let params = (0..count)
        .map(|_| Ok((r.text()?.to_owned(), r.text()?.to_owned())))
        .collect::<Result<_, WireError>>()?;
    let count = r.count(3)?;
    let markets = (0..count)
        .map(|_| {
            let market = MarketId(r.u16()?);
            let interval = Interval::ALL.get(usize::from(r.u8()?)).copied();
            Ok((market, interval.ok_or(WireError::Invalid)?))
        })
        .collect::<Result<_, WireError>>()?;
    let count = r.count(18)?;
    let funds =
        (0..count).map(|_| Ok((AssetId(r.u16()?), Money(r.i128()?)))).collect::<Result<_, WireError>>()?;
    let (quote, limits) = (AssetId(r.u16()?), get_limits(r)?);
    let model =
        form.has_model.then(|| Ok(BotModel { label: r.text()?.to_owned(), bytes: r.bytes()?.to_vec() }));
    let model = model.transpose()?;
    let bracket = form.has_bracket.then(|| Bracket::load(r)).transpose()?;
    Ok(BotSpec { id, name, account, strategy, params, markets, funds, quote, limits, model, bracket })
}

pub(crate) fn put_limits(w: &mut Writer<'_>, limits: &Limits) {
    let money = |w: &mut Writer<'_>, value: Option<Money>| put_option(w, value, |w, v| w.i128(v.0));
    put_option(w, limits.order_qty_max, |w, v| w.i64(v.0));
    money(w, limits.order_notional_max);
    put_option(w, limits.price_band_bips, |w, v| w.u32(v));
    put_option(w, limits.position_max, |w, v| w.i64(v.0));
    money(w, limits.bot_exposure_max);
    money(w, limits.account_exposure_max);
    money(w, limits.portfolio_exposure_max);
    put_option(w, limits.order_rate_max, |w, v| w.u32(v));
    w.i64(limits.order_rate_window_ns);
    put_option(w, limits.drawdown_max_bips, |w, v| w.u32(v));
    money(w, limits.daily_loss_max);
    put_option(w, limits.losing_streak_max, |w, v| w.u32(v));
    w.i64(limits.cool_down_ns);
}

pub(crate) fn get_limits(r: &mut Reader<'_>) -> Result<Limits, WireError> {
    let qty = |r: &mut Reader<'_>| get_option(r, |r| r.i64().map(Qty));
    let money = |r: &mut Reader<'_>| get_option(r, |r| r.i128().map(Money));
    Ok(Limits {
        order_qty_max: qty(r)?,
        order_notional_max: money(r)?,
        price_band_bips: get_option(r, |r| r.u32())?,
        position_max: qty(r)?,
        bot_exposure_max: money(r)?,
        account_exposure_max: money(r)?,
        portfolio_exposure_max: money(r)?,
        order_rate_max: get_option(r, |r| r.u32())?,
        order_rate_window_ns: r.i64()?,
        drawdown_max_bips: get_option(r, |r| r.u32())?,
        daily_loss_max: money(r)?,
        losing_streak_max: get_option(r, |r| r.u32())?,
        cool_down_ns: r.i64()?,
    })
}

/// Writes an order on its way to a venue: a recorded intent.
pub fn put_order(w: &mut Writer<'_>, order: &VenueOrder) {
    w.text(order.client_id.as_str());
    w.u32(order.account.0);
    w.u16(order.market.0);
    put_side(w, order.side);
    put_terms(w, &order.terms);
    // Bit 0: may only reduce; bit 1: one of a pair, and the other one follows.
    w.u8(u8::from(order.reduce_only) | u8::from(order.other.is_some()) << 1);
    if let Some(OtherLeg { client_id, terms }) = &order.other {
        w.text(client_id.as_str());
        put_terms(w, terms);
    }
}

/// Reads what [`put_order`] wrote.
///
/// # Errors
/// When the bytes are not that.
pub fn get_order(r: &mut Reader<'_>) -> Result<VenueOrder, WireError> {
    let mut order = VenueOrder {
        client_id: get_text(r)?,
        account: AccountId(r.u32()?),
        market: MarketId(r.u16()?),
        side: get_side(r)?,
        terms: get_terms(r)?,
        reduce_only: false,
        other: None,
    };
    let bits = r.u8()?;
    if bits > 3 {
        return Err(WireError::Invalid);
    }
    order.reduce_only = bits & 1 != 0;
    if bits & 2 != 0 {
        order.other = Some(OtherLeg { client_id: get_text(r)?, terms: get_terms(r)? });
    }
    Ok(order)
}
