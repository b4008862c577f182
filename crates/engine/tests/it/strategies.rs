//! What holds for every built-in strategy, and what each is for. Sizes: `STRATEGY_SEEDS` random markets per strategy (default 3).

use std::sync::{Arc, Mutex};

use engine::BotState;
use risk::Limits;
use strategy::builtin::{Setting, all, make_for};
use types::{Instrument, Interval, MarketEvent, MarketId, MarketNews, Price, Side, Terms, Time};

use crate::desk::{BOT, ONE};
use crate::street::{Dice, Street, events, instruments};
use crate::watched::{Log, Make, Watched};

/// A strategy with parameters short enough for a short market, and the markets it trades.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static [usize]);

const CASES: &[Case] = &[
    ("ema-cross", &[("fast", "3"), ("slow", "8"), ("short", "yes")], &[0]),
    ("ema-cross", &[("fast", "3"), ("slow", "8")], &[2]),
    (
        "macd",
        &[("fast", "3"), ("slow", "7"), ("signal", "3"), ("zero-line", "respected"), ("short", "yes")],
        &[0],
    ),
    ("rsi-reversion", &[("period", "5"), ("short", "yes")], &[0]),
    ("rsi-reversion", &[("period", "5")], &[2]),
    ("bollinger", &[("period", "8"), ("width", "1"), ("exit", "opposite"), ("short", "yes")], &[1]),
    (
        "donchian",
        &[("entry", "6"), ("exit", "3"), ("trend", "15m"), ("trend-bars", "2"), ("short", "yes")],
        &[0],
    ),
    ("donchian", &[("entry", "6"), ("exit", "3")], &[2]),
    ("atr-trail", &[("period", "4"), ("distance", "1.5"), ("short", "yes")], &[0]),
    ("grid", &[("lower", "80"), ("upper", "120"), ("cells", "20"), ("start", "neutral")], &[0]),
    (
        "grid",
        &[
            ("lower", "40"),
            ("upper", "60"),
            ("cells", "12"),
            ("start", "filled"),
            ("spacing", "geometric"),
            ("stop", "39"),
        ],
        &[2],
    ),
    ("dca", &[("amount", "60"), ("every", "7"), ("take-profit", "1"), ("discount", "0.1")], &[2]),
    ("market-maker", &[("qty", "0.1"), ("inventory", "0.5"), ("gamma", "0.01"), ("horizon", "5")], &[0]),
    (
        "market-maker",
        &[("qty", "0.2"), ("inventory", "1"), ("gamma", "0.001"), ("horizon", "5"), ("kappa", "1")],
        &[2],
    ),
    ("pairs", &[("window", "20"), ("entry", "1.2"), ("exit", "0.2"), ("stop", "3")], &[0, 1]),
    ("twap", &[("qty", "7"), ("minutes", "90")], &[0]),
    ("twap", &[("qty", "3"), ("minutes", "60"), ("limit-bps", "5")], &[2]),
    ("vwap", &[("qty", "7"), ("minutes", "200"), ("side", "sell")], &[0]),
    ("basket", &[("weights", "40,30,20"), ("every", "30"), ("band", "2")], &[0, 1, 2]),
    (
        "forecast",
        &[("window", "30"), ("refit", "25"), ("cost-bps", "1"), ("certainty", "0"), ("short", "yes")],
        &[0],
    ),
    ("forecast", &[("model", "drift"), ("window", "20"), ("cost-bps", "3"), ("certainty", "0")], &[2]),
    ("webhook", &[("short", "yes")], &[0]),
    (
        "rules",
        &[
            ("enter", "CLOSE crosses above SMA($x) and not CDLDOJI > 0"),
            ("leave", "CLOSE crosses below SMA($x)"),
            ("enter-short", "MACD(3,7,3).macd < MACD(3,7,3).macd-signal and CLOSE < T3(3,0.7)"),
            ("leave-short", "CLOSE > 1.001 * KAMA(4) or BBANDS(5,1,1).real-lower-band > CLOSE"),
            ("x", "5"),
        ],
        &[0],
    ),
    (
        "rules",
        &[
            ("enter", "RSI(5) < 50"),
            ("leave", "RSI(5) > 70"),
            ("enter-short", "RSI(5) > 75"),
            ("leave-short", "RSI(5) < 60"),
            ("stop-loss", "1"),
            ("take-profit", "0.8"),
        ],
        &[0],
    ),
    ("rules", &[("enter", "always"), ("trailing-stop", "0.5")], &[2]),
    ("rules", &[("enter", "RSI(5) < $y"), ("leave", "RSI(5) > 55 or ULTOSC(2,3,5) > 80"), ("y", "45")], &[2]),
];

