//! What the market looks like.

use exchange::Exchange;
use types::{Event, MarketId, Side, Time};

const MARKETS: usize = 5;

#[derive(Default)]
pub struct Look {
    pub commands: u64,
    pub events: u64,
    pub journal_bytes: u64,
    pub refused: u64,
    trades: [u64; MARKETS],
    notional: [f64; MARKETS],
    sizes: Vec<i64>,
    spreads: [Vec<i64>; MARKETS],
    depth: [Vec<usize>; MARKETS],
    prices: [Vec<i64>; MARKETS],
    minutes_without: u64,
    traded_this_minute: bool,
    minute: i64,
    crossed: u64,
}

impl Look {
    pub fn tick(&mut self, exchange: &Exchange, events: &[Event], at: Time) {
        for event in events {
            match event {
                Event::Trade(trade) => {
                    let market = usize::from(trade.market.0);
                    self.trades[market] += 1;
                    self.notional[market] += trade.quote.0 as f64 / 1e8;
                    if market == 0 {
                        self.sizes.push(trade.qty.0);
                        self.traded_this_minute = true;
                    }
                }
                Event::Refused { .. } => self.refused += 1,
                _ => {}
            }
        }
        let minute = at.0 / 60_000_000_000;
        if minute != self.minute {
            self.minute = minute;
            self.minutes_without += u64::from(!std::mem::take(&mut self.traded_this_minute));
            for market in 0..MARKETS {
                self.sample(exchange, market);
            }
        }
    }

    fn sample(&mut self, exchange: &Exchange, market: usize) {
        let id = MarketId(market as u16);
        let (mut bids, mut asks) = (Vec::new(), Vec::new());
        exchange.depth(id, Side::Buy, usize::MAX, &mut bids);
        exchange.depth(id, Side::Sell, usize::MAX, &mut asks);
        if let (Some(bid), Some(ask)) = (bids.first(), asks.first()) {
            self.crossed += u64::from(bid.0 >= ask.0);
            self.spreads[market].push((ask.0.0 - bid.0.0) * 100 / (bid.0.0 / 10_000));
            self.prices[market].push((bid.0.0 + ask.0.0) / 2);
            let within = |levels: &[(types::Price, types::Qty)]| {
                levels.iter().filter(|(price, _)| (price.0 - bid.0.0).abs() < bid.0.0 / 100).count()
            };
            self.depth[market].push(within(&bids).min(within(&asks)));
        } else {
            self.depth[market].push(0);
        }
    }

    pub fn print(&mut self, hours: u64) {
        let seconds = hours as f64 * 3_600.0;
        println!(
            "{:.1} commands/s, {:.1} events/s, {} refused, {} crossed, journal {:.1} MB/hour",
            self.commands as f64 / seconds,
            self.events as f64 / seconds,
            self.refused,
            self.crossed,
            self.journal_bytes as f64 / hours as f64 / 1e6
        );
        for market in 0..MARKETS {
            let spreads = &mut self.spreads[market];
            spreads.sort_unstable();
            let depth = &mut self.depth[market];
            depth.sort_unstable();
            let prices = &self.prices[market];
            let changes = prices.windows(2).map(|w| ((w[1] as f64 / w[0] as f64).ln()).powi(2));
            let volatility = (changes.sum::<f64>() / (prices.len() as f64 - 1.0) * 1_440.0).sqrt();
            println!(
                "market {market}: {:.2} trades/s, {:.0} quote/min, spread bps p5 {:.2} p50 {:.2} p95 {:.2}, levels within 1 % p1 {} p50 {}, volatility {:.2} %/day, last {}",
                self.trades[market] as f64 / seconds,
                self.notional[market] / seconds * 60.0,
                spreads[spreads.len() / 20] as f64 / 100.0,
                spreads[spreads.len() / 2] as f64 / 100.0,
                spreads[spreads.len() * 19 / 20] as f64 / 100.0,
                depth[depth.len() / 100],
                depth[depth.len() / 2],
                volatility * 100.0,
                prices[prices.len() - 1] as f64 / 1e8
            );
        }
        self.sizes.sort_unstable();
        let at = |share: f64| self.sizes[((self.sizes.len() - 1) as f64 * share) as usize] as f64 / 1e8;
        println!(
            "BTCUSDT sizes p10 {} p50 {} p90 {} p99 {} p99.9 {} max {}; minutes without a trade {}",
            at(0.1),
            at(0.5),
            at(0.9),
            at(0.99),
            at(0.999),
            at(1.0),
            self.minutes_without
        );
    }
}
