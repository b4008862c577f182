"""EMA cross (20, 100) on the bars that `bench-backtest write bars.csv` wrote, and a recorded book, in packages from PyPI. CPU seconds.

    python3 -m venv venv && venv/bin/pip install vectorbt "plotly<6" backtesting nautilus_trader hftbacktest
    cargo run --release -- write bars.csv
    venv/bin/python peers.py bars.csv [CAPTURE] [--ours target/release/bench-backtest] [--only NAME]

Averages begin with the first close; long one unit while the fast one is above the slow one, from the 100th bar on; 0.1 % fee. Every
peer runs in a process of its own, whose processor time (all threads, user and system) is what counts, never a progress bar or a wall
clock; loading the bars and importing the package are outside. Each is warmed up on the first 5,000 bars (compilers), then runs five
times over all bars, or as often as a minute of processor time allows, at least twice; the median counts. A peer that is not installed
is left out, visibly. With `--ours` our program measures the same bars and the same capture in the same run, before and after the peers.
"""

import argparse
import gzip
import json
import statistics
import subprocess
import sys
import time

import numpy as np

ROUNDS_MAX, ROUNDS_MIN, BUDGET_S = 5, 2, 60.0
WARM_UP = 5_000


def measure(name, rows, work, unit="bars"):
    times, result = [], None
    while len(times) < ROUNDS_MIN or (len(times) < ROUNDS_MAX and sum(times) < BUDGET_S):
        start = time.process_time()
        result = work()
        times.append(time.process_time() - start)
    took = statistics.median(times)
    rate = f"{rows / took / 1e6:8.3f} M {unit} per CPU s"
    spread = f"{took:.3f} s, {len(times)} rounds of {min(times):.3f} to {max(times):.3f}"
    print(f"{name:<28} {rate} ({spread}; {result})", flush=True)


def load(path):
    table = np.genfromtxt(path, delimiter=",", skip_header=1)
    return table[:, 0].astype(np.int64), *(table[:, n] for n in range(1, 6))


def ema(close, n):
    import pandas as pd

    return pd.Series(close).ewm(span=n, adjust=False).mean().to_numpy()


def scalar(close):
    """A bare loop, compiled by numba: what the signal and the money cost at least."""
    from numba import njit

    @njit
    def loop(close):
        fast = slow = close[0]
        cash, held, orders = 1e6, 0.0, 0
        for n in range(len(close)):
            fast += (close[n] - fast) * (2.0 / 21.0)
            slow += (close[n] - slow) * (2.0 / 101.0)
            want = 1.0 if fast > slow and n >= 99 else 0.0
            if want != held:
                cash -= (want - held) * close[n] + 0.001 * close[n]
                held = want
                orders += 1
        return cash + held * close[-1], orders

    return lambda: loop(close)


def vectorbt(close):
    import vectorbt as vbt

    def work():
        long = (ema(close, 20) > ema(close, 100)) & (np.arange(len(close)) >= 99)
        entries, exits = long & ~np.roll(long, 1), ~long & np.roll(long, 1)
        book = vbt.Portfolio.from_signals(close, entries, exits, size=1, fees=0.001, init_cash=1e6, freq="1min")
        return f"{book.final_value():.2f}, {book.orders.count()} orders"

    return work


def backtesting(times, open_, high, low, close):
    import backtesting.backtesting as internals
    import pandas as pd
    from backtesting import Backtest, Strategy

    # Its progress bar costs time that is not the back-test's.
    internals._tqdm = lambda rows, **_: rows
    frame = pd.DataFrame(
        {"Open": open_, "High": high, "Low": low, "Close": close}, index=pd.to_datetime(times, unit="ms")
    )

    class Cross(Strategy):
        def init(self):
            self.fast = self.I(ema, self.data.Close, 20)
            self.slow = self.I(ema, self.data.Close, 100)

        def next(self):
            if len(self.data) < 100:
                return
            if self.fast[-1] > self.slow[-1]:
                if not self.position:
                    self.buy(size=1)
            elif self.position:
                self.position.close()

    def work():
        result = Backtest(frame, Cross, cash=1e6, commission=0.001, trade_on_close=True).run()
        return f"{result['Equity Final [$]']:.2f}, {result['# Trades']} trades"

    return work


