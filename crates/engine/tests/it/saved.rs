//! Saving and restoring a shard at any moment changes nothing about what follows (invariants H6, B6, D2).

use engine::{
    AddBotError, BotModel, BotSpec, Control, Engine, Input, LoadError, Output, get_input, put_input,
};
use forecast::market::Trained;
use orders::BotId;
use risk::Limits;
use strategy::{Words, put_model};
use types::wire::{Reader, Writer};
use types::{
    AccountId, AssetId, ClientOrderId, Interval, MarketEvent, MarketId, MarketNews, Money, Outcome, Price,
    Qty, Report, Stamped, Time, TradeId, VenueFill,
};

use crate::bots::liquidation;
use crate::desk::{BOT, ONE, bar, perpetual};

fn spec() -> BotSpec {
    let params = [("fast", "2"), ("slow", "4"), ("qty", "1"), ("short", "yes")];
    BotSpec {
        id: BOT,
        name: "turtle".to_owned(),
        account: AccountId(1),
        strategy: "ema-cross".to_owned(),
        params: params.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec(),
        markets: vec![(MarketId(0), Interval::M1)],
        funds: vec![(AssetId(1), Money(100_000 * i128::from(ONE)))],
        quote: AssetId(1),
        limits: Limits {
            order_rate_max: Some(50),
            order_rate_window_ns: 3_600_000_000_000,
            drawdown_max_bips: Some(9_000),
            position_max: Some(Qty(3 * ONE)),
            ..Limits::default()
        },
        model: None,
        bracket: None,
    }
}

/// A bot that decides by a trained model: a straight line.
fn modelled() -> BotSpec {
    let mut bytes = Vec::new();
    put_model(&mut Writer(&mut bytes), &Trained::Drift).unwrap();
    let params = [("window", "20"), ("horizon", "3"), ("cost-bps", "1"), ("certainty", "0")];
    BotSpec {
        strategy: "forecast".to_owned(),
        params: params.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec(),
        model: Some(BotModel { label: "line@3#abc".to_owned(), bytes }),
        ..spec()
    }
}

/// A session's inputs, answers of the venue included: every third order is filled in two parts, one stays unknown for a while.
fn session() -> Vec<Stamped<Input>> {
    let (mut engine, mut log, mut out) = (Engine::new(7), Vec::new(), Vec::new());
    let mut push = |at: i64, input: Input, out: &mut Vec<Output>, log: &mut Vec<Stamped<Input>>| {
        let stamped = Stamped { at: Time(at), seq: log.len() as u64 + 1, input };
        out.clear();
        engine.step(&stamped, out);
        log.push(stamped);
    };
    let controls =
        [Control::Instrument(Box::new(perpetual())), Control::Create(Box::new(spec())), Control::Start(BOT)];
    for control in controls {
        push(0, Input::Control(control), &mut out, &mut log);
    }
    let mut trades = 0;
    for n in 0..120_i64 {
        let at = n * 60_000_000_000;
        let close = (100 + (n * n / 7) % 13) * ONE;
        let data = MarketNews::Bar(bar(Time(at), close));
        push(at, Input::Market(MarketEvent { market: MarketId(0), data }), &mut out, &mut log);
        let submitted: Vec<_> = out
            .iter()
            .filter_map(|output| match output {
                Output::Submit(approved) => Some(*approved.order()),
                _ => None,
            })
            .collect();
        for order in submitted {
            let qty = order.terms.qty().unwrap();
            let mut outcomes = vec![Outcome::Accepted { venue_id: u64::try_from(n).unwrap() }];
            if n % 3 == 0 {
                outcomes.insert(0, Outcome::Unknown);
            }
            for part in [qty.0 / 4, qty.0 - qty.0 / 4] {
                trades += 1;
                outcomes.push(Outcome::Fill(VenueFill {
                    trade: TradeId(trades),
                    price: Price(close),
                    qty: Qty(part),
                    quote: Money(i128::from(close) * i128::from(part) / i128::from(ONE)),
                    fee: Money(1_000),
                    fee_asset: AssetId(1),
                    is_maker: false,
                }));
            }
            for outcome in outcomes {
                let report = Report { market: MarketId(0), client_id: order.client_id, outcome };
                push(at, Input::Execution(report), &mut out, &mut log);
            }
        }
    }
    push(i64::MAX, Input::Control(Control::Exit(BOT)), &mut out, &mut log);
    log
}

fn run(engine: &mut Engine, inputs: &[Stamped<Input>]) -> Vec<Output> {
    let mut all = Vec::new();
    for input in inputs {
        let mut out = Vec::new();
        engine.step(input, &mut out);
        all.append(&mut out);
    }
    all
}

#[test]
fn h6_run_n_save_load_run_m_is_run_n_plus_m_at_every_n() {
    let (session, mut words) = (session(), Words::default());
    let mut whole = Engine::new(7);
    let expected = run(&mut whole, &session);
    assert!(expected.iter().filter(|o| matches!(o, Output::Submit(_))).count() > 10);
    for n in 0..session.len() {
        let mut first = Engine::new(7);
        let mut outputs = run(&mut first, &session[..n]);
        let mut bytes = Vec::new();
        first.save(&mut bytes).unwrap();
        let mut second = Engine::new(0);
        second.load(&bytes, &mut words).unwrap();
        assert_eq!(second.state_hash(), first.state_hash());
        outputs.extend(run(&mut second, &session[n..]));
        assert_eq!(outputs, expected, "saved after {n}");
        assert_eq!(second.digest(), whole.digest());
        assert_eq!(second.state_hash(), whole.state_hash(), "saved after {n}");
        assert!(second.why(BOT).eq(whole.why(BOT)));
        assert_eq!(second.equity(BOT), whole.equity(BOT));
    }
}

