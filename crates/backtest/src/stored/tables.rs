//! The tables of a run as CSV: decimals as they are printed everywhere, times in nanoseconds.

use std::io::{self, Write};

use types::{MarketId, Money, Price, Qty, Side, Time, decimal};

use crate::{ClosedTrade, EquityPoint, FillRecord, Outcome, RunSpec};

const EQUITY: &str = "at_ns,equity,low,high";
const FILLS: &str = "at_ns,market,side,liquidity,price,qty,fee,realised,tag,reason";
const TRADES: &str = "opened_ns,closed_ns,market,side,qty,entry,exit,pnl,fees,mae,mfe,bars";

/// Line of the file that cannot be read.
type Line = usize;

pub(super) fn put_equity(w: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    let money = |m: Money| decimal::format_short(m.0, outcome.run.money_scale);
    writeln!(w, "{EQUITY}")?;
    for p in outcome.equity.points() {
        let (equity, low, high) = (money(p.equity), money(p.low), money(p.high));
        writeln!(w, "{},{equity},{low},{high}", p.at.0)?;
    }
    Ok(())
}

pub(super) fn put_fills(w: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    writeln!(w, "{FILLS}")?;
    for fill in &outcome.fills {
        let text = Texts::of(&outcome.run, fill.market);
        let (price, qty) = (text.price(fill.price), text.qty(fill.qty));
        let (fee, realised) = (text.money(fill.fee), text.money(fill.realised));
        let liquidity = if fill.is_maker { "maker" } else { "taker" };
        let (at, market, side, tag, reason) =
            (fill.at.0, fill.market, side(fill.side), fill.tag, fill.reason);
        writeln!(w, "{at},{market},{side},{liquidity},{price},{qty},{fee},{realised},{tag},{reason}")?;
    }
    Ok(())
}

pub(super) fn put_trades(w: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    writeln!(w, "{TRADES}")?;
    for t in &outcome.trades {
        let text = Texts::of(&outcome.run, t.market);
        let (entry, exit, qty) = (text.price(t.entry), text.price(t.exit), text.qty(t.qty));
        let [pnl, fees, mae, mfe] = [t.pnl, t.fees, t.mae, t.mfe].map(|m| text.money(m));
        let (opened, closed, market, side, bars) = (t.opened.0, t.closed.0, t.market, side(t.side), t.bars);
        writeln!(
            w,
            "{opened},{closed},{market},{side},{qty},{entry},{exit},{pnl},{fees},{mae},{mfe},{bars}"
        )?;
    }
    Ok(())
}

pub(super) fn get_equity(text: &str, run: &RunSpec) -> Result<Vec<EquityPoint>, Line> {
    rows(text, EQUITY, |fields| {
        let [at, equity, low, high] = fields.try_into().ok()?;
        let money = |text: &str| decimal::parse(text, run.money_scale).ok().map(Money);
        Some(EquityPoint {
            at: Time(at.parse().ok()?),
            equity: money(equity)?,
            low: money(low)?,
            high: money(high)?,
        })
    })
}

pub(super) fn get_fills(text: &str, run: &RunSpec) -> Result<Vec<FillRecord>, Line> {
    rows(text, FILLS, |fields| {
        let [at, market, side, liquidity, price, qty, fee, realised, tag, reason] = fields.try_into().ok()?;
        let market = MarketId(market.parse().ok()?);
        let text = Texts::of(run, market);
        Some(FillRecord {
            at: Time(at.parse().ok()?),
            market,
            side: read_side(side)?,
            is_maker: liquidity == "maker",
            price: text.read_price(price)?,
            qty: text.read_qty(qty)?,
            fee: text.read_money(fee)?,
            realised: text.read_money(realised)?,
            tag: tag.parse().ok()?,
            reason: reason.parse().ok()?,
        })
    })
}

pub(super) fn get_trades(text: &str, run: &RunSpec) -> Result<Vec<ClosedTrade>, Line> {
    rows(text, TRADES, |fields| {
        let [opened, closed, market, side, qty, entry, exit, pnl, fees, mae, mfe, bars] =
            fields.try_into().ok()?;
        let market = MarketId(market.parse().ok()?);
        let text = Texts::of(run, market);
        Some(ClosedTrade {
            opened: Time(opened.parse().ok()?),
            closed: Time(closed.parse().ok()?),
            market,
            side: read_side(side)?,
            qty: text.read_qty(qty)?,
            entry: text.read_price(entry)?,
            exit: text.read_price(exit)?,
            pnl: text.read_money(pnl)?,
            fees: text.read_money(fees)?,
            mae: text.read_money(mae)?,
            mfe: text.read_money(mfe)?,
            bars: bars.parse().ok()?,
        })
    })
}

fn rows<T>(text: &str, head: &str, read: impl Fn(&[&str]) -> Option<T>) -> Result<Vec<T>, Line> {
    let mut lines = text.lines();
    if lines.next() != Some(head) {
        return Err(1);
    }
    let row = |(n, line): (usize, &str)| read(&line.split(',').collect::<Vec<_>>()).ok_or(n + 2);
    lines.enumerate().map(row).collect()
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

fn read_side(text: &str) -> Option<Side> {
    match text {
        "buy" => Some(Side::Buy),
        "sell" => Some(Side::Sell),
        _ => None,
    }
}

/// Scales of one market's numbers.
#[derive(Clone, Copy)]
struct Texts {
    price: u8,
    qty: u8,
    money: u8,
}

impl Texts {
    fn of(run: &RunSpec, market: MarketId) -> Self {
        let traded = run.traded.get(usize::from(market.0));
        let (price, qty) = traded.map_or((0, 0), |t| (t.price_scale, t.qty_scale));
        Self { price, qty, money: run.money_scale }
    }

    fn price(self, price: Price) -> String {
        decimal::format_short(i128::from(price.0), self.price)
    }

    fn qty(self, qty: Qty) -> String {
        decimal::format_short(i128::from(qty.0), self.qty)
    }

    fn money(self, money: Money) -> String {
        decimal::format_short(money.0, self.money)
    }

    fn read_price(self, text: &str) -> Option<Price> {
        decimal::parse_unsigned(text, self.price).ok().map(Price)
    }

    fn read_qty(self, text: &str) -> Option<Qty> {
        decimal::parse_unsigned(text, self.qty).ok().map(Qty)
    }

    fn read_money(self, text: &str) -> Option<Money> {
        decimal::parse(text, self.money).ok().map(Money)
    }
}