def nautilus(times, open_, high, low, close):
    from decimal import Decimal

    from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
    from nautilus_trader.config import LoggingConfig, StrategyConfig
    from nautilus_trader.indicators import ExponentialMovingAverage
    from nautilus_trader.model.currencies import USDT
    from nautilus_trader.model.data import Bar, BarType
    from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
    from nautilus_trader.model.identifiers import Venue
    from nautilus_trader.model.objects import Money
    from nautilus_trader.persistence.wranglers import BarDataWrangler
    from nautilus_trader.test_kit.providers import TestInstrumentProvider
    from nautilus_trader.trading.strategy import Strategy
    import pandas as pd

    instrument = TestInstrumentProvider.btcusdt_perp_binance()
    kind = BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
    frame = pd.DataFrame(
        {"open": open_, "high": high, "low": low, "close": close, "volume": 10.0},
        index=pd.to_datetime(times, unit="ms", utc=True),
    )
    bars = BarDataWrangler(kind, instrument).process(frame)

    class Cross(Strategy):
        def __init__(self):
            super().__init__(StrategyConfig())
            self.fast, self.slow = ExponentialMovingAverage(20), ExponentialMovingAverage(100)
            self.seen, self.long, self.sent = 0, False, 0

        def on_start(self):
            self.register_indicator_for_bars(kind, self.fast)
            self.register_indicator_for_bars(kind, self.slow)
            self.subscribe_bars(kind)

        def on_bar(self, bar: Bar):
            self.seen += 1
            want = self.fast.value > self.slow.value
            if self.seen < 100 or want == self.long:
                return
            self.long = want
            self.sent += 1
            side = OrderSide.BUY if want else OrderSide.SELL
            self.submit_order(self.order_factory.market(instrument.id, side, instrument.make_qty(Decimal(1))))

    def work():
        engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
        engine.add_venue(
            Venue("BINANCE"), OmsType.NETTING, AccountType.MARGIN, starting_balances=[Money(1_000_000, USDT)]
        )
        engine.add_instrument(instrument)
        engine.add_data(bars)
        strategy = Cross()
        engine.add_strategy(strategy)
        engine.run()
        engine.dispose()
        return f"{strategy.sent} orders"

    return work


def hft(path):
    """The capture's changes of levels through hftbacktest with a bot that keeps a bid and an ask: the work, and how many changes."""
    from hftbacktest import (
        ALL_ASSETS, BUY_EVENT, DEPTH_EVENT, DEPTH_SNAPSHOT_EVENT, EXCH_EVENT, GTX, LIMIT, LOCAL_EVENT, SELL_EVENT,
        TRADE_EVENT, BacktestAsset, HashMapMarketDepthBacktest,
    )
    from hftbacktest.types import event_dtype
    from numba import njit

    rows = []
    with gzip.open(path, "rt") as lines:
        for line in lines:
            at, text = line.split(" ", 1)
            at, message = int(at), json.loads(text)
            message = message.get("data", message)
            if "lastUpdateId" in message:
                sides, kind = (("bids", BUY_EVENT), ("asks", SELL_EVENT)), DEPTH_SNAPSHOT_EVENT
            elif message.get("e") == "depthUpdate":
                sides, kind = (("b", BUY_EVENT), ("a", SELL_EVENT)), DEPTH_EVENT
            elif message.get("e") == "trade":
                side = SELL_EVENT if message["m"] else BUY_EVENT
                flags = TRADE_EVENT | side | EXCH_EVENT | LOCAL_EVENT
                rows.append((flags, at, at, float(message["p"]), float(message["q"]), 0, 0, 0.0))
                continue
            else:
                continue
            for name, side in sides:
                flags = kind | side | EXCH_EVENT | LOCAL_EVENT
                rows.extend((flags, at, at, float(p), float(q), 0, 0, 0.0) for p, q in message[name])
    one = np.array(rows, dtype=event_dtype)
    span = int(one["local_ts"][-1] - one["local_ts"][0]) + 1_000_000_000
    loops = 40
    data = np.concatenate([one] * loops)
    for n in range(loops):
        part = slice(n * len(one), (n + 1) * len(one))
        data["exch_ts"][part] += n * span
        data["local_ts"][part] += n * span
    levels = int(np.count_nonzero((one["ev"] & 0xFF) != TRADE_EVENT)) * loops

    @njit
    def bot(hbt):
        number = 1
        while hbt.elapse(100_000_000) == 0:
            depth = hbt.depth(0)
            bid, ask = depth.best_bid, depth.best_ask
            orders = hbt.orders(0)
            values = orders.values()
            working = 0
            while values.has_next():
                order = values.get()
                working += 1
                if order.cancellable and (order.price < bid * 0.9995 or order.price > ask * 1.0005):
                    hbt.cancel(0, order.order_id, False)
            if working == 0 and ask > bid:
                hbt.submit_buy_order(0, number, round(bid * 0.9998 / 0.01) * 0.01, 0.01, GTX, LIMIT, False)
                hbt.submit_sell_order(0, number + 1, round(ask * 1.0002 / 0.01) * 0.01, 0.01, GTX, LIMIT, False)
                number += 2
            hbt.clear_inactive_orders(ALL_ASSETS)
        return number - 1

    def work():
        asset = (
            BacktestAsset().data([data]).linear_asset(1.0).constant_order_latency(0, 0).risk_adverse_queue_model()
            .no_partial_fill_exchange().trading_value_fee_model(0.001, 0.001).tick_size(0.01).lot_size(0.00001)
        )
        hbt = HashMapMarketDepthBacktest([asset])
        sent = bot(hbt)
        hbt.close()
        return f"{sent} orders"

    return work, levels