fn settings(instruments: &[Instrument], markets: &[usize]) -> Vec<(Instrument, Interval)> {
    markets.iter().map(|at| (instruments[*at].clone(), Interval::M1)).collect()
}

fn maker((name, params, markets): Case) -> Make {
    let settings = settings(&instruments(), markets);
    Arc::new(move || {
        let settings: Vec<Setting<'_>> = settings
            .iter()
            .map(|(instrument, interval)| Setting { instrument, interval: *interval })
            .collect();
        make_for(name, params, &settings).unwrap().unwrap()
    })
}

/// A run with everything it decided; messages for those who wait for them.
fn run(case: Case, cuts: Vec<usize>, market: &[(Time, MarketEvent)], cash: i64) -> (Street, Vec<String>) {
    run_in_pieces(case, cuts, market, market.len() / 12 + 1, cash)
}

/// The same; messages come after each piece of so many events.
fn run_in_pieces(
    case: Case,
    cuts: Vec<usize>,
    market: &[(Time, MarketEvent)],
    piece: usize,
    cash: i64,
) -> (Street, Vec<String>) {
    let log: Log = Arc::new(Mutex::new(Vec::new()));
    let watched = Watched::new(maker(case), cuts, log.clone());
    let mut street = Street::new(Box::new(watched), cash, Limits::default());
    let messages = ["long id=1", "long id=1", "buy 0.5", "nonsense", "short", "sell 0.25 id=2", "flat"];
    for (at, chunk) in market.chunks(piece).enumerate() {
        street.run(chunk);
        if case.0 == "webhook" {
            street.signal(chunk[chunk.len() - 1].0, messages[at % messages.len()]);
        }
    }
    let lines = log.lock().unwrap().clone();
    (street, lines)
}

