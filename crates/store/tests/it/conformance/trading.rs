//! Markets, orders, fills, positions, balances: projections, applied once, each seen by its owner only.

use store::balances::{self, Balance};
use store::bots::{self, Bot, BotEvent, BotStatus, EquityPoint};
use store::orders::{self, Filter, Order};
use store::positions::{self, Position};
use store::projections::{self, Position as Place};
use store::trades::{self, Trade};
use store::{AccountId, BotId, OrderId, Owner, PositionId, Side, StoreError, TradeId, account_risk, markets};

use super::{T0, absent, add_account, add_owner, add_pair, amount, at, btcusdt, write};
use crate::engines::{Fresh, on_both};

on_both!(
    a_pair_keeps_its_id,
    an_order_changes_and_is_found_in_every_way,
    pages_of_fills_go_both_ways_without_gaps,
    a_fill_is_noted_once_and_an_import_of_many_is_quick,
    fills_of_any_month_have_a_place,
    positions_and_balances_show_what_was_last_noted,
    nobody_sees_what_is_anothers,
    an_event_is_applied_once,
    a_bot_is_changed_from_what_was_read,
    a_bots_worth_and_state_are_its_owners,
    intents_that_nothing_was_heard_of_are_found_page_by_page,
    limits_and_state_of_an_account_change_apart,
);

pub(super) fn order(owner: Owner, account: AccountId, pair: i64, n: i64) -> Order {
    Order {
        id: OrderId::new(),
        user_id: owner.user(),
        account_id: account,
        bot_id: None,
        trading_pair_id: pair,
        exchange: "local".to_owned(),
        symbol: "BTCUSDT".to_owned(),
        client_order_id: format!("c{n}"),
        exchange_order_id: None,
        side: Side::Buy,
        order_type: "limit".to_owned(),
        time_in_force: "gtc".to_owned(),
        price: Some(amount("97000.10")),
        stop_price: None,
        quantity: amount("0.5"),
        filled_quantity: amount("0"),
        filled_quote: amount("0"),
        status: "new".to_owned(),
        live: true,
        reason: None,
        created_at: at(n),
        updated_at: at(n),
        list_id: None,
        asked: None,
    }
}

pub(crate) fn trade(owner: Owner, account: AccountId, n: i64) -> Trade {
    Trade {
        id: TradeId::new(),
        user_id: owner.user(),
        account_id: account,
        bot_id: None,
        order_id: OrderId::new(),
        trading_pair_id: 1,
        exchange: "local".to_owned(),
        symbol: if n % 2 == 0 { "BTCUSDT" } else { "ETHUSDT" }.to_owned(),
        base: if n % 2 == 0 { "BTC" } else { "ETH" }.to_owned(),
        side: if n % 3 == 0 { Side::Sell } else { Side::Buy },
        price: amount("97000.10"),
        quantity: amount("0.00012345"),
        fee: amount("0.0119"),
        fee_currency: "USDT".to_owned(),
        pnl: (n % 3 == 0).then(|| amount("-1.25")),
        venue_trade_id: n.to_string(),
        // Two fills share each moment: the id decides between them.
        created_at: at(n / 2),
    }
}

async fn a_pair_keeps_its_id(fresh: Fresh) -> Fresh {
    let id = add_pair(&fresh.store).await;
    let other = markets::Pair { symbol: "USDTBTC".to_owned(), ..btcusdt() };
    let second =
        write(&fresh.store, move |tx| Box::pin(async move { markets::put_pair(tx, &other).await })).await;
    assert_ne!(id, second);
    let changed = markets::Pair { tick: amount("0.10"), updated_at: at(1), ..btcusdt() };
    let same =
        write(&fresh.store, move |tx| Box::pin(async move { markets::put_pair(tx, &changed).await })).await;
    assert_eq!(same, id);
    let pair = markets::pair(&mut fresh.store.read(), "local", "BTCUSDT").await.unwrap();
    assert_eq!((pair.id, pair.tick.to_string(), pair.updated_at), (id, "0.1".to_owned(), at(1)));
    assert_eq!(markets::pairs(&mut fresh.store.read(), "local").await.unwrap().len(), 2);
    assert_eq!(markets::currencies(&mut fresh.store.read()).await.unwrap().len(), 2);
    assert!(absent(&markets::pair(&mut fresh.store.read(), "binance", "BTCUSDT").await));
    let unknown = markets::Pair { base: "DOGE".to_owned(), symbol: "DOGEUSDT".to_owned(), ..btcusdt() };
    let refused = fresh.store.write(move |tx| Box::pin(async move { markets::put_pair(tx, &unknown).await }));
    assert!(matches!(refused.await, Err(StoreError::Reference { .. })));
    fresh
}

