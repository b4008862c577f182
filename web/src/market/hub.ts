/** The channels that pages read: tickers, one book, one tape. Rooms are watched while somebody looks at them. */
import { useCallback, useEffect, useSyncExternalStore } from "react";
import type { Schemas } from "../api/client";
import type { Book } from "./book";
import { Channel, PATIENCE } from "./channel";
import type { Stamped } from "./channel";
import { feed } from "./feed";
import type { Said } from "./protocol";

export type Ticker = Schemas["TickerBody"];

/** A public trade. */
export interface Print {
  readonly id: number;
  readonly price: string;
  readonly quantity: string;
  readonly side: "buy" | "sell";
  readonly t: number;
}

/** Trades that the tape keeps. */
const TAPE_MAX = 100;

export const tickers = new Channel<ReadonlyMap<string, Ticker>>(PATIENCE);
const books = new Map<string, Channel<Book>>();
const tapes = new Map<string, Channel<readonly Print[]>>();

function entry<T>(map: Map<string, Channel<T>>, key: string): Channel<T> {
  let channel = map.get(key);
  if (!channel) {
    channel = new Channel<T>();
    map.set(key, channel);
  }
  return channel;
}

export const bookOf = (symbol: string): Channel<Book> => entry(books, symbol);
export const tapeOf = (symbol: string): Channel<readonly Print[]> => entry(tapes, symbol);

/** Everything forgotten, for a logout: the next user starts with nothing on the screen. */
export function forgetMarkets(): void {
  tickers.clear();
  for (const channel of [...books.values(), ...tapes.values()]) channel.clear();
}

export function takeTickers(said: Said): void {
  const { tickers: list } = said.body as { tickers: Ticker[] };
  const next = new Map(tickers.newest?.value);
  for (const ticker of list) next.set(ticker.symbol, ticker);
  tickers.set(next);
}

export function takeBook(symbol: string, said: Said): void {
  bookOf(symbol).set(said.body as Book);
}

/** Newest first. A trade that came with the snapshot and comes again is one trade. */
export function takePrints(symbol: string, said: Said): void {
  const channel = tapeOf(symbol);
  if (said.kind === "snapshot") {
    const { trades } = said.body as { trades: Print[] };
    channel.set([...trades].reverse().slice(0, TAPE_MAX));
    return;
  }
  const print = said.body as Print;
  const known = channel.newest?.value ?? [];
  if (known[0] && print.id <= known[0].id) return;
  channel.set([print, ...known.slice(0, TAPE_MAX - 1)]);
}

export function useChannel<T>(channel: Channel<T>): Stamped<T> | null {
  return useSyncExternalStore(channel.subscribe, channel.shown);
}

/** The same for what need not follow each change: told at once, then at most every `every` ms, and of the newest at last. */
export function useCalmChannel<T>(channel: Channel<T>, every: number): Stamped<T> | null {
  const subscribe = useCallback(
    (listener: () => void) => {
      let told = -Infinity;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const tell = () => {
        clearTimeout(timer);
        timer = undefined;
        told = performance.now();
        listener();
      };
      // In a channel that moves on, the next change tells it: the frame is there anyway.
      const stop = channel.subscribe(() => {
        const wait = told + every - performance.now();
        if (wait <= 0) tell();
        else timer ??= setTimeout(tell, wait + PATIENCE);
      });
      return () => {
        clearTimeout(timer);
        stop();
      };
    },
    [channel, every],
  );
  return useSyncExternalStore(subscribe, channel.shown);
}

export function useTickers(): ReadonlyMap<string, Ticker> {
  return useChannel(tickers)?.value ?? EMPTY;
}

const EMPTY: ReadonlyMap<string, Ticker> = new Map();

/** Keeps a market's book and tape coming while the page is open. */
export function useMarketFeed(symbol: string): void {
  useEffect(() => {
    const stop = [
      feed.watch(`book:${symbol}`, (said) => takeBook(symbol, said)),
      feed.watch(`trades:${symbol}`, (said) => takePrints(symbol, said)),
    ];
    return () => {
      for (const end of stop) end();
    };
  }, [symbol]);
}