fn seeds() -> u64 {
    std::env::var("STRATEGY_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

#[test]
fn every_strategy_is_tested_here() {
    for description in all() {
        assert!(CASES.iter().any(|(name, ..)| *name == description.name), "{}", description.name);
    }
}

#[test]
fn run_n_save_load_run_m_decides_as_run_n_plus_m() {
    for case in CASES {
        for seed in 0..seeds() {
            let market = events(seed, 240);
            let (whole, plain) = run(*case, Vec::new(), &market, 100_000);
            let mut dice = Dice(seed ^ 0x5eed);
            let cuts: Vec<usize> =
                (0..6).map(|_| usize::try_from(dice.below(plain.len() as u64)).unwrap()).collect();
            let (again, lines) = run(*case, cuts.clone(), &market, 100_000);
            let differs = plain.iter().zip(&lines).position(|(a, b)| a != b);
            assert_eq!(differs, None, "{case:?} seed {seed} cuts {cuts:?}");
            assert_eq!(plain.len(), lines.len(), "{case:?} seed {seed} cuts {cuts:?}");
            assert_eq!(whole.engine.digest(), again.engine.digest(), "{case:?} seed {seed}");
            assert_eq!(whole.engine.equity(BOT), again.engine.equity(BOT));
        }
    }
}

/// The events after a moment, with prices that nobody could have known.
fn poisoned(market: &[(Time, MarketEvent)], after: usize) -> Vec<(Time, MarketEvent)> {
    let mut market = market.to_vec();
    for (_, event) in &mut market[after..] {
        if let MarketNews::Bar(bar) = &mut event.data {
            for price in [&mut bar.open, &mut bar.high, &mut bar.low, &mut bar.close] {
                *price = Price(price.0 * 3);
            }
        }
    }
    market
}

#[test]
fn h1_what_is_decided_does_not_depend_on_what_comes_later() {
    for case in CASES {
        let market = events(77, 180);
        let (_, full) = run(*case, Vec::new(), &market, 100_000);
        for share in [3, 2] {
            // At the end of a piece of the market, so that messages come at the same moments.
            let piece = market.len() / 12 + 1;
            let end = piece * (12 / share);
            let now = market[end - 1].0.0;
            let before = |lines: &[String]| {
                let time = |line: &String| line.split(' ').next().unwrap().parse::<i64>().unwrap();
                lines.iter().filter(|line| time(line) < now).cloned().collect::<Vec<_>>()
            };
            let (_, poisoned) = run(*case, Vec::new(), &poisoned(&market, end), 100_000);
            assert_eq!(before(&full), before(&poisoned), "{case:?}");
            let (_, truncated) = run_in_pieces(*case, Vec::new(), &market[..end], piece, 100_000);
            assert_eq!(before(&full), before(&truncated), "{case:?}");
        }
    }
}

#[test]
fn strategies_trade_leave_reasons_and_send_only_what_the_venue_takes() {
    for case in CASES {
        let (street, lines) = run(*case, Vec::new(), &events(5, 300), 100_000);
        assert!(!street.submitted.is_empty(), "{case:?} did not trade");
        let wrong =
            street.denied.iter().find(|code| matches!(**code, "price" | "lot" | "notional" | "overflow"));
        assert_eq!(wrong, None, "{case:?}");
        assert_eq!(street.engine.state(BOT), Some(BotState::Running), "{case:?}");
        assert!(
            lines.iter().all(|line| !line.contains("nothing_to_do")
                || line.contains("acts: []")
                || line.ends_with("[]")),
            "{case:?}"
        );
        // Far below one order per event, whatever the venue refuses.
        assert!(street.submitted.len() * 2 < lines.len() + 40, "{case:?}: {} orders", street.submitted.len());
    }
}

#[test]
fn a_bot_without_money_asks_now_and_then_and_is_not_stopped_for_it() {
    for case in CASES {
        let (street, lines) = run(*case, Vec::new(), &events(6, 240), 0);
        assert_eq!(street.submitted.len(), 0, "{case:?}");
        assert_eq!(street.engine.state(BOT), Some(BotState::Running), "{case:?}");
        // At most one round of questions per bar of one minute.
        let most = 240 * 16;
        assert!(street.denied.len() <= most, "{case:?}: {} of {} events", street.denied.len(), lines.len());
    }
}

#[test]
fn spot_positions_never_go_below_zero() {
    for case in CASES.iter().filter(|(_, _, markets)| markets.contains(&2)) {
        for seed in 0..seeds() {
            let market = events(seed + 100, 240);
            let log: Log = Arc::new(Mutex::new(Vec::new()));
            let mut street = Street::new(
                Box::new(Watched::new(maker(*case), Vec::new(), log)),
                100_000,
                Limits::default(),
            );
            for event in market {
                street.run(&[event]);
                assert!(street.position(2) >= 0, "{case:?} seed {seed}");
            }
        }
    }
}

#[test]
fn executions_end_with_exactly_what_was_asked_for() {
    for (case, market, want) in [(CASES[15], 0, 7 * ONE), (CASES[17], 0, -7 * ONE)] {
        let (street, lines) = run(case, Vec::new(), &events(9, 300), 1_000_000);
        assert_eq!(street.position(market), want, "{case:?}");
        assert!(lines.last().unwrap().contains("\"done\""), "{case:?}: {}", lines.last().unwrap());
        let largest = street.submitted.iter().map(|o| o.terms.qty().unwrap().0).max().unwrap();
        assert!(largest < 2 * ONE, "{case:?}: a part of {largest}");
    }
}

#[test]
fn a_basket_reaches_its_weights() {
    let (street, _) = run(CASES[18], Vec::new(), &events(3, 120), 100_000);
    let worth = street.engine.equity(BOT).unwrap().0;
    for (market, weight) in [(0_u16, 40_i128), (1, 30), (2, 20)] {
        let view = street.engine.markets().get(MarketId(market)).unwrap();
        let held = street.engine.account(BOT).unwrap().position(MarketId(market)).qty().size();
        let value = view.instrument().market.notional.amount(view.last().unwrap(), held).0;
        let percent = value * 100 / worth;
        assert!((percent - weight).abs() <= 3, "market {market}: {percent} of {weight}");
    }
}

#[test]
fn a_pair_is_long_one_and_short_the_other_of_the_same_value() {
    let case = CASES[14];
    let log: Log = Arc::new(Mutex::new(Vec::new()));
    let mut street =
        Street::new(Box::new(Watched::new(maker(case), Vec::new(), log)), 100_000, Limits::default());
    street.refuses = 0;
    let mut held = 0;
    for event in events(4, 300) {
        street.run(&[event]);
        let (a, b) = (street.position(0), street.position(1));
        assert_eq!(a.signum(), -b.signum());
        held += usize::from(a != 0);
    }
    assert!(held > 0);
    let spot = instruments();
    let settings: Vec<Setting<'_>> =
        [0, 2].map(|at| Setting { instrument: &spot[at], interval: Interval::M1 }).to_vec();
    assert!(make_for("pairs", &[], &settings).unwrap().err().unwrap().to_string().contains("always short"));
}

#[test]
fn m1_a_market_maker_quotes_both_sides_without_crossing_and_pulls_them_from_a_stale_book() {
    let log: Log = Arc::new(Mutex::new(Vec::new()));
    let watched = Watched::new(maker(CASES[12]), Vec::new(), log);
    let mut street = Street::new(Box::new(watched), 100_000, Limits::default());
    let mut pulled = 0;
    let mut both = 0;
    for event in events(8, 120) {
        let is_down = matches!(event.1.data, MarketNews::Feed(types::FeedState::Down));
        let ours = event.1.market == MarketId(0);
        street.run(&[event]);
        if is_down && ours {
            assert_eq!(street.resting(), 0, "a quote stands on a stale book");
            pulled += 1;
        }
        both += usize::from(street.resting() == 2);
        assert!(street.resting() <= 2);
        assert!(street.position(0).abs() <= ONE / 2, "beyond the inventory limit");
    }
    assert!(pulled > 0 && both > 100, "pulled {pulled}, both {both}");
    assert!(street.submitted.iter().all(|o| matches!(o.terms, Terms::LimitMaker { .. })));
    assert!(
        street.submitted.iter().any(|o| o.side == Side::Buy)
            && street.submitted.iter().any(|o| o.side == Side::Sell)
    );
}

#[test]
fn a_grid_keeps_one_order_per_edge_and_sells_what_it_bought() {
    let case: Case = ("grid", &[("lower", "90"), ("upper", "110"), ("cells", "40"), ("qty", "0.5")], &[0]);
    let (street, _) = run(case, Vec::new(), &events(2, 400), 100_000);
    let bought = street.submitted.iter().filter(|o| o.side == Side::Buy).count();
    let sold = street.submitted.iter().filter(|o| o.side == Side::Sell).count();
    assert!(bought > 20 && sold > 5, "{bought} bought, {sold} sold");
    assert!(street.resting() <= 80);
    assert!((0..=40 * ONE / 2).contains(&street.position(0)));
}

#[test]
fn what_cannot_be_is_refused_with_what_can() {
    let all = instruments();
    let setting = |at: usize| Setting { instrument: &all[at], interval: Interval::M1 };
    let cases: [(Case, &str); 16] = [
        (("macd", &[("short", "yes")], &[2]), "cannot be sold short"),
        (("macd", &[("fast", "30")], &[0]), "below slow (26)"),
        (("rsi-reversion", &[("low", "60")], &[0]), "below exit (50)"),
        (("donchian", &[("exit", "30")], &[0]), "at most entry (20)"),
        (("grid", &[("lower", "10")], &[0]), "above 0"),
        (("grid", &[("lower", "10"), ("upper", "9")], &[0]), "below upper (9)"),
        (
            ("grid", &[("lower", "10"), ("upper", "10.01"), ("cells", "5")], &[0]),
            "two edges would fall on one tick",
        ),
        (("grid", &[("lower", "10"), ("upper", "20"), ("start", "neutral")], &[2]), "cannot be sold short"),
        (("market-maker", &[("qty", "1")], &[0]), "at least qty (1)"),
        (("pairs", &[], &[0]), "trades 2 instruments"),
        (("basket", &[("weights", "50,60")], &[0, 1]), "at most 100 in all"),
        (("twap", &[("qty", "0.001")], &[0]), "at least 0.01 in steps of 0.01"),
        (("rules", &[("enter", "RSJ(14) < 30")], &[0]), "did you mean RSI?"),
        (("rules", &[("stop-loss", "1"), ("trailing-stop", "1")], &[0]), "one of the two"),
        (("rules", &[("leave", "RSI(14) <")], &[0]), "it ends where a number"),
        (("rules", &[("enter-short", "CLOSE < 1")], &[2]), "cannot be sold short"),
    ];
    for ((name, params, markets), want) in cases {
        let settings: Vec<Setting<'_>> = markets.iter().map(|at| setting(*at)).collect();
        let error = make_for(name, params, &settings).unwrap().err().map(|e| e.to_string());
        assert!(error.as_ref().is_some_and(|e| e.contains(want)), "{name}: {error:?}");
    }
    let twice = [setting(0), setting(0)];
    assert!(make_for("basket", &[], &twice).unwrap().err().unwrap().to_string().contains("given twice"));
}