async fn an_order_changes_and_is_found_in_every_way(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    let (account, pair) = (add_account(&fresh.store, alice, "main").await, add_pair(&fresh.store).await);
    let placed: Vec<Order> = (0..5).map(|n| order(alice, account, pair, n)).collect();
    let (all, mut filled) = (placed.clone(), placed[1].clone());
    write(&fresh.store, move |tx| {
        Box::pin(async move {
            for order in &all {
                orders::put(tx, order).await?;
            }
            Ok(())
        })
    })
    .await;
    "filled".clone_into(&mut filled.status);
    (filled.live, filled.filled_quantity, filled.filled_quote) = (false, amount("0.5"), amount("48500.05"));
    (filled.exchange_order_id, filled.updated_at) = (Some("77".to_owned()), at(9));
    let change = filled.clone();
    write(&fresh.store, move |tx| Box::pin(async move { orders::put(tx, &change).await })).await;
    let mut reader = fresh.store.read();
    assert_eq!(orders::by_id(&mut reader, alice, filled.id).await.unwrap(), filled);
    assert_eq!(orders::by_client_id(&mut reader, alice, account, "c1").await.unwrap(), filled);
    assert_eq!(orders::by_exchange_id_of_all(&mut reader, "local", "77").await.unwrap(), filled);
    let live = orders::live_of_all(&mut reader, pair, None, 3).await.unwrap();
    let after = live.last().map(|order| (order.price.unwrap(), order.id));
    let rest = orders::live_of_all(&mut reader, pair, after, 3).await.unwrap();
    let mut walked: Vec<OrderId> = live.iter().chain(&rest).map(|order| order.id).collect();
    walked.sort_unstable();
    let mut expected: Vec<OrderId> =
        placed.iter().map(|order| order.id).filter(|id| *id != filled.id).collect();
    expected.sort_unstable();
    assert_eq!((live.len(), walked), (3, expected));
    assert_eq!(orders::count_live(&mut reader, alice).await.unwrap(), 4);
    let ids = |orders: Vec<Order>| orders.into_iter().map(|o| o.client_order_id).collect::<Vec<_>>();
    let page = orders::page(&mut reader, alice, &Filter::default(), 2).await.unwrap();
    let before = Some((page[1].created_at, page[1].id));
    assert_eq!(ids(page), ["c4", "c3"]);
    let page = orders::page(&mut reader, alice, &Filter { before, ..Filter::default() }, 10).await.unwrap();
    assert_eq!(ids(page), ["c2", "c1", "c0"]);
    let status = Some("filled".to_owned());
    let page = orders::page(&mut reader, alice, &Filter { status, ..Filter::default() }, 10).await.unwrap();
    assert_eq!(ids(page), ["c1"]);
    let page =
        orders::page(&mut reader, alice, &Filter { live: true, ..Filter::default() }, 10).await.unwrap();
    assert_eq!(page.len(), 4);
    let twin = Order { id: OrderId::new(), ..placed[0].clone() };
    let taken = fresh.store.write(move |tx| Box::pin(async move { orders::put(tx, &twin).await }));
    assert!(taken.await.unwrap_err().is_taken("orders.account_id,client_order_id"));
    fresh
}

async fn note_trades(fresh: &Fresh, list: Vec<Trade>) {
    write(&fresh.store, move |tx| Box::pin(async move { trades::put(tx, &list).await })).await;
}

