/** Keeps the desk's slow state fresh: reads it at login, follows the stream's own rooms, and asks again after each change. */
import { api, body } from "../api/client";
import { asFailure } from "../api/problem";
import { feed } from "../market/feed";
import { forgetMarkets, takeTickers } from "../market/hub";
import { currentLink } from "../market/link";
import {
  accountsRead,
  balancesRead,
  fillsRead,
  forgotten,
  liveOrdersRead,
  marketsRead,
  orderChanged,
  ordersRead,
  partFailed,
  positionChanged,
  positionsRead,
} from "./desk";
import type { Order, Part, Position } from "./desk";
import type { Store } from "./store";

/** How often balances, fills and positions are read without a reason, ms. */
const EVERY = 5_000;
/** Fills that the lists show at once. */
const FILLS = 200;

export class Sync {
  readonly #store: Store;
  #stops: (() => void)[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #soon: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    const dispatch = this.#store.dispatch;
    feed.start();
    this.#stops = [
      feed.watch("market-data", takeTickers),
      feed.watch("orders", (said) => {
        if (said.kind === "snapshot") dispatch(liveOrdersRead((said.body as { orders: Order[] }).orders));
        else {
          dispatch(orderChanged(said.body as Order));
          this.soon();
        }
      }),
      feed.watch("positions", (said) => {
        if (said.kind === "snapshot") dispatch(positionsRead((said.body as { positions: Position[] }).positions));
        else dispatch(positionChanged(said.body as Position));
      }),
    ];
    void this.everything();
    this.#timer = setInterval(() => {
      if (!document.hidden && currentLink().way !== "lost") void this.slow();
    }, EVERY);
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    this.#timer = undefined;
    for (const stop of this.#stops) stop();
    this.#stops = [];
    feed.stop();
    forgetMarkets();
    this.#store.dispatch(forgotten());
  }

  async everything(): Promise<void> {
    await Promise.all([this.markets(), this.accounts(), this.orders(), this.slow()]);
  }

  /** After a change: what it touched is read in a moment, once for many changes. */
  soon(): void {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => void Promise.all([this.slow(), this.orders()]), 150);
  }

  async slow(): Promise<void> {
    await Promise.all([
      this.#read("balances", async () => balancesRead(await body(api.GET("/api/balances")))),
      this.#read("fills", async () => fillsRead(await body(api.GET("/api/trades", { params: { query: { limit: FILLS } } })))),
      this.#read("positions", async () => positionsRead(await body(api.GET("/api/positions")))),
      this.accounts(),
    ]);
  }

  async markets(): Promise<void> {
    await this.#read("markets", async () => marketsRead(await body(api.GET("/api/markets"))));
  }

  async accounts(): Promise<void> {
    await this.#read("accounts", async () => accountsRead(await body(api.GET("/api/accounts"))));
  }

  async orders(): Promise<void> {
    await this.#read("orders", async () => ordersRead(await body(api.GET("/api/orders", { params: { query: { limit: FILLS } } }))));
  }

  async #read(part: Part, read: () => Promise<Parameters<Store["dispatch"]>[0]>): Promise<void> {
    try {
      const action = await read();
      if (this.#store.getState().session.phase === "in") this.#store.dispatch(action);
    } catch (error) {
      const failure = asFailure(error);
      if (failure.status === 401) return;
      this.#store.dispatch(partFailed({ part, detail: failure.detail, requestId: failure.requestId }));
    }
  }
}
