//! The audit agrees with the core, and notices each way in which it could be lied to.

use exchange::Exchange;
use types::command::NewOrder;
use types::event::OrderChange;
use types::order::Tags;
use types::{
    AccountId, AccountName, AssetId, ClientOrderId, Command, Event, FeeRate, MarketId, Money, OrderStatus,
    Price, Qty, Side, Stamped, StpMode, Terms, Time, TimeInForce,
};

use super::audit::Audit;

const ALICE: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);
/// One whole unit at scale 8.
const ONE: i64 = 100_000_000;

/// An exchange on which Alice offers one bitcoin at 30,000, and its audit.
fn offered() -> (Exchange, Audit) {
    let mut exchange = Exchange::new();
    let mut commands = crate::listing::commands(&exchange).unwrap();
    for (account, name) in [(ALICE, "alice"), (BOB, "bob")] {
        let (name, fee) = (AccountName::new(name).unwrap(), FeeRate(100_000));
        commands.push(Command::OpenAccount { account, name, maker: fee, taker: fee });
        for asset in [AssetId(0), AssetId(3)] {
            let amount = Money(i128::from(ONE) * 100_000);
            commands.push(Command::Deposit { account, asset, amount });
        }
    }
    commands.push(order(ALICE, Side::Sell, ONE, "offer"));
    let mut audit = Audit::new(&exchange);
    for command in commands {
        let events = apply(&mut exchange, command);
        assert_eq!(audit.command(&events), []);
    }
    (exchange, audit)
}

fn order(account: AccountId, side: Side, qty: i64, client_id: &str) -> Command {
    let terms =
        Terms::Limit { price: Price(30_000 * ONE), qty: Qty(qty), tif: TimeInForce::Gtc, display: None };
    let client_id = ClientOrderId::new(client_id).unwrap();
    let (market, stp, tags) = (MarketId(0), StpMode::None, Tags::default());
    Command::Place(NewOrder { account, market, client_id, side, terms, stp, tags })
}

fn apply(exchange: &mut Exchange, input: Command) -> Vec<Event> {
    let (seq, mut events) = (exchange.last_seq() + 1, Vec::new());
    let at = Time::from_millis(i64::try_from(seq).unwrap());
    exchange.apply(&Stamped { at, seq, input }, &mut events).unwrap();
    events
}

/// The invariants that the audit misses when the events of Bob's purchase are changed.
fn missed_after(change: impl Fn(&mut Vec<Event>)) -> Vec<&'static str> {
    let (mut exchange, mut audit) = offered();
    let mut events = apply(&mut exchange, order(BOB, Side::Buy, ONE / 2, "purchase"));
    change(&mut events);
    let mut found: Vec<&str> = audit.command(&events).iter().map(|(id, _)| *id).collect();
    found.extend(audit.compare(&exchange).iter().map(|(id, _)| *id));
    found.dedup();
    found
}

fn change_fills(events: &mut [Event], change: impl Fn(&mut types::event::Fill)) {
    for event in events {
        if let Event::Order { change: OrderChange::Trade(fill), .. } = event {
            change(fill);
        }
    }
}

#[test]
fn what_the_core_tells_adds_up() {
    assert_eq!(missed_after(|_| {}), [""; 0]);
}

#[test]
fn a_wrong_fee_is_noticed() {
    let missed = missed_after(|events| change_fills(events, |fill| fill.fee.0 += 1));
    assert!(missed.contains(&"L5") && missed.contains(&"L2"), "{missed:?}");
}

#[test]
fn a_fill_that_was_not_printed_or_has_one_side_is_noticed() {
    let missed = missed_after(|events| events.retain(|event| !matches!(event, Event::Trade(_))));
    assert!(missed.contains(&"O3"), "{missed:?}");
    let maker = |event: &Event| matches!(event, Event::Order { change: OrderChange::Trade(fill), .. } if fill.is_maker);
    let missed = missed_after(|events| events.retain(|event| !maker(event)));
    assert!(missed.contains(&"O3"), "{missed:?}");
    let missed = missed_after(|events| change_fills(events, |fill| fill.is_maker = true));
    assert!(missed.contains(&"O3"), "{missed:?}");
}

#[test]
fn money_from_nowhere_is_noticed() {
    let missed = missed_after(|events| {
        events.push(Event::Transfer { account: BOB, asset: AssetId(0), delta: Money(1) });
    });
    assert_eq!(missed, ["L2"]);
    let missed = missed_after(|events| {
        for event in events {
            if let Event::Balance { available, .. } = event {
                available.0 += 1;
            }
        }
    });
    assert_eq!(missed, ["L2"]);
}

#[test]
fn an_order_that_lives_twice_or_not_at_all_is_noticed() {
    let missed = missed_after(|events| {
        for event in events {
            if let Event::Order { order, .. } = event {
                order.executed = Qty(order.executed.0 + 1);
            }
        }
    });
    assert!(missed.contains(&"O2"), "{missed:?}");
    let missed = missed_after(|events| {
        for event in events {
            if let Event::Order { order, .. } = event {
                order.status = OrderStatus::New;
            }
        }
    });
    assert_eq!(missed, ["O2"]);
}
