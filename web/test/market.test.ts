import { describe, expect, test, vi } from "vitest";
import { ahead, grouped, groupings, ladder, spread, sweep } from "../src/market/book";
import { Bars, bands, ema, rsi } from "../src/market/candles";
import { Channel, FrameFlush, Paced, PATIENCE } from "../src/market/channel";
import * as D from "../src/market/decimal";
import { bookOf, takeBook, takePrints, tapeOf } from "../src/market/hub";
import { StreamSession } from "../src/market/protocol";
import { sparkPath } from "../src/parts/Spark";

const asks = [["100.1", "1"], ["100.2", "2"], ["100.4", "4"]] as const;
const bids = [["99.9", "1"], ["99.8", "2"], ["99.5", "4"]] as const;

describe("the book", () => {
  test("is summed from the best price", () => {
    expect(ladder(asks, 2)).toEqual([
      { price: "100.1", size: "1", total: "1", share: 1 / 3 },
      { price: "100.2", size: "2", total: "3", share: 1 },
    ]);
    expect(D.text(spread({ update: 1, bids, asks }) ?? D.ZERO)).toBe("0.2");
    expect(spread({ update: 1, bids: [], asks })).toBeNull();
  });

  test("groups never look better than what is in them", () => {
    expect(grouped(asks, D.of("0.5"), "asks")).toEqual([["100.5", "7"]]);
    expect(grouped(bids, D.of("0.5"), "bids")).toEqual([["99.5", "7"]]);
    expect(groupings("0.01000000")).toEqual(["0.01", "0.1", "1", "10", "100"]);
  });

  test("tells what a market order would pay, and whether the book holds it", () => {
    const met = sweep(asks, D.of("2"));
    expect(met && D.text(D.round(met.average, 2))).toBe("100.15");
    expect(met?.whole).toBe(true);
    expect(met && D.text(met.worst)).toBe("100.2");
    expect(sweep(asks, D.of("10"))?.whole).toBe(false);
    expect(sweep([], D.of("1"))).toBeNull();
  });

  test("tells what waits ahead of a limit", () => {
    expect(D.text(ahead(bids, D.of("99.8"), "buy"))).toBe("3");
    expect(D.text(ahead(bids, D.of("99.95"), "buy"))).toBe("0");
    expect(D.text(ahead(asks, D.of("100.3"), "sell"))).toBe("3");
  });
});

describe("candles", () => {
  const candle = (t: number, c = "1") => ({ t: t * 1000, o: "1", h: "2", l: "1", c, v: "3" });

  test("are sorted, each open time once, and the newest word wins", () => {
    const bars = new Bars();
    bars.take([candle(60), candle(0), candle(60, "1.5")]);
    expect(bars.all.map((bar) => [bar.time, bar.close])).toEqual([[0, 1], [60, 1.5]]);
    expect(bars.take([candle(60, "1.7"), candle(120)])).toBe(true);
    expect(bars.all).toMatchObject([{ time: 0 }, { time: 60, close: 1.7 }, { time: 120 }]);
    expect(bars.take([candle(0), candle(180)])).toBe(false);
    expect(bars.all).toHaveLength(4);
  });

  test("indicators agree with values worked out by hand", () => {
    const bars = [1, 2, 3, 4, 5].map((close, time) => ({ time, open: close, high: close, low: close, close, volume: 1 }));
    expect(ema(bars, 3).map(({ value }) => value)).toEqual([2, 3, 4]);
    expect(rsi(bars, 3).at(-1)?.value).toBe(100);
    const band = bands(bars, 3)[0];
    expect([band?.middle, band?.upper.toFixed(4)]).toEqual([2, "3.6330"]);
  });
});

