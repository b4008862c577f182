//! A book kept by the venue's own recipe equals the exchange's, also when the snapshot is taken in the middle of traffic.

use std::collections::BTreeMap;

use exchange_host::view::market::Depth;
use serde_json::{Value, json};
use types::{AccountId, Side, decimal};

use crate::desk::{ALICE, BOB, BTCUSDT};
use crate::socket::Socket;
use crate::venue::Venue;

/// A book as a client keeps it.
#[derive(Debug, Default, PartialEq)]
struct Local {
    update_id: u64,
    bids: BTreeMap<i128, i128>,
    asks: BTreeMap<i128, i128>,
}

fn number(value: &Value) -> i128 {
    decimal::parse(value.as_str().unwrap(), 8).unwrap()
}

impl Local {
    fn of(depth: &Depth) -> Self {
        let side = |levels: &[(types::Price, types::Qty)]| {
            levels.iter().map(|(price, qty)| (price.0.into(), qty.0.into())).collect()
        };
        Self { update_id: depth.update_id, bids: side(&depth.bids), asks: side(&depth.asks) }
    }

    /// Applies one message; panics on a gap.
    fn apply(&mut self, diff: &Value) {
        let (first, last) = (diff["U"].as_u64().unwrap(), diff["u"].as_u64().unwrap());
        if last <= self.update_id {
            return;
        }
        assert!(first <= self.update_id + 1, "gap: {first} after {}", self.update_id);
        for (levels, side) in [(&diff["b"], &mut self.bids), (&diff["a"], &mut self.asks)] {
            for level in levels.as_array().unwrap() {
                match number(&level[1]) {
                    0 => side.remove(&number(&level[0])),
                    qty => side.insert(number(&level[0]), qty),
                };
            }
        }
        self.update_id = last;
    }
}

/// SplitMix64: the same numbers for the same seed on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }
}

/// Trades at random around 30,000 until `count` commands took effect.
async fn trade(venue: &Venue, accounts: [AccountId; 2], seed: u64, count: usize) {
    let mut dice = Dice(seed);
    let mut live: Vec<(AccountId, String)> = Vec::new();
    for n in 0..count {
        let account = accounts[n % 2];
        if dice.below(3) == 0 && !live.is_empty() {
            let (account, client) = live.swap_remove(dice.below(live.len()));
            // It may have traded meanwhile.
            let _ = venue.cancel(account, &client).await;
        } else {
            let side = if dice.below(2) == 0 { Side::Buy } else { Side::Sell };
            let price = format!("{}", 29_950 + dice.below(100));
            let qty = format!("0.{:03}", 1 + dice.below(900));
            let client = format!("s{seed}-{n}");
            // An account may have too many orders open.
            if venue.limit(account, &client, side, &price, &qty).await.is_ok() {
                live.push((account, client));
            }
        }
    }
}

/// Messages followed before the trading ends.
const MESSAGES: u64 = 4;

/// Follows `stream` during random trading and compares in the end.
async fn follow(stream: &str, seed: u64) {
    let venue = Venue::start().await;
    let accounts = [ALICE, BOB];
    trade(&venue, accounts, seed, 50).await;
    let mut socket = Socket::connect(venue.addr(), &format!("/ws/{stream}")).await;
    assert_eq!(socket.ask("LIST_SUBSCRIPTIONS", json!(null)).await["result"], json!([stream]));
    let (count, counted) = tokio::sync::watch::channel(0);
    let follower = async {
        let mut diff = socket.next().await;
        // The snapshot comes after the first event and in the middle of traffic, as the venue's recipe has it.
        let mut local = Local::of(&venue.handle.view().depth(BTCUSDT, 5_000));
        assert!(diff["U"].as_u64().unwrap() <= local.update_id + 1);
        loop {
            local.apply(&diff);
            count.send_modify(|count| *count += 1);
            let there = Local::of(&venue.handle.view().depth(BTCUSDT, 5_000));
            if there.update_id == local.update_id {
                assert_eq!(local, there);
            }
            if diff["b"].as_array().unwrap().iter().any(|level| level[0] == json!("10000.00000000")) {
                return;
            }
            let next = socket.next().await;
            assert_eq!(next["U"].as_u64().unwrap(), diff["u"].as_u64().unwrap() + 1, "no gap");
            diff = next;
        }
    };
    let trader = async {
        for round in 1.. {
            trade(&venue, accounts, seed + round, 40).await;
            if *counted.borrow() >= MESSAGES {
                break;
            }
            // Make room for more orders.
            for order in venue.handle.view().open_orders(accounts[0], Some(BTCUSDT)) {
                let _ = venue.cancel(accounts[0], order.client_id.as_str()).await;
            }
        }
        // The mark of the end: nothing trades so low.
        while venue.limit(accounts[0], "end", Side::Buy, "10000", "1").await.is_err() {
            let mut open = venue.handle.view().open_orders(accounts[0], Some(BTCUSDT));
            let order = open.pop().unwrap();
            venue.cancel(accounts[0], order.client_id.as_str()).await.unwrap();
        }
    };
    tokio::join!(follower, trader);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_book_equals_the_exchanges_at_100_ms() {
    follow("btcusdt@depth@100ms", 11).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_book_equals_the_exchanges_at_1_s() {
    follow("btcusdt@depth", 2_200).await;
}