async fn pages_of_fills_go_both_ways_without_gaps(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    let account = add_account(&fresh.store, alice, "main").await;
    let mut all: Vec<Trade> = (0..25).map(|n| trade(alice, account, n)).collect();
    note_trades(&fresh, all.clone()).await;
    all.sort_by_key(|t| std::cmp::Reverse((t.created_at, t.id)));
    let filter = trades::Filter::default();
    let (mut place, mut seen) = (trades::Place::Newest, Vec::new());
    loop {
        let page = trades::page(&mut fresh.store.read(), alice, &filter, place, 4).await.unwrap();
        let Some(last) = page.last() else { break };
        place = trades::Place::Before(last.created_at, last.id);
        seen.extend(page);
    }
    assert_eq!(seen, all);
    let (mut place, mut back) = (trades::Place::After(all[24].created_at, all[24].id), vec![all[24].clone()]);
    loop {
        let page = trades::page(&mut fresh.store.read(), alice, &filter, place, 4).await.unwrap();
        let Some(first) = page.first() else { break };
        place = trades::Place::After(first.created_at, first.id);
        back.splice(0..0, page);
    }
    assert_eq!(back, all);
    let narrow = trades::Filter {
        symbol: Some("BTCUSDT".to_owned()),
        side: Some(Side::Sell),
        from: Some(at(2)),
        to: Some(at(10)),
        ..trades::Filter::default()
    };
    let page =
        trades::page(&mut fresh.store.read(), alice, &narrow, trades::Place::Newest, 100).await.unwrap();
    assert_eq!(page.iter().map(|t| t.venue_trade_id.as_str()).collect::<Vec<_>>(), ["18", "12", "6"]);
    let figures = trades::performance(&mut fresh.store.read(), alice, at(0), at(2), 100).await.unwrap();
    assert_eq!(figures.len(), 4);
    assert_eq!(figures.iter().filter_map(|f| f.pnl).count(), 2);
    let of_order = trades::of_order(&mut fresh.store.read(), alice, all[3].order_id).await.unwrap();
    assert_eq!(of_order, [all[3].clone()]);
    fresh
}

async fn a_fill_is_noted_once_and_an_import_of_many_is_quick(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    let account = add_account(&fresh.store, alice, "main").await;
    let one = trade(alice, account, 1);
    note_trades(&fresh, vec![one.clone(), one.clone()]).await;
    note_trades(&fresh, vec![one.clone()]).await;
    assert_eq!(fresh.sql("SELECT count(*) FROM trades"), "1");
    let many: Vec<Trade> = (2..3_002).map(|n| trade(alice, account, n)).collect();
    let same = many.clone();
    let (imported, statements) = store::counted(write(&fresh.store, move |tx| {
        Box::pin(async move { trades::import(tx, &many).await })
    }))
    .await;
    assert_eq!(imported, 3_000);
    assert!(statements < 20, "{statements} statements for 3,000 rows");
    let filter = trades::Filter { order: Some(same[1_500].order_id), ..trades::Filter::default() };
    let found =
        trades::page(&mut fresh.store.read(), alice, &filter, trades::Place::Newest, 10).await.unwrap();
    assert_eq!(found, [same[1_500].clone()], "every type survives the way in bulk");
    let again = fresh.store.write(move |tx| Box::pin(async move { trades::import(tx, &same[..2]).await }));
    assert!(matches!(again.await, Err(StoreError::Taken { .. })));
    assert_eq!(fresh.sql("SELECT count(*) FROM trades"), "3001");
    fresh
}

