import { describe, expect, test } from "vitest";
import { backoff, isConflated, StreamSession } from "../src/market/protocol";

const say = (message: object) => JSON.stringify(message);
const answer = (room: string, offset: number, more: object = {}) => say({ type: "subscribed", room, epoch: "e.1", offset, recovered: false, snapshot: { at: offset }, ...more });
const event = (room: string, offset: number, data: unknown = offset) => ({ type: "event", room, offset, ts: 1, data });
const parsed = (messages: readonly string[]) => messages.map((message) => JSON.parse(message) as unknown);

function subscribed(room: string, offset = 10): StreamSession {
  const session = new StreamSession();
  session.want(room);
  session.opened();
  session.received(answer(room, offset));
  return session;
}

describe("a room that tells every event", () => {
  test("begins with its snapshot and takes events that follow on", () => {
    const session = new StreamSession();
    expect(session.want("trades:BTCUSDT")).toEqual([]);
    expect(parsed(session.opened())).toEqual([{ op: "subscribe", rooms: ["trades:BTCUSDT"] }]);
    expect(session.received(say(event("trades:BTCUSDT", 9))).said).toEqual([]);
    expect(session.received(answer("trades:BTCUSDT", 10)).said).toEqual([{ room: "trades:BTCUSDT", kind: "snapshot", body: { at: 10 }, ts: null }]);
    expect(session.received(say(event("trades:BTCUSDT", 11, "a"))).said.map((said) => said.body)).toEqual(["a"]);
    expect(session.place("trades:BTCUSDT")).toEqual({ epoch: "e.1", offset: 11 });
  });

  test("a gap asks for the room anew and says nothing until its snapshot", () => {
    const session = subscribed("orders");
    const outcome = session.received(say({ type: "batch", events: [event("orders", 11), event("orders", 13), event("orders", 14)] }));
    expect(outcome.said.map((said) => said.body)).toEqual([11]);
    expect(parsed(outcome.send)).toEqual([
      { op: "unsubscribe", rooms: ["orders"] },
      { op: "subscribe", rooms: ["orders"] },
    ]);
    expect(session.gaps).toBe(1);
    expect(session.received(say(event("orders", 15))).said).toEqual([]);
    expect(session.received(answer("orders", 20)).said).toHaveLength(1);
    expect(session.received(say(event("orders", 21))).said).toHaveLength(1);
  });

  test("what came twice is one event", () => {
    const session = subscribed("orders");
    session.received(say(event("orders", 11)));
    expect(session.received(say(event("orders", 11))).said).toEqual([]);
    expect(session.received(say(event("orders", 10))).said).toEqual([]);
    expect(session.gaps).toBe(0);
  });
});

describe("after a cut", () => {
  test("a reconnect says where it was and goes on without a snapshot", () => {
    const session = subscribed("orders");
    session.received(say(event("orders", 11)));
    session.closed();
    expect(parsed(session.opened())).toEqual([{ op: "subscribe", rooms: ["orders"], since: { orders: { epoch: "e.1", offset: 11 } } }]);
    const back = session.received(say({ type: "subscribed", room: "orders", epoch: "e.1", offset: 13, recovered: true, snapshot: null }));
    expect(back.said).toEqual([]);
    expect(session.received(say({ type: "batch", events: [event("orders", 12), event("orders", 13)] })).said.map((said) => said.body)).toEqual([12, 13]);
    expect(session.gaps).toBe(0);
  });

  test("a server that started anew gives a snapshot of its own epoch", () => {
    const session = subscribed("orders", 500);
    session.closed();
    session.opened();
    const outcome = session.received(answer("orders", 3, { epoch: "f.1" }));
    expect(outcome.said).toHaveLength(1);
    expect(session.place("orders")).toEqual({ epoch: "f.1", offset: 3 });
    expect(session.received(say(event("orders", 4))).said).toHaveLength(1);
  });

  test("events of the old connection's room are not taken before the answer", () => {
    const session = subscribed("orders");
    session.closed();
    session.opened();
    expect(session.received(say(event("orders", 11))).said).toEqual([]);
  });
});

test("a conflated room may jump forwards, never back", () => {
  expect(["market-data", "ticker:A", "book:A", "candles:A:1m", "bots", "jobs"].every(isConflated)).toBe(true);
  expect(["trades:A", "orders", "positions", "alerts"].some(isConflated)).toBe(false);
  const session = subscribed("book:BTCUSDT");
  expect(session.received(say(event("book:BTCUSDT", 40))).said).toHaveLength(1);
  expect(session.received(say(event("book:BTCUSDT", 39))).said).toEqual([]);
  expect(session.gaps).toBe(0);
});

test("rooms that nobody wants are forgotten; unknown messages change nothing", () => {
  const session = subscribed("orders");
  expect(parsed(session.unwant("orders"))).toEqual([{ op: "unsubscribe", rooms: ["orders"] }]);
  expect(session.received(say(event("orders", 11))).said).toEqual([]);
  for (const text of ["", "{", "[]", "null", say({ type: "later" }), say({ type: "unsubscribed", room: "orders" })]) {
    expect(session.received(text)).toEqual({ said: [], send: [], refused: [], pong: null });
  }
  expect(session.received(say({ type: "error", code: "unknown_room", detail: "x", room: "bots" })).refused).toEqual([{ room: "bots", code: "unknown_room" }]);
  expect(session.received(say({ type: "pong", id: 7 })).pong).toBe(7);
});

test("attempts come slower and slower, spread by a third", () => {
  expect([0, 1, 2, 5, 50].map((n) => backoff(n, 0))).toEqual([250, 500, 1_000, 8_000, 8_000]);
  expect(backoff(50, 1)).toBe(5_333);
});