describe("channels", () => {
  test("tell once per frame, with the newest value", () => {
    let run = () => {};
    const flush = new FrameFlush((frame) => (run = frame));
    const channel = new Channel<number>(0, flush);
    const heard = vi.fn();
    const stop = channel.subscribe(heard);
    for (let i = 1; i <= 50; i += 1) channel.set(i, i);
    expect(heard).not.toHaveBeenCalled();
    expect(channel.shown()).toBeNull();
    expect(channel.newest?.value).toBe(50);
    run();
    expect(heard).toHaveBeenCalledTimes(1);
    expect(channel.shown()).toEqual({ value: 50, at: 50 });
    stop();
    channel.set(51);
    run();
    expect(heard).toHaveBeenCalledTimes(1);
  });

  test("what is in no hurry comes in another's frame, at the latest after its own time", () => {
    vi.useFakeTimers();
    const asked: (() => void)[] = [];
    const flush = new FrameFlush((frame) => asked.push(frame));
    const [book, tickers] = [new Channel<number>(0, flush), new Channel<number>(PATIENCE, flush)];
    const heard = vi.fn();
    tickers.subscribe(heard);
    book.subscribe(() => {});
    tickers.set(1);
    vi.advanceTimersByTime(PATIENCE - 1);
    expect(asked).toHaveLength(0);
    book.set(1);
    asked.pop()?.();
    expect(heard).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(10 * PATIENCE);
    expect(asked).toHaveLength(0);
    tickers.set(2);
    vi.advanceTimersByTime(PATIENCE);
    expect(asked).toHaveLength(1);
    asked.pop()?.();
    expect([heard.mock.calls.length, tickers.shown()?.value]).toEqual([2, 2]);
    vi.useRealTimers();
  });

  test("without listeners no frame is asked for, and who comes later sees the newest", () => {
    const request = vi.fn();
    const channel = new Channel<number>(0, new FrameFlush(request));
    channel.set(7);
    expect(request).not.toHaveBeenCalled();
    expect(channel.shown()?.value).toBe(7);
  });

  test("a paced job runs just before a frame is asked for, at most once in its time, and never after its end", () => {
    vi.useFakeTimers();
    const asked: string[] = [];
    const flush = new FrameFlush((frame) => (asked.push("frame"), queueMicrotask(frame)));
    const paced = new Paced(() => asked.push("job"), 250, flush);
    paced.ask();
    paced.ask();
    const book = new Channel<number>(0, flush);
    book.subscribe(() => {});
    book.set(1);
    expect(asked).toEqual(["job", "frame"]);
    flush.flush();
    for (let i = 0; i < 10; i += 1) paced.ask();
    vi.advanceTimersByTime(249);
    expect(asked).toEqual(["job", "frame"]);
    vi.advanceTimersByTime(1 + PATIENCE);
    expect(asked).toEqual(["job", "frame", "job", "frame"]);
    flush.flush();
    paced.ask();
    paced.stop();
    vi.advanceTimersByTime(1_000);
    expect(asked.filter((each) => each === "job")).toHaveLength(2);
    vi.useRealTimers();
  });

  test("the tape keeps a hundred trades, newest first, each once", () => {
    const print = (id: number) => ({ id, price: "1", quantity: "1", side: "buy" as const, t: id });
    const all = Array.from({ length: 100 }, (_, i) => print(i + 1));
    takePrints("X", { room: "trades:X", kind: "snapshot", body: { trades: all }, ts: null });
    takePrints("X", { room: "trades:X", kind: "event", body: print(100), ts: 1 });
    takePrints("X", { room: "trades:X", kind: "event", body: print(101), ts: 1 });
    const tape = tapeOf("X").newest?.value ?? [];
    expect([tape.length, tape[0]?.id, tape.at(-1)?.id]).toEqual([100, 101, 2]);
  });

  test("a small line needs two values", () => {
    expect(sparkPath([1])).toBe("");
    expect(sparkPath([1, 2])).toBe("M0.0 20.0L96.0 2.0");
  });
});

test("ten minutes of a busy market leave nothing behind", () => {
  const session = new StreamSession();
  const rooms = ["book:Y", "trades:Y", "candles:Y:1m"];
  for (const room of rooms) session.want(room);
  session.opened();
  const answer = (room: string, snapshot: object) => session.received(JSON.stringify({ type: "subscribed", room, epoch: "e", offset: 0, recovered: false, snapshot }));
  answer("book:Y", { update: 0, bids, asks });
  answer("trades:Y", { trades: [] });
  answer("candles:Y:1m", { candles: [] });
  const bars = new Bars();
  const [seconds, booksPerSecond, tradesPerSecond] = [600, 10, 20];
  let offset = 0;
  const say = (room: string, body: object) => session.received(JSON.stringify({ type: "event", room, offset, ts: 1, data: body })).said;
  for (let i = 0; i < seconds * tradesPerSecond; i += 1) {
    offset += 1;
    for (const said of say("trades:Y", { id: i + 1, price: "1", quantity: "1", side: "buy", t: i })) takePrints("Y", said);
    if (i % (tradesPerSecond / booksPerSecond) === 0) for (const said of say("book:Y", { update: i, bids, asks })) takeBook("Y", said);
    const minute = Math.floor(i / tradesPerSecond / 60);
    for (const said of say("candles:Y:1m", { t: minute * 60_000, o: "1", h: "1", l: "1", c: "1", v: String(i) })) bars.take([said.body as never]);
  }
  expect(session.gaps).toBe(0);
  expect([tapeOf("Y").newest?.value.length, bookOf("Y").newest?.value.update, bars.all.length, session.rooms.length]).toEqual([100, 11_998, 10, 3]);
});