#[test]
fn h6_the_state_hash_tells_states_apart() {
    let session = session();
    let (mut one, mut two) = (Engine::new(7), Engine::new(7));
    run(&mut one, &session[..session.len() - 1]);
    run(&mut two, &session[..session.len() - 2]);
    assert_ne!(one.state_hash(), two.state_hash());
}

#[test]
fn every_input_is_read_back_from_its_bytes() {
    let id = ClientOrderId::new("t-1").unwrap();
    let data = MarketNews::Bar(bar(Time(0), ONE));
    let event = MarketEvent { market: MarketId(0), data };
    let controls = [
        Control::Start(BOT),
        Control::Pause(BOT),
        Control::Stop(BOT),
        Control::Exit(BOT),
        Control::Signal { bot: BOT, text: "buy é".to_owned() },
        Control::Cancel(id),
        Control::Halt { account: AccountId(1), flatten: true },
        Control::Resume(AccountId(2)),
        Control::Instrument(Box::new(perpetual())),
        Control::Create(Box::new(spec())),
        Control::Create(Box::new(modelled())),
    ];
    let report = Report { market: MarketId(0), client_id: id, outcome: Outcome::Unknown };
    let others = [
        Input::Market(event.clone()),
        Input::Execution(report),
        Input::Timer { bot: BOT, id: 7 },
        Input::WarmUp { bot: BotId(2), event },
        Input::External { account: AccountId(1), market: MarketId(0), client_id: id },
        Input::Liquidation(liquidation(ONE)),
    ];
    for input in controls.map(Input::Control).into_iter().chain(others) {
        let mut bytes = Vec::new();
        put_input(&mut Writer(&mut bytes), &input).unwrap();
        let mut r = Reader::new(&bytes);
        assert_eq!(get_input(&mut r).unwrap(), input);
        assert_eq!(r.end(), Ok(()));
        for cut in 0..bytes.len() {
            assert!(get_input(&mut Reader::new(&bytes[..cut])).is_err(), "{input:?} cut at {cut}");
        }
    }
}

#[test]
fn bytes_that_are_no_state_are_refused() {
    let session = session();
    let mut engine = Engine::new(7);
    run(&mut engine, &session);
    let mut bytes = Vec::new();
    engine.save(&mut bytes).unwrap();
    let mut words = Words::default();
    for cut in 0..bytes.len() {
        assert!(Engine::new(7).load(&bytes[..cut], &mut words).is_err(), "cut at {cut}");
    }
    bytes.push(0);
    assert!(Engine::new(7).load(&bytes, &mut words).is_err());
    bytes[0] = 9;
    assert_eq!(Engine::new(7).load(&bytes, &mut words), Err(LoadError::Version(9)));
}

#[test]
fn h6_a_bot_keeps_the_model_it_was_made_with() {
    let inputs: Vec<Stamped<Input>> = session()
        .into_iter()
        .map(|mut stamped| {
            if let Input::Control(Control::Create(spec)) = &mut stamped.input {
                **spec = modelled();
            }
            stamped
        })
        .filter(|stamped| !matches!(stamped.input, Input::Execution(_)))
        .collect();
    let mut whole = Engine::new(7);
    let expected = run(&mut whole, &inputs);
    assert!(expected.iter().any(|o| matches!(o, Output::Submit(_))), "it never traded");
    let why: Vec<&str> = whole.why(BOT).map(|logged| logged.reason.code).collect();
    assert!(why.iter().any(|code| code.starts_with("expects_a_")), "{why:?}");
    for n in [3, 10, 24, 60, inputs.len() - 1] {
        let mut first = Engine::new(7);
        let mut outputs = run(&mut first, &inputs[..n]);
        let mut bytes = Vec::new();
        first.save(&mut bytes).unwrap();
        let mut second = Engine::new(0);
        second.load(&bytes, &mut Words::default()).unwrap();
        let spec = second.bot(BOT).unwrap().spec().unwrap().clone();
        assert_eq!(spec, modelled());
        outputs.extend(run(&mut second, &inputs[n..]));
        assert_eq!((outputs, second.state_hash()), (expected.clone(), whole.state_hash()), "saved after {n}");
    }
}

#[test]
fn a_model_that_nobody_asks_or_that_is_none_makes_no_bot() {
    let mut engine = Engine::new(7);
    engine.add_instrument(perpetual());
    let wrong = BotSpec { model: modelled().model, ..spec() };
    assert!(matches!(engine.create(&wrong), Err(AddBotError::Model(why)) if why.contains("forecast")));
    let mut broken = modelled();
    broken.model = Some(BotModel { label: String::new(), bytes: vec![2, 0] });
    assert!(matches!(engine.create(&broken), Err(AddBotError::Model(_))));
    broken.strategy = "luck".to_owned();
    assert!(matches!(engine.create(&broken), Err(AddBotError::UnknownStrategy(_))));
    assert_eq!(engine.bots().count(), 0);
}
