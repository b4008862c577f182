//! What a person does with bots, and what must hold meanwhile (invariants B1, B3, B5, B6, O1).

use bus::LaneError;
use bus::bots::{BotCommand, BotQuery, BotReply, Happened, NewLimits};

use crate::world::{World, bots_dir, grid, start, stop, trend, until};

fn ordered(event: &bus::bots::BotEvent, wanted: &str) -> bool {
    matches!(&event.what, Happened::Order { outcome, .. } if outcome == wanted)
}

#[test]
fn two_bots_trade_with_money_of_their_own_and_say_why() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path());
    let mut events = world.listen();
    let (one, two) = (world.command(trend("trend")), world.command(grid(&world, "ladder")));
    assert_eq!((one.state.as_str(), one.id, two.id), ("paused", 1, 2));
    assert_ne!(one.account, two.account);
    // It has heard the past, so it need not wait for its averages.
    assert!(one.decisions >= 2);
    assert_eq!(world.command(start("trend")).state, "running");
    world.command(start("ladder"));
    until(&mut events, |e| e.bot == Some(1) && ordered(e, "fill"));
    until(&mut events, |e| e.bot == Some(2) && ordered(e, "accepted"));
    assert!(world.why("trend").iter().any(|d| !d.values.is_empty() && d.reason.starts_with("fast_crossed")));
    assert!(!world.orders("ladder").is_empty());
    for name in ["trend", "ladder"] {
        world.command(stop(name));
    }
    // B6 in the small: what a bot thinks it has is what its account holds.
    until_quiet(&world, "trend");
    until_quiet(&world, "ladder");
    for name in ["trend", "ladder"] {
        let bot = world.show(name);
        assert_eq!(bot.assets, world.held(bot.account), "{name}");
        assert_eq!((bot.state.as_str(), bot.orders), ("stopped", 0));
    }
    let BotReply::Bots(all) = world.ask(BotQuery::List {}) else { panic!() };
    assert_eq!(all.len(), 2);
    world.close();
}

/// Waits until a stopped bot has no order left: its cancels are confirmed.
fn until_quiet(world: &World, bot: &str) {
    // Every question is answered between two inputs, so this sees all that comes.
    for _ in 0..1_000_000 {
        if world.show(bot).orders == 0 {
            return;
        }
        std::thread::yield_now();
    }
    panic!("{bot} still has {:?}", world.orders(bot));
}

#[test]
fn b3_a_stopped_bot_places_nothing_after_its_stop_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path());
    let mut events = world.listen();
    world.command(trend("trend"));
    world.command(start("trend"));
    until(&mut events, |e| ordered(e, "fill"));
    let acknowledged = world.send(stop("trend"), None).unwrap().seq;
    let decisions = world.show("trend").decisions;
    // It goes on listening; ten more bars make ten more decisions.
    for _ in 0..10_000_000 {
        if world.show("trend").decisions >= decisions + 4 {
            break;
        }
        std::thread::yield_now();
    }
    assert!(world.show("trend").decisions >= decisions + 4);
    drop(world);
    let mut late = Vec::new();
    while let Some(Ok(event)) = events.wait() {
        if event.seq > acknowledged && matches!(event.what, Happened::Submitted { .. }) {
            late.push(event);
        }
    }
    assert_eq!(late, []);
}

#[test]
fn b5_the_kill_switch_cancels_everything_and_lets_nothing_out_until_it_is_started_again() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path());
    let mut events = world.listen();
    world.command(grid(&world, "ladder"));
    world.command(start("ladder"));
    until(&mut events, |e| ordered(e, "accepted"));
    let bot = world.command(BotCommand::Halt { bot: "ladder".to_owned(), flatten: false });
    assert_eq!(bot.halt, "full");
    until_quiet(&world, "ladder");
    let account = types::AccountId(bot.account);
    assert_eq!(world.host.handle().view().open_orders(account, None), []);
    assert_eq!(world.command(start("ladder")).halt, "off");
    until(&mut events, |e| ordered(e, "accepted"));
    world.close();
}

/// A bot's position on its only market, in units of the base asset.
fn position(world: &World, bot: &str) -> i128 {
    let bot = world.show(bot);
    bot.positions.first().map_or(0, |p| types::decimal::parse(&p.qty, 8).unwrap())
}

