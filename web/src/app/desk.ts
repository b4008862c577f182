/** What one owns and trades: accounts, balances, orders, positions, fills. Slow state, each part with the time it was read. */
import { createEntityAdapter, createSelector, createSlice } from "@reduxjs/toolkit";
import type { PayloadAction } from "@reduxjs/toolkit";
import type { Schemas } from "../api/client";
import { homeAsset } from "./worth";

export type Account = Schemas["AccountBody"];
export type Balance = Schemas["BalanceBody"];
export type Order = Schemas["Order"];
export type Position = Schemas["Position"];
export type Fill = Schemas["Trade"];
export type Market = Schemas["MarketBody"];

/** Ended orders that are kept for the lists. */
const ORDERS_MAX = 500;

const orders = createEntityAdapter<Order>({
  sortComparer: (a, b) => b.created_at.localeCompare(a.created_at) || b.id.localeCompare(a.id),
});
const positions = createEntityAdapter<Position>({ sortComparer: (a, b) => a.symbol.localeCompare(b.symbol) });
const fills = createEntityAdapter<Fill>({
  sortComparer: (a, b) => b.created_at.localeCompare(a.created_at) || b.id.localeCompare(a.id),
});

export type Part = "markets" | "accounts" | "balances" | "orders" | "positions" | "fills";

export interface Desk {
  markets: Market[];
  accounts: Account[];
  balances: Balance[];
  orders: ReturnType<typeof orders.getInitialState>;
  positions: ReturnType<typeof positions.getInitialState>;
  fills: ReturnType<typeof fills.getInitialState>;
  /** When each part was read last, ms of performance.now(). */
  at: Partial<Record<Part, number>>;
  /** What failed last, by part; absent after a success. */
  failed: Partial<Record<Part, { detail: string; requestId: string | null }>>;
}

function empty(): Desk {
  return {
    markets: [],
    accounts: [],
    balances: [],
    orders: orders.getInitialState(),
    positions: positions.getInitialState(),
    fills: fills.getInitialState(),
    at: {},
    failed: {},
  };
}

function stamp(state: Desk, part: Part): void {
  state.at[part] = performance.now();
  delete state.failed[part];
}

/** An order that is older than what is known says nothing new (a late answer after a later event). */
function newer(state: Desk, order: Order): boolean {
  const known = state.orders.entities[order.id];
  return !known || known.updated_at <= order.updated_at;
}

const slice = createSlice({
  name: "desk",
  initialState: empty,
  reducers: {
    forgotten: () => empty(),
    marketsRead: (state, action: PayloadAction<Market[]>) => {
      state.markets = homeFirst(action.payload);
      stamp(state, "markets");
    },
    accountsRead: (state, action: PayloadAction<Account[]>) => {
      state.accounts = action.payload;
      stamp(state, "accounts");
    },
    balancesRead: (state, action: PayloadAction<Balance[]>) => {
      state.balances = action.payload;
      stamp(state, "balances");
    },
    /** The newest page of orders, live and ended. */
    ordersRead: (state, action: PayloadAction<Order[]>) => {
      orders.upsertMany(state.orders, action.payload.filter((order) => newer(state, order)));
      for (const id of state.orders.ids.slice(ORDERS_MAX)) {
        if (!state.orders.entities[id]?.live) orders.removeOne(state.orders, id);
      }
      stamp(state, "orders");
    },
    /** All live orders: one that we thought live and is not among them has ended. */
    liveOrdersRead: (state, action: PayloadAction<Order[]>) => {
      const live = new Set(action.payload.map((order) => order.id));
      const gone = state.orders.ids.filter((id) => state.orders.entities[id]?.live && !live.has(id));
      orders.removeMany(state.orders, gone);
      orders.upsertMany(state.orders, action.payload);
      stamp(state, "orders");
    },
    orderChanged: (state, action: PayloadAction<Order>) => {
      if (newer(state, action.payload)) orders.upsertOne(state.orders, action.payload);
      stamp(state, "orders");
    },
    positionsRead: (state, action: PayloadAction<Position[]>) => {
      positions.setAll(state.positions, action.payload.filter(isOpen));
      stamp(state, "positions");
    },
    positionChanged: (state, action: PayloadAction<Position>) => {
      if (isOpen(action.payload)) positions.upsertOne(state.positions, action.payload);
      else positions.removeOne(state.positions, action.payload.id);
      stamp(state, "positions");
    },
    fillsRead: (state, action: PayloadAction<Fill[]>) => {
      fills.setAll(state.fills, action.payload);
      stamp(state, "fills");
    },
    partFailed: (state, action: PayloadAction<{ part: Part; detail: string; requestId: string | null }>) => {
      const { part, detail, requestId } = action.payload;
      state.failed[part] = { detail, requestId };
    },
  },
});

/** Markets of the commonest quote first, then the others, each by name. */
function homeFirst(markets: Market[]): Market[] {
  const home = homeAsset(markets);
  return [...markets].sort((a, b) => Number(b.quote === home) - Number(a.quote === home) || a.symbol.localeCompare(b.symbol));
}

function isOpen(position: Position): boolean {
  return /[1-9]/.test(position.quantity);
}

export const {
  forgotten,
  marketsRead,
  accountsRead,
  balancesRead,
  ordersRead,
  liveOrdersRead,
  orderChanged,
  positionsRead,
  positionChanged,
  fillsRead,
  partFailed,
} = slice.actions;
export const desk = slice.reducer;

type Root = { desk: Desk };
const allOrders = orders.getSelectors((state: Root) => state.desk.orders);

export const selectOrders = allOrders.selectAll;
export const selectLive = createSelector([allOrders.selectAll], (all) => all.filter((order) => order.live));
export const selectPositions = positions.getSelectors((state: Root) => state.desk.positions).selectAll;
export const selectFills = fills.getSelectors((state: Root) => state.desk.fills).selectAll;
export const selectMarkets = createSelector(
  [(state: Root) => state.desk.markets],
  (markets) => new Map(markets.map((market) => [market.symbol, market])),
);
export const selectHalted = createSelector([(state: Root) => state.desk.accounts], (accounts) =>
  accounts.filter((account) => account.halted_at != null),
);
