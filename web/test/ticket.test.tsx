import { act, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { Provider } from "react-redux";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { ActionsContext } from "../src/app/actions";
import type { Actions } from "../src/app/actions";
import { accountsRead, balancesRead } from "../src/app/desk";
import { granted } from "../src/app/session";
import { desk } from "../src/app/desk";
import { makeStore, withInner } from "../src/app/store";
import { toasts } from "../src/app/toasts";
import { frames } from "../src/market/channel";
import * as D from "../src/market/decimal";
import { bookOf } from "../src/market/hub";
import { setLink } from "../src/market/link";
import { HoldButton } from "../src/parts/HoldButton";
import { after, BLANK, feeRate, plan, share } from "../src/pages/trade/ticket";
import type { Draft, Funds } from "../src/pages/trade/ticket";
import { Ticket } from "../src/pages/trade/Ticket";
import { book, fill, market } from "./samples";

const funds: Funds = { base: D.of("0.3"), quote: D.of("1000") };
const draft = (it: Partial<Draft>): Draft => ({ ...BLANK, ...it });
const codes = (it: Partial<Draft>) => plan(market, draft(it), book, funds).faults.map((fault) => `${fault.field} ${fault.code}`);

describe("a plan", () => {
  test("names what is wrong, at its field", () => {
    expect(codes({})).toEqual(["price missing", "amount missing"]);
    expect(codes({ price: "1.001", amount: "x" })).toEqual(["price step", "amount unreadable"]);
    expect(codes({ price: "0", amount: "0.000001" })).toEqual(["price zero", "amount step"]);
    expect(codes({ price: "99999", amount: "0.00001" })).toEqual(["amount notional"]);
    expect(codes({ price: "99999", amount: "0.02" })).toEqual(["amount funds"]);
    expect(codes({ side: "sell", price: "99999", amount: "0.31" })).toEqual(["amount funds"]);
    expect(codes({ kind: "market", side: "sell", amount: "9001" })).toEqual(["amount max", "amount funds"]);
    expect(codes({ kind: "stop", stop: "90000", amount: "0.001" })).toEqual([]);
  });

  test("makes the order that the server knows", () => {
    const made = (it: Partial<Draft>) => plan(market, draft(it), book, funds).order;
    expect(made({ price: "99000.50", amount: "0.01" })).toEqual({ symbol: "BTCUSDT", side: "buy", order_type: "limit", quantity: "0.01", price: "99000.50", time_in_force: "gtc" });
    expect(made({ price: "99000", amount: "0.01", postOnly: true })).toMatchObject({ order_type: "limit_maker" });
    expect(made({ kind: "market", amount: "0.005" })).toEqual({ symbol: "BTCUSDT", side: "buy", order_type: "market", quantity: "0.005" });
    expect(made({ kind: "stop", stop: "101000", amount: "0.001" })).toMatchObject({ order_type: "stop_loss", stop_price: "101000" });
    expect(made({ kind: "stop", stop: "101000", price: "101010", stopLimit: true, amount: "0.001" })).toMatchObject({ order_type: "stop_loss_limit", price: "101010" });
  });

  test("tells crossing, queue and sweep", () => {
    expect(plan(market, draft({ price: "100001", amount: "0.001" }), book, funds).crosses).toBe(true);
    const rests = plan(market, draft({ price: "99998", amount: "0.001" }), book, funds);
    expect([rests.crosses, rests.ahead && D.short(rests.ahead)]).toEqual([false, "1.5"]);
    const met = plan(market, draft({ kind: "market", amount: "1" }), book, { ...funds, quote: D.of("1000000") }).meets;
    expect(met && D.short(met.average)).toBe("100001.5");
  });

  test("shares stay within what is free and on the lot's grid", () => {
    expect(share(market, draft({ price: "99999" }), book, funds, 100)).toBe("0.01000");
    expect(share(market, draft({ kind: "market" }), book, funds, 50)).toBe("0.00499");
    expect(share(market, draft({ side: "sell" }), book, funds, 25)).toBe("0.07500");
  });

  test("position after: adding averages, reducing keeps, turning starts anew", () => {
    const position = { id: "p", account: "a", symbol: "BTCUSDT", quantity: "2", entry_price: "100", realised_pnl: "0", fees: "0", opened_at: "", updated_at: "" };
    const then = (side: "buy" | "sell", amount: string) => {
      const { quantity, entry } = after(position, side, D.of(amount), D.of("130"));
      return [D.short(quantity), entry && D.short(entry)];
    };
    expect(then("buy", "1")).toEqual(["3", "110"]);
    expect(then("sell", "1")).toEqual(["1", "100"]);
    expect(then("sell", "2")).toEqual(["0", null]);
    expect(then("sell", "3")).toEqual(["-1", "130"]);
  });

  test("the fee is that of the market's newest fill", () => {
    const rate = feeRate(market, [fill]);
    expect(rate && D.short(rate)).toBe("0.001");
    expect(feeRate(market, [{ ...fill, fee_currency: "BNB" }])).toBeNull();
    expect(feeRate(market, [])).toBeNull();
  });
});

const PATIENCE = { timeout: 4_000 };

describe("the ticket", () => {
  const flow = { asset: "USDT", amount: "1", free: "2", free_after: "1" };
  const accepted = { accepted: true, refusal: null, price: "1", quantity: "1", fills_at_once: "0", pays: flow, gets: flow, fee: "0", limits: [] as unknown[] };
  const answer = vi.fn(async () => Response.json(accepted));
  vi.stubGlobal("fetch", answer);
  const outer = makeStore();
  const store = withInner(outer, { desk, toasts });
  const place = vi.fn<Actions["place"]>();
  const none = vi.fn(async () => {});
  const actions: Actions = { haltAll: none, resumeAll: none, cancel: none, place, logout: none, done: vi.fn(), failed: vi.fn(), refresh: vi.fn() };
  const account = { id: "a", name: "main", venue: "local", mode: "builtin", is_default: true, created_at: "" };

  function Held({ start }: { start: Draft }) {
    const [now, setNow] = useState(start);
    return <Ticket market={market} draft={now} change={(part) => setNow((old) => ({ ...old, ...part }))} />;
  }
  const show = (it: Partial<Draft>) =>
    render(
      <Provider store={outer}>
        <ActionsContext.Provider value={actions}>
          <Held start={draft(it)} />
        </ActionsContext.Provider>
      </Provider>,
    );
  const go = () => document.querySelector<HTMLButtonElement>("button.go") as HTMLButtonElement;

  beforeEach(() => {
    place.mockReset();
    store.dispatch(granted({ id: "u", username: "ann", role: "trader", active: true, totp: false, created_at: "" }));
    store.dispatch(accountsRead([account]));
    store.dispatch(balancesRead([{ asset: "USDT", free: "1000", locked: "0", total: "1000" }, { asset: "BTC", free: "0.3", locked: "0", total: "0.3" }]));
    act(() => {
      setLink({ way: "stream" });
      bookOf("BTCUSDT").set(book);
      frames.flush();
    });
  });

  test("sends nothing on Enter in a field, and asks before its button sends", async () => {
    const user = userEvent.setup();
    show({ price: "99000", amount: "0.01" });
    await user.type(screen.getByLabelText("Amount"), "{Enter}");
    expect(screen.queryByRole("button", { name: "Send order" })).toBeNull();
    await user.click(go());
    expect(place).not.toHaveBeenCalled();
    await user.click(await screen.findByRole("button", { name: "Send order", hidden: true }));
    expect(place).toHaveBeenCalledTimes(1);
    expect(place.mock.calls[0]?.[0]).toMatchObject({ side: "buy", order_type: "limit", price: "99000", quantity: "0.01" });
  });

  test("cannot send without a connection, when halted, or for a viewer", () => {
    show({ price: "99000", amount: "0.01" });
    expect(go().disabled).toBe(false);
    act(() => setLink({ way: "lost" }));
    expect(go().disabled).toBe(true);
    screen.getByText("No connection: orders cannot be sent.");
    act(() => setLink({ way: "stream" }));
    act(() => void store.dispatch(accountsRead([{ ...account, halted_at: "2026-11-26T02:00:00Z" }])));
    expect(go().disabled).toBe(true);
    act(() => void store.dispatch(accountsRead([account])));
    expect(go().disabled).toBe(false);
    act(() => void store.dispatch(granted({ id: "u", username: "ann", role: "viewer", active: true, totp: false, created_at: "" })));
    expect(go().disabled).toBe(true);
  });

  test("an old book is no basis for an order", () => {
    show({ price: "99000", amount: "0.01" });
    act(() => {
      bookOf("BTCUSDT").set(book, performance.now() - 60_000);
      frames.flush();
    });
    expect(go().disabled).toBe(true);
    screen.getByText("The book is old: orders wait until it is fresh.");
  });

  test("says what is wrong at the field", () => {
    show({ price: "99000.001", amount: "0.01" });
    const field = screen.getByLabelText("Price");
    expect(field.getAttribute("aria-invalid")).toBe("true");
    screen.getByText("Goes in steps of 0.01.");
  });

  test("says what each limit has left, and is not sent when the server would refuse it", async () => {
    answer.mockImplementation(async () => Response.json({ ...accepted, limits: [{ name: "exposure", symbol: null, used: "1000", after: "4000", max: "5000", unit: "USDT" }] }));
    const { unmount } = show({ amount: "0.01", price: "99000" });
    await screen.findByText("Within every limit.", undefined, PATIENCE);
    expect(screen.getByText("20% → 80%")).toBeTruthy();
    expect(go().disabled).toBe(false);
    unmount();
    answer.mockImplementation(async () => Response.json({ ...accepted, accepted: false, refusal: { code: "limit", detail: "above the order's value" } }));
    show({ amount: "0.005", price: "99000" });
    await screen.findByText("above the order's value", undefined, PATIENCE);
    expect(go().disabled).toBe(true);
  });
});

describe("a button that is held", () => {
  test("acts after a second and not before", () => {
    vi.useFakeTimers();
    const held = vi.fn();
    render(<HoldButton onHeld={held} hint="hold">Halt all</HoldButton>);
    const button = screen.getByRole("button");
    fireEvent.click(button);
    fireEvent.pointerDown(button, { button: 0 });
    vi.advanceTimersByTime(900);
    fireEvent.pointerUp(button);
    vi.advanceTimersByTime(900);
    expect(held).not.toHaveBeenCalled();
    fireEvent.keyDown(button, { key: " " });
    fireEvent.keyDown(button, { key: " ", repeat: true });
    vi.advanceTimersByTime(1_000);
    expect(held).toHaveBeenCalledTimes(1);
    vi.useRealTimers();
  });
});