#[test]
fn limits_of_a_running_bot_change_at_once_outlive_a_restart_and_replay_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::open(dir.path());
    let mut events = world.listen();
    world.command(trend("trend"));
    world.command(grid(&world, "ladder"));
    world.command(start("trend"));
    world.command(start("ladder"));
    until(&mut events, |e| e.bot == Some(1) && ordered(e, "fill"));
    until(&mut events, |e| e.bot == Some(2) && ordered(e, "accepted"));
    assert_eq!(world.show("trend").limits, NewLimits::default());
    // Too small for any order of either: nothing new may be opened, what is held may be sold.
    let small = NewLimits {
        position_max: Some("0.00001".to_owned()),
        exposure_max: Some("1".to_owned()),
        orders_per_minute: Some(1_000),
        ..NewLimits::default()
    };
    let limit = |bot: &str, limits: &NewLimits| BotCommand::Limits {
        bot: bot.to_owned(),
        limits: Box::new(limits.clone()),
    };
    let wrong = NewLimits { position_max: Some("much".to_owned()), ..small.clone() };
    assert!(
        matches!(world.send(limit("trend", &wrong), None), Err(LaneError::Refused(r)) if r.code == "bad_limit")
    );
    let told = world.command(limit("trend", &small));
    assert_eq!(told.state, "running", "it goes on");
    let shown = told.limits;
    let number = |text: &Option<String>| types::decimal::parse(text.as_deref().unwrap(), 8).unwrap();
    assert_eq!((number(&shown.position_max), number(&shown.exposure_max)), (1_000, 100_000_000));
    assert_eq!((shown.orders_per_minute, shown.daily_loss_max.clone()), (Some(1_000), None));
    world.command(limit("ladder", &small));
    // What the grid had in the book below the price could have been bought: it is taken back.
    until(&mut events, |e| e.bot == Some(2) && ordered(e, "canceled"));
    until_quiet(&world, "ladder");
    let held = position(&world, "trend");
    until(&mut events, |e| e.bot == Some(1) && matches!(e.what, Happened::Denied { .. }));
    world.stop();
    world.start();
    let after = world.show("trend");
    assert_eq!((after.limits, after.state.as_str()), (shown.clone(), "running"));
    let seen = world.show("trend").decisions;
    for _ in 0..10_000_000 {
        if world.show("trend").decisions >= seen + 6 {
            break;
        }
        std::thread::yield_now();
    }
    assert!(position(&world, "trend") <= held, "it may only have become smaller");
    assert!(world.why("trend").iter().any(|d| d.denied.is_some()), "{:?}", world.why("trend"));
    // And off again, in the middle of it.
    world.command(limit("trend", &NewLimits::default()));
    let mut events = world.listen();
    until(&mut events, |e| e.bot == Some(1) && ordered(e, "fill"));
    world.close();
    let bots = bots_dir(dir.path());
    for session in live::session::list(&bots).unwrap() {
        let replayed = live::session::replay(&bots, session.number).unwrap();
        assert_eq!((&replayed.session, replayed.checkpoints), (&session, 2));
    }
}

#[test]
fn an_exit_leaves_no_position() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path());
    let mut events = world.listen();
    world.command(trend("trend"));
    world.command(start("trend"));
    until(&mut events, |e| ordered(e, "fill"));
    world.command(BotCommand::Exit { bot: "trend".to_owned() });
    until_quiet(&world, "trend");
    let bot = world.show("trend");
    // What is left is less than a lot: the fee was paid in what was bought.
    let left = bot.positions.first().map_or("0", |p| p.qty.as_str());
    assert!(types::decimal::parse(left, 8).unwrap() < 1_000, "{left}");
    world.close();
}

#[test]
fn o1_the_same_key_takes_effect_once_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::open(dir.path());
    let first = world.send(trend("trend"), Some("k-1")).unwrap();
    let again = world.send(trend("trend"), Some("k-1")).unwrap();
    assert_eq!(first.seq, again.seq);
    world.stop();
    world.start();
    assert_eq!(world.send(trend("trend"), Some("k-1")).unwrap().seq, first.seq);
    assert!(matches!(world.send(trend("trend"), None), Err(LaneError::Refused(r)) if r.code == "name_taken"));
    world.close();
}

#[test]
fn what_cannot_be_is_refused_with_what_can_and_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path());
    let BotCommand::Create(good) = trend("trend") else { panic!() };
    let refused = |change: &dyn Fn(&mut bus::bots::NewBot)| {
        let mut new = good.clone();
        change(&mut new);
        match world.send(BotCommand::Create(new), None) {
            Err(LaneError::Refused(refusal)) => (refusal.code, refusal.message),
            other => panic!("{other:?}"),
        }
    };
    for (code, part, (found, message)) in [
        ("unknown_strategy", "ema-cross", refused(&|n| n.strategy = "luck".into())),
        ("bad_param", "there are fast, slow", refused(&|n| n.params[0].0 = "speed".into())),
        ("bad_market", "BTCUSDT", refused(&|n| n.markets[0].symbol = "DOGEUSDT".into())),
        ("bad_interval", "1m", refused(&|n| n.markets[0].interval = "7m".into())),
        ("bad_funds", "USDT", refused(&|n| n.funds[0].asset = "DOGE".into())),
        ("bad_funds", "above zero", refused(&|n| n.funds[0].amount = "-1".into())),
        ("bad_funds", "USDT=10000", refused(&|n| n.funds.clear())),
        ("bad_name", "digits", refused(&|n| n.name = Some("no spaces".into()))),
    ] {
        assert_eq!(found, code, "{message}");
        assert!(message.contains(part), "{message}");
    }
    assert!(
        matches!(world.send(start("nobody"), None), Err(LaneError::Refused(r)) if r.code == "unknown_bot")
    );
    let BotReply::Bots(all) = world.ask(BotQuery::List {}) else { panic!() };
    assert_eq!(all, []);
    world.close();
}
