//! The sums of a sheet. Exact decimals; an amount beyond 28 digits leaves its sum as it was, which no market reaches.

use std::collections::BTreeMap;

use store::trades::Trade;
use store::{Amount, Ts};

use super::{PartBody, SheetBody};
use crate::routes::orders::decimal;
use crate::wire::{Decimal, Moment, rfc3339};

/// Decimals of a ratio.
const RATIO_DECIMALS: u32 = 6;

#[derive(Clone, Debug, Default)]
struct Part {
    fills: u64,
    closing: u64,
    realised: Amount,
    fees: Amount,
    volume: Amount,
}

/// Fills that are summed up, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Sheet {
    whole: Part,
    wins: u64,
    losses: u64,
    gain: Amount,
    loss: Amount,
    best: Option<Amount>,
    worst: Option<Amount>,
    /// Net profit so far, its highest point and when that was.
    net: Amount,
    peak: Amount,
    peak_at: Option<Ts>,
    fall: Amount,
    fall_from: Option<Ts>,
    fall_to: Option<Ts>,
    by_symbol: BTreeMap<String, Part>,
    by_day: BTreeMap<String, Part>,
}

fn plus(sum: &mut Amount, amount: Amount) {
    *sum = sum.plus(amount).unwrap_or(*sum);
}

fn minus(a: Amount, b: Amount) -> Amount {
    a.minus(b).unwrap_or(a)
}

impl Part {
    fn add(&mut self, pnl: Option<Amount>, fee: Amount, volume: Amount) {
        self.fills += 1;
        self.closing += u64::from(pnl.is_some());
        plus(&mut self.realised, pnl.unwrap_or(Amount::ZERO));
        plus(&mut self.fees, fee);
        plus(&mut self.volume, volume);
    }

    fn body(&self, key: String) -> PartBody {
        PartBody {
            key,
            fills: self.fills,
            closing_fills: self.closing,
            realised_pnl: decimal(self.realised),
            fees: decimal(self.fees),
            net_pnl: decimal(minus(self.realised, self.fees)),
            volume: decimal(self.volume),
        }
    }
}

impl Sheet {
    /// Adds the next fill; gives back a fee in an asset that is neither base nor quote.
    pub(super) fn add(&mut self, fill: &Trade, quote: &str) -> Option<(String, Amount)> {
        let (fee, other) = if fill.fee_currency == quote {
            (fill.fee, None)
        } else if fill.fee_currency == fill.base {
            (fill.fee.times(fill.price).unwrap_or(Amount::ZERO), None)
        } else {
            (Amount::ZERO, Some((fill.fee_currency.clone(), fill.fee)))
        };
        let volume = fill.price.times(fill.quantity).unwrap_or(Amount::ZERO);
        self.whole.add(fill.pnl, fee, volume);
        self.by_symbol.entry(fill.symbol.clone()).or_default().add(fill.pnl, fee, volume);
        let day = rfc3339(fill.created_at.time()).chars().take(10).collect();
        self.by_day.entry(day).or_default().add(fill.pnl, fee, volume);
        if let Some(pnl) = fill.pnl {
            self.close(pnl);
        }
        self.peak_at.get_or_insert(fill.created_at);
        plus(&mut self.net, minus(fill.pnl.unwrap_or(Amount::ZERO), fee));
        if self.net > self.peak {
            (self.peak, self.peak_at) = (self.net, Some(fill.created_at));
        }
        let fall = minus(self.peak, self.net);
        if fall > self.fall {
            (self.fall, self.fall_from, self.fall_to) = (fall, self.peak_at, Some(fill.created_at));
        }
        other
    }

    fn close(&mut self, pnl: Amount) {
        if pnl > Amount::ZERO {
            self.wins += 1;
            plus(&mut self.gain, pnl);
        } else if pnl < Amount::ZERO {
            self.losses += 1;
            plus(&mut self.loss, pnl);
        }
        self.best = Some(self.best.map_or(pnl, |best| best.max(pnl)));
        self.worst = Some(self.worst.map_or(pnl, |worst| worst.min(pnl)));
    }

    pub(super) fn body(self, currency: String) -> SheetBody {
        let whole = &self.whole;
        let part = |parts: &BTreeMap<String, Part>| {
            parts.iter().map(|(key, part)| part.body(key.clone())).collect::<Vec<_>>()
        };
        SheetBody {
            currency,
            fills: whole.fills,
            closing_fills: whole.closing,
            wins: self.wins,
            losses: self.losses,
            win_rate: mean(count(self.wins), whole.closing),
            realised_pnl: decimal(whole.realised),
            fees: decimal(whole.fees),
            net_pnl: decimal(minus(whole.realised, whole.fees)),
            volume: decimal(whole.volume),
            profit_factor: self.gain.over(minus(Amount::ZERO, self.loss)).map(rounded),
            average_win: mean(self.gain, self.wins),
            average_loss: mean(self.loss, self.losses),
            expectancy: mean(whole.realised, whole.closing),
            best: self.best.map(decimal),
            worst: self.worst.map(decimal),
            max_drawdown: decimal(self.fall),
            drawdown_from: self.fall_from.map(|at| Moment(at.time())),
            drawdown_to: self.fall_to.map(|at| Moment(at.time())),
            by_symbol: part(&self.by_symbol),
            by_day: part(&self.by_day),
        }
    }
}

