//! Snapshots: canonical, and deaf to damage.

use crate::world::{ALICE, BOB, CAROL, M, ONE, World, limit, list, maker, market_qty, oco_sell, stop};
use exchange::{Exchange, RestoreError};
use types::command::ListShape;
use types::order::{AfterTrigger, StopKind, Trigger};
use types::{Bips, Command, Price, Qty, Side, Stamped, Terms};

/// A bit of everything that can live.
fn busy() -> World {
    let mut w = World::new();
    w.place(BOB, Side::Sell, limit(100, 100));
    w.place(CAROL, Side::Buy, limit(100, 100));
    w.place(ALICE, Side::Buy, limit(90, 300));
    w.place(BOB, Side::Sell, limit(90, 100));
    let iceberg = Terms::LimitMaker { price: Price(120 * ONE), qty: Qty(5 * ONE), display: Some(Qty(ONE)) };
    w.place(BOB, Side::Sell, iceberg);
    w.place(CAROL, Side::Sell, maker(120, 100));
    w.place(CAROL, Side::Buy, limit(120, 50));
    w.place(ALICE, Side::Sell, stop(StopKind::StopLoss, 80, 100));
    let trigger = Trigger { kind: StopKind::StopLoss, stop: None, trailing: Some(Bips(500)) };
    w.place(ALICE, Side::Buy, Terms::Stop { trigger, qty: Qty(ONE), then: AfterTrigger::Market });
    w.ok(Command::PlaceList(Box::new(list(ALICE, oco_sell(130, 70, 100)))));
    let leg = crate::world::leg;
    let shape = ListShape::Oto {
        working: leg("w", Side::Buy, limit(85, 100)),
        pending: leg("p", Side::Sell, market_qty(50)),
    };
    w.ok(Command::PlaceList(Box::new(list(BOB, shape))));
    w.ok(Command::Memo { slot: 7, bytes: vec![1, 2, 3].into() });
    w
}

fn bytes(x: &Exchange) -> Vec<u8> {
    let mut out = Vec::new();
    x.snapshot(&mut out);
    out
}

#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    let good = bytes(&busy().x);
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        assert!(Exchange::restore(&bad).is_err(), "bit at byte {at}");
        assert!(Exchange::restore(&good[..at]).is_err(), "cut at {at}");
    }
    assert_eq!(Exchange::restore(&[]).unwrap_err(), RestoreError::Damaged);
    let mut longer = good;
    longer.push(0);
    assert!(Exchange::restore(&longer).is_err());
}

/// Somebody who knows the checksum can write any bytes: they must still not bring the core down.
#[test]
fn forged_bytes_are_refused_or_a_state_that_keeps_every_invariant() {
    let good = bytes(&busy().x);
    let body = good.len() - 8;
    let (mut restored, mut random) = (0, 1_u64);
    for round in 0..8_000 {
        let mut bad = good[..body].to_vec();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = 2 + usize::try_from(random >> 33).unwrap() % (body - 2);
        let value = [0, 1, 0x7f, 0x80, 0xff, u8::try_from(random >> 56).unwrap()][round % 6];
        bad[at] = value;
        if round % 5 == 0 {
            bad.truncate(at);
        }
        let bad = exchange::testing::sealed(bad);
        if let Ok(mut x) = Exchange::restore(&bad) {
            restored += 1;
            assert_eq!(x.check(), []);
            assert!(bytes(&x) == bad, "what is accepted is canonical");
            let mut events = Vec::new();
            let at = x.last_time();
            let input =
                Command::CancelAll { account: ALICE, market: M, client_id: crate::world::client("k") };
            let _ = x.apply(&Stamped { at, seq: x.last_seq().saturating_add(1), input }, &mut events);
        }
    }
    assert!(restored > 50, "some bytes carry no rule: {restored}");
}

#[test]
fn the_way_to_a_state_does_not_show_in_its_bytes() {
    let mut w = busy();
    let before = bytes(&w.x);
    let (seq, at) = (w.x.last_seq(), w.at);
    // A detour of orders that come and go leaves its numbers behind, and nothing else.
    let ids: Vec<_> = (0..50).map(|n| w.place(CAROL, Side::Buy, limit(50 + n, 100))).collect();
    for id in ids {
        w.ok(crate::world::cancel(CAROL, id));
    }
    let mut straight = Exchange::restore(&before).unwrap();
    let mut events = Vec::new();
    for n in 0..100 {
        let input = Command::SetTrading { account: ALICE, allowed: true };
        straight.apply(&Stamped { at, seq: seq + 1 + n, input }, &mut events).unwrap();
    }
    let (a, b) = (bytes(&w.x), bytes(&straight));
    assert_eq!(a.len(), b.len(), "only numbers differ");
    // last order id, arrival and book number, checksum
    let differing = a.iter().zip(&b).filter(|(a, b)| a != b).count();
    assert!(differing <= 3 * 8 + 8, "{differing} bytes differ");
}