async fn fills_of_any_month_have_a_place(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    let account = add_account(&fresh.store, alice, "main").await;
    // 31 December 2023 23:59:59.999999 and the microsecond after.
    let edge = 1_704_067_199_999_999;
    let list: Vec<Trade> = [edge, edge + 1, T0.0]
        .into_iter()
        .map(|moment| Trade { created_at: store::Ts(moment), ..trade(alice, account, 0) })
        .collect();
    note_trades(&fresh, list).await;
    let (filter, newest) = (trades::Filter::default(), trades::Place::Newest);
    let page = trades::page(&mut fresh.store.read(), alice, &filter, newest, 9).await.unwrap();
    assert_eq!(page.iter().map(|t| t.created_at.0).collect::<Vec<_>>(), [T0.0, edge + 1, edge]);
    if fresh.store.engine() == store::Engine::Postgres {
        let parts = "SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'trades'::regclass ORDER BY 1::text";
        let parts = fresh.sql(parts);
        assert_eq!(
            parts.lines().collect::<Vec<_>>(),
            ["trades_y2023m12", "trades_y2024m01", "trades_y2026m11"]
        );
        let indexed = "SELECT count(*) FROM pg_indexes WHERE tablename = 'trades_y2023m12' \
                       AND indexdef LIKE '%(user_id, created_at DESC)%'";
        assert_eq!(fresh.sql(indexed), "1");
    }
    fresh
}

async fn positions_and_balances_show_what_was_last_noted(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    let account = add_account(&fresh.store, alice, "main").await;
    let position = Position {
        id: PositionId::new(),
        user_id: alice.user(),
        account_id: account,
        bot_id: None,
        exchange: "local".to_owned(),
        symbol: "BTCUSDT".to_owned(),
        base: "BTC".to_owned(),
        quantity: amount("0.5"),
        entry_price: amount("97000"),
        realised_pnl: amount("0"),
        fees: amount("1"),
        is_open: true,
        opened_at: T0,
        updated_at: T0,
        closed_at: None,
    };
    let closed = Position {
        quantity: amount("0"),
        realised_pnl: amount("12.5"),
        is_open: false,
        updated_at: at(5),
        closed_at: Some(at(5)),
        ..position.clone()
    };
    let (first, last) = (position.clone(), closed.clone());
    write(&fresh.store, move |tx| Box::pin(async move { positions::put(tx, &first).await })).await;
    assert_eq!(positions::open(&mut fresh.store.read(), alice, Some(account)).await.unwrap(), [position]);
    write(&fresh.store, move |tx| Box::pin(async move { positions::put(tx, &last).await })).await;
    assert_eq!(positions::open(&mut fresh.store.read(), alice, None).await.unwrap(), []);
    assert_eq!(positions::page(&mut fresh.store.read(), alice, None, 10).await.unwrap(), [closed]);
    for (currency, free) in [("USDT", "100.50"), ("BTC", "0.00000001"), ("USDT", "99.1")] {
        let balance = Balance {
            account_id: account,
            currency: currency.to_owned(),
            user_id: alice.user(),
            free: amount(free),
            locked: amount("0"),
            updated_at: at(1),
        };
        write(&fresh.store, move |tx| Box::pin(async move { balances::put(tx, &balance).await })).await;
    }
    let list = balances::list(&mut fresh.store.read(), alice, Some(account), None).await.unwrap();
    let shown: Vec<String> = list.iter().map(|b| format!("{} {}", b.currency, b.free)).collect();
    assert_eq!(shown, ["BTC 0.00000001", "USDT 99.1"]);
    assert_eq!(balances::list(&mut fresh.store.read(), alice, None, Some("BTC")).await.unwrap().len(), 1);
    fresh
}

async fn nobody_sees_what_is_anothers(fresh: Fresh) -> Fresh {
    let (alice, bob) = (add_owner(&fresh.store, "alice").await, add_owner(&fresh.store, "bob").await);
    let (account, pair) = (add_account(&fresh.store, alice, "main").await, add_pair(&fresh.store).await);
    let (order, fill) = (order(alice, account, pair, 1), trade(alice, account, 1));
    let (id, order_id) = (order.id, fill.order_id);
    write(&fresh.store, move |tx| Box::pin(async move { orders::put(tx, &order).await })).await;
    note_trades(&fresh, vec![fill]).await;
    let mut reader = fresh.store.read();
    assert!(absent(&orders::by_id(&mut reader, bob, id).await));
    assert!(absent(&orders::by_client_id(&mut reader, bob, account, "c1").await));
    // Also when bob names alice's account.
    let filter = Filter { account: Some(account), ..Filter::default() };
    assert_eq!(orders::page(&mut reader, bob, &filter, 10).await.unwrap(), []);
    let filter =
        trades::Filter { account: Some(account), order: Some(order_id), ..trades::Filter::default() };
    assert_eq!(trades::page(&mut reader, bob, &filter, trades::Place::Newest, 10).await.unwrap(), []);
    assert_eq!(trades::of_order(&mut reader, bob, order_id).await.unwrap(), []);
    assert_eq!(positions::open(&mut reader, bob, Some(account)).await.unwrap(), []);
    assert_eq!(balances::list(&mut reader, bob, Some(account), None).await.unwrap(), []);
    fresh
}