fn count(n: u64) -> Amount {
    Amount::from_units(i128::from(n), 0).unwrap_or(Amount::ZERO)
}

/// `sum / n`; `None` of nothing.
fn mean(sum: Amount, n: u64) -> Option<Decimal> {
    sum.over(count(n)).map(rounded)
}

/// Half away from zero would be a matter of taste; half to even is what the decimals do.
fn rounded(ratio: Amount) -> Decimal {
    decimal(Amount::from(ratio.decimal().round_dp(RATIO_DECIMALS)))
}

#[cfg(test)]
mod tests {
    use store::{AccountId, OrderId, Side, TradeId, UserId};

    use super::*;

    fn fill(second: i64, symbol: &str, pnl: Option<&str>, fee: (&str, &str)) -> Trade {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        Trade {
            id: TradeId::new(),
            user_id: UserId::new(),
            account_id: AccountId::new(),
            bot_id: None,
            order_id: OrderId::new(),
            trading_pair_id: 1,
            exchange: "local".to_owned(),
            symbol: symbol.to_owned(),
            base: "BTC".to_owned(),
            side: Side::Buy,
            price: amount("100"),
            quantity: amount("2"),
            fee: amount(fee.0),
            fee_currency: fee.1.to_owned(),
            pnl: pnl.map(amount),
            venue_trade_id: second.to_string(),
            created_at: Ts(0).plus_seconds(second),
        }
    }

    #[test]
    fn a_sheet_counts_wins_fees_and_the_deepest_fall() {
        let mut sheet = Sheet::default();
        let fills = [
            fill(0, "BTCUSDT", None, ("0.01", "BTC")),
            fill(1, "BTCUSDT", Some("10"), ("0.5", "USDT")),
            fill(2, "BTCUSDT", Some("-4"), ("0.5", "USDT")),
            fill(86_400, "BTCUSDT", Some("-2"), ("3", "BNB")),
            fill(86_401, "BTCUSDT", Some("0"), ("0", "USDT")),
        ];
        let others: Vec<_> = fills.iter().filter_map(|fill| sheet.add(fill, "USDT")).collect();
        assert_eq!(others, [("BNB".to_owned(), "3".parse().unwrap())]);
        let body = sheet.body("USDT".to_owned());
        let text = |decimal: &Decimal| decimal.as_str().to_owned();
        assert_eq!((body.fills, body.closing_fills, body.wins, body.losses), (5, 4, 1, 2));
        assert_eq!(
            (text(&body.realised_pnl), text(&body.fees), text(&body.net_pnl)),
            ("4".into(), "2".into(), "2".into())
        );
        assert_eq!(body.win_rate.as_ref().map(text), Some("0.25".to_owned()));
        assert_eq!(body.profit_factor.as_ref().map(text), Some("1.666667".to_owned()));
        assert_eq!(body.average_loss.as_ref().map(text), Some("-3".to_owned()));
        assert_eq!(body.expectancy.as_ref().map(text), Some("1".to_owned()));
        // -1, 8.5, 4, 2, 2: from 8.5 to 2.
        assert_eq!(text(&body.max_drawdown), "6.5");
        assert_eq!(body.drawdown_from.map(|m| m.0.millis()), Some(1_000));
        assert_eq!(body.drawdown_to.map(|m| m.0.millis()), Some(86_400_000));
        let days: Vec<_> = body.by_day.iter().map(|day| (day.key.as_str(), day.fills)).collect();
        assert_eq!(days, [("1970-01-01", 3), ("1970-01-02", 2)]);
        assert_eq!((body.by_symbol.len(), text(&body.by_symbol[0].volume)), (1, "1000".to_owned()));
    }

    #[test]
    fn a_sheet_of_losses_falls_from_its_start_and_an_empty_one_says_nothing() {
        let mut sheet = Sheet::default();
        assert_eq!(sheet.add(&fill(5, "BTCUSDT", Some("-1"), ("0", "USDT")), "USDT"), None);
        let body = sheet.body("USDT".to_owned());
        assert_eq!(
            (body.max_drawdown.as_str(), body.drawdown_from.map(|m| m.0.millis())),
            ("1", Some(5_000))
        );
        let empty = Sheet::default().body("USDT".to_owned());
        assert!(empty.win_rate.is_none() && empty.profit_factor.is_none() && empty.drawdown_from.is_none());
    }
}