BARS = {
    "bare loop (numba)": lambda times, open_, high, low, close: scalar(close),
    "vectorbt": lambda times, open_, high, low, close: vectorbt(close),
    "backtesting.py": backtesting,
    "nautilus_trader": nautilus,
}
BOOK = "hftbacktest, hash map depth"


def peer(name, arguments):
    """Measures one peer in this process."""
    try:
        if name == BOOK:
            work, levels = hft(arguments.capture)
            work()
            return measure(name, levels, work, "level updates")
        bars = load(arguments.bars)[:5]
        BARS[name](*(column[:WARM_UP] for column in bars))()
        measure(name, len(bars[0]), BARS[name](*bars))
    except ImportError as error:
        print(f"{name:<28} SKIPPED, not installed: {error}", flush=True)
    except Exception as error:  # A peer of another version is no reason to lose the others.
        print(f"{name:<28} FAILED: {type(error).__name__}: {error}", flush=True)


def ours(arguments):
    """Our program on as many bars of the same walk, and on the same capture."""
    with open(arguments.bars, encoding="utf-8") as lines:
        count = str(sum(1 for _ in lines) - 1)
    commands = [["bars", count], ["vector", count]]
    if arguments.capture:
        commands.append(["book", arguments.capture, "200"])
    for command in commands:
        subprocess.run([arguments.ours, *command], check=True)


def main():
    parser = argparse.ArgumentParser(description="EMA cross and a recorded book in packages from PyPI, by processor time")
    parser.add_argument("bars", help="CSV that `bench-backtest write` made")
    parser.add_argument("capture", nargs="?", help="recorded Binance stream, for hftbacktest")
    parser.add_argument("--ours", help="our program, to be measured in the same run")
    parser.add_argument("--only", choices=[*BARS, BOOK], help="this peer alone, in this process")
    arguments = parser.parse_args()
    if arguments.only:
        return peer(arguments.only, arguments)
    if arguments.ours:
        ours(arguments)
    for name in [*BARS, BOOK] if arguments.capture else BARS:
        # A process of its own: its threads are counted, and one that dies takes nobody with it.
        done = subprocess.run([sys.executable, __file__, *sys.argv[1:], "--only", name], check=False)
        if done.returncode:
            print(f"{name:<28} FAILED: its process ended with {done.returncode}", flush=True)
    if arguments.ours:
        ours(arguments)


if __name__ == "__main__":
    main()