async fn an_event_is_applied_once(fresh: Fresh) -> Fresh {
    let alice = add_owner(&fresh.store, "alice").await;
    let account = add_account(&fresh.store, alice, "main").await;
    let apply = |from: Place, to: Place| {
        let fill = trade(alice, account, to.seq);
        fresh.store.write(move |tx| {
            Box::pin(async move {
                projections::advance(tx, "trades", "shard-0", from, to, at(1)).await?;
                trades::put(tx, &[fill]).await
            })
        })
    };
    let place = |epoch, seq| Place { epoch, seq };
    let zero = projections::position(&mut fresh.store.read(), "trades", "shard-0").await.unwrap();
    assert_eq!(zero, place(0, 0));
    apply(zero, place(1, 10)).await.unwrap();
    assert!(matches!(apply(zero, place(1, 10)).await, Err(StoreError::Stale(_))), "repeated");
    apply(place(1, 10), place(1, 11)).await.unwrap();
    assert!(matches!(apply(place(1, 10), place(1, 12)).await, Err(StoreError::Stale(_))), "overtaken");
    apply(place(1, 11), place(2, 12)).await.unwrap();
    assert!(matches!(apply(place(1, 12), place(1, 13)).await, Err(StoreError::Stale(_))), "fenced off");
    assert!(matches!(apply(place(2, 12), place(1, 13)).await, Err(StoreError::Stale(_))), "an older epoch");
    assert_eq!(fresh.sql("SELECT count(*) FROM trades"), "3");
    let now = projections::position(&mut fresh.store.read(), "trades", "shard-0").await.unwrap();
    assert_eq!(now, place(2, 12));
    // Two at once from the same place: one wins, one writes nothing.
    let (a, b) = tokio::join!(apply(now, place(2, 13)), apply(now, place(2, 14)));
    assert_eq!([a.is_ok(), b.is_ok()].into_iter().filter(|won| *won).count(), 1);
    assert_eq!(fresh.sql("SELECT count(*) FROM trades"), "4");
    fresh
}

pub(crate) fn bot(owner: Owner, account: AccountId, name: &str) -> Bot {
    Bot {
        id: BotId::new(),
        user_id: owner.user(),
        account_id: account,
        name: name.to_owned(),
        strategy: "ema_cross".to_owned(),
        exchange: "local".to_owned(),
        symbol: "BTCUSDT".to_owned(),
        bar_interval: "15m".to_owned(),
        params: "{}".to_owned(),
        status: BotStatus::Stopped,
        status_reason: None,
        revision: 1,
        created_at: T0,
        updated_at: T0,
        started_at: None,
        stopped_at: None,
        desk_name: None,
        asked: "{}".to_owned(),
    }
}

async fn a_bots_worth_and_state_are_its_owners(fresh: Fresh) -> Fresh {
    let (alice, bob) = (add_owner(&fresh.store, "alice").await, add_owner(&fresh.store, "bob").await);
    let account = add_account(&fresh.store, alice, "main").await;
    let made = Bot { desk_name: Some("one.1".to_owned()), ..bot(alice, account, "one") };
    let (id, same, other) = (made.id, made.clone(), bot(alice, account, "two"));
    write(&fresh.store, move |tx| {
        Box::pin(async move {
            bots::insert(tx, &same).await?;
            bots::insert(tx, &other).await
        })
    })
    .await;
    assert_eq!(
        bots::at_desk_of_all(&mut fresh.store.read(), None, 10).await.unwrap(),
        std::slice::from_ref(&made)
    );
    assert_eq!(bots::at_desk_of_all(&mut fresh.store.read(), Some(id), 10).await.unwrap(), []);
    let point = |bot: BotId, second, equity: &str| EquityPoint {
        bot_id: bot,
        taken_at: at(second),
        user_id: alice.user(),
        equity: amount(equity),
    };
    let points =
        [point(id, 1, "10000"), point(id, 2, "9999.5"), point(id, 2, "1"), point(BotId::new(), 1, "7")];
    write(&fresh.store, move |tx| Box::pin(async move { bots::put_equity(tx, &points).await })).await;
    let read = |owner, from, to| {
        let mut reader = fresh.store.read();
        async move { bots::equity(&mut reader, owner, id, from, to).await.unwrap() }
    };
    assert_eq!(read(alice, None, None).await, [point(id, 1, "10000"), point(id, 2, "9999.5")]);
    assert_eq!(read(alice, Some(at(2)), None).await.len(), 1);
    assert_eq!(read(alice, None, Some(at(2))).await.len(), 1);
    assert_eq!(read(bob, None, None).await, []);

    let set = |owner, status, second| {
        fresh.store.write(move |tx| {
            Box::pin(async move { bots::set_status(tx, owner, id, status, None, at(second)).await })
        })
    };
    assert!(absent(&set(bob, BotStatus::Running, 3).await));
    for (status, second) in [(BotStatus::Running, 3), (BotStatus::Running, 4), (BotStatus::Paused, 5)] {
        set(alice, status, second).await.unwrap();
    }
    let now = bots::by_id(&mut fresh.store.read(), alice, id).await.unwrap();
    assert_eq!((now.status, now.started_at, now.stopped_at), (BotStatus::Paused, Some(at(3)), Some(at(5))));
    assert_eq!(now.revision, made.revision + 3);
    fresh.store.write(move |tx| Box::pin(async move { bots::remove(tx, alice, id).await })).await.unwrap();
    assert_eq!(fresh.sql("SELECT count(*) FROM bot_equity"), "0");
    fresh
}

async fn a_bot_is_changed_from_what_was_read(fresh: Fresh) -> Fresh {
    let (alice, bob) = (add_owner(&fresh.store, "alice").await, add_owner(&fresh.store, "bob").await);
    let account = add_account(&fresh.store, alice, "main").await;
    let made = bot(alice, account, "one");
    let (id, same) = (made.id, made.clone());
    write(&fresh.store, move |tx| Box::pin(async move { bots::insert(tx, &same).await })).await;
    assert!(absent(&bots::by_id(&mut fresh.store.read(), bob, id).await));
    let update = |owner, bot: Bot| {
        fresh.store.write(move |tx| Box::pin(async move { bots::update(tx, owner, &bot, at(2)).await }))
    };
    let running = Bot { status: BotStatus::Running, started_at: Some(at(2)), ..made.clone() };
    assert!(matches!(update(bob, running.clone()).await, Err(StoreError::Stale(_))));
    assert_eq!(update(alice, running.clone()).await.unwrap(), 2);
    assert!(
        matches!(update(alice, running).await, Err(StoreError::Stale(_))),
        "it was read before the change"
    );
    let mut reader = fresh.store.read();
    assert_eq!(bots::list(&mut reader, alice, Some(BotStatus::Running)).await.unwrap().len(), 1);
    assert_eq!(bots::list(&mut reader, alice, Some(BotStatus::Stopped)).await.unwrap(), []);
    assert_eq!(bots::of_symbol_of_all(&mut reader, "BTCUSDT", BotStatus::Running).await.unwrap().len(), 1);
    assert_eq!(bots::in_status_of_all(&mut reader, BotStatus::Running).await.unwrap().len(), 1);
    for seq in [1, 2, 2, 3] {
        let event = BotEvent {
            bot_id: id,
            seq,
            user_id: alice.user(),
            kind: "decision".to_owned(),
            reason: "no crossing".to_owned(),
            detail: "{}".to_owned(),
            created_at: at(seq),
        };
        write(&fresh.store, move |tx| Box::pin(async move { bots::append_event(tx, &event).await })).await;
    }
    let events = bots::events(&mut reader, alice, id, Some(3), 10).await.unwrap();
    assert_eq!(events.iter().map(|e| e.seq).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(bots::events(&mut reader, bob, id, None, 10).await.unwrap(), []);
    let remove =
        |owner| fresh.store.write(move |tx| Box::pin(async move { bots::remove(tx, owner, id).await }));
    assert!(absent(&remove(bob).await));
    remove(alice).await.unwrap();
    assert_eq!(fresh.sql("SELECT count(*) FROM bot_events"), "0");
    fresh
}

async fn intents_that_nothing_was_heard_of_are_found_page_by_page(fresh: Fresh) -> Fresh {
    let (alice, bob) = (add_owner(&fresh.store, "alice").await, add_owner(&fresh.store, "bob").await);
    let pair = add_pair(&fresh.store).await;
    let (first, second) =
        (add_account(&fresh.store, alice, "main").await, add_account(&fresh.store, bob, "main").await);
    let pending =
        |owner, account, n| Order { status: "pending".to_owned(), ..order(owner, account, pair, n) };
    let mut wanted = [pending(alice, first, 1), pending(bob, second, 2), pending(alice, first, 3)];
    let heard = Order { exchange_order_id: Some("7".to_owned()), ..pending(alice, first, 4) };
    let refused = Order { live: false, status: "rejected".to_owned(), ..pending(alice, first, 5) };
    let all: Vec<Order> =
        wanted.iter().cloned().chain([heard, refused, order(alice, first, pair, 6)]).collect();
    write(&fresh.store, move |tx| {
        Box::pin(async move {
            for order in &all {
                orders::put(tx, order).await?;
            }
            Ok(())
        })
    })
    .await;
    wanted.sort_by_key(|order| order.id);
    let mut reader = fresh.store.read();
    let page = orders::pending_of_all(&mut reader, None, 2).await.unwrap();
    assert_eq!(page, wanted[..2]);
    let page = orders::pending_of_all(&mut reader, Some(page[1].id), 2).await.unwrap();
    assert_eq!(page, wanted[2..]);
    assert!(orders::pending_of_all(&mut reader, Some(wanted[2].id), 2).await.unwrap().is_empty());
    fresh
}

async fn limits_and_state_of_an_account_change_apart(fresh: Fresh) -> Fresh {
    let (alice, bob) = (add_owner(&fresh.store, "alice").await, add_owner(&fresh.store, "bob").await);
    let (first, second) =
        (add_account(&fresh.store, alice, "main").await, add_account(&fresh.store, alice, "other").await);
    let mut reader = fresh.store.read();
    assert_eq!(account_risk::find(&mut reader, alice, first).await.unwrap(), None);
    write(&fresh.store, move |tx| {
        Box::pin(async move {
            account_risk::set_state(tx, alice, first, "{\"a\":1}", at(1)).await?;
            account_risk::set_state(tx, alice, second, "{}", at(1)).await?;
            account_risk::set_limits(tx, alice, first, "{\"x\":2}", at(2)).await
        })
    })
    .await;
    let row = account_risk::find(&mut reader, alice, first).await.unwrap().unwrap();
    assert_eq!((row.limits.as_str(), row.state.as_str(), row.updated_at), ("{\"x\":2}", "{\"a\":1}", at(2)));
    write(&fresh.store, move |tx| {
        Box::pin(async move { account_risk::set_state(tx, alice, first, "{\"a\":3}", at(3)).await })
    })
    .await;
    let row = account_risk::find(&mut reader, alice, first).await.unwrap().unwrap();
    assert_eq!((row.limits.as_str(), row.state.as_str()), ("{\"x\":2}", "{\"a\":3}"));
    assert_eq!(account_risk::find(&mut reader, bob, first).await.unwrap(), None, "it is not Bob's");
    let limited = account_risk::limited_of_all(&mut reader, None, 10).await.unwrap();
    assert_eq!(limited.iter().map(|row| row.account_id).collect::<Vec<_>>(), [first], "the other has none");
    assert!(account_risk::limited_of_all(&mut reader, Some(first), 10).await.unwrap().is_empty());
    fresh
}
