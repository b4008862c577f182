/**
 * Where market data comes from: rooms that pages watch, filled by the stream, or by polling while there is no stream.
 *
 * A room is one subject: `market-data` (all tickers), `book:SYM`, `trades:SYM`, `candles:SYM:INT`, and one's own `orders`,
 * `positions`. Each write goes into a channel; nothing here renders.
 */
import { isLoggedIn, loose } from "../api/client";
import { asFailure } from "../api/problem";
import { currentLink, setLink } from "./link";
import { backoff, StreamSession } from "./protocol";
import type { Said } from "./protocol";
import { pollers } from "./poll";

type Sink = (said: Said) => void;

interface Watched {
  count: number;
  sinks: Set<Sink>;
}

/** How often the round trip of the stream is measured, ms. */
const PING_EVERY = 10_000;
/** Attempts at the stream fail this often before polling takes over until it is back. */
const FAILS_BEFORE_POLLING = 2;
/** Nothing heard for so long on the stream means that it is dead, ms: two pings without an answer. */
const SILENCE_MAX = 22_000;

class Feed {
  readonly #watched = new Map<string, Watched>();
  readonly #session = new StreamSession();
  readonly #polls = new Map<string, ReturnType<typeof setTimeout>>();
  #socket: WebSocket | null = null;
  #fails = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #beat: ReturnType<typeof setInterval> | undefined;
  #heard = 0;
  #pings = new Map<number, number>();
  #nextPing = 1;
  #running = false;
  #hasStream = true;

  get gaps(): number {
    return this.#session.gaps;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    addEventListener("online", this.#hurry);
    void this.#connect();
  }

  stop(): void {
    this.#running = false;
    removeEventListener("online", this.#hurry);
    clearTimeout(this.#retry);
    this.#quiet();
    this.#socket?.close(1000);
    this.#socket = null;
    for (const room of [...this.#polls.keys()]) this.#stopPoll(room);
    setLink({ way: "starting", latency: null });
  }

  /** Watches a room until the returned function is called. */
  watch(room: string, sink: Sink): () => void {
    const known = this.#watched.get(room);
    if (known) {
      known.count += 1;
      known.sinks.add(sink);
      // A later watcher needs the snapshot too: ask for the room anew.
      this.#send([...this.#session.unwant(room), ...this.#session.want(room)]);
    } else {
      this.#watched.set(room, { count: 1, sinks: new Set([sink]) });
      this.#send(this.#session.want(room));
    }
    if (!this.#socketOpen()) this.#poll(room);
    return () => {
      const watched = this.#watched.get(room);
      if (!watched) return;
      watched.sinks.delete(sink);
      watched.count -= 1;
      if (watched.count > 0) return;
      this.#watched.delete(room);
      this.#send(this.#session.unwant(room));
      this.#stopPoll(room);
    };
  }

  readonly #hurry = (): void => {
    if (this.#socketOpen() || !this.#running) return;
    clearTimeout(this.#retry);
    void this.#connect();
  };

  #socketOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  #send(messages: readonly string[]): void {
    if (!this.#socketOpen()) return;
    for (const message of messages) this.#socket?.send(message);
  }

  async #connect(): Promise<void> {
    if (!this.#running || !isLoggedIn()) return;
    try {
      const answer = await loose<{ ticket: string }>("POST", "/api/ws/ticket");
      if (!this.#running) return;
      if (answer === null) {
        // A server without the stream: polling is all there is.
        this.#hasStream = false;
        this.#fallBack();
        return;
      }
      this.#open(answer.ticket);
    } catch (error) {
      if (asFailure(error).code === "unreachable") setLink({ way: "lost" });
      this.#again();
    }
  }

  #open(ticket: string): void {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws?ticket=${encodeURIComponent(ticket)}`);
    this.#socket = socket;
    socket.onopen = () => {
      this.#fails = 0;
      this.#heard = performance.now();
      for (const room of [...this.#polls.keys()]) this.#stopPoll(room);
      this.#send(this.#session.opened());
      setLink({ way: "stream" });
      this.#ping();
      clearInterval(this.#beat);
      this.#beat = setInterval(() => this.#pulse(), PING_EVERY);
    };
    socket.onmessage = (event: MessageEvent<string>) => {
      this.#heard = performance.now();
      const outcome = this.#session.received(event.data);
      this.#send(outcome.send);
      for (const said of outcome.said) this.#deliver(said);
      for (const { room } of outcome.refused) this.#poll(room);
      if (outcome.pong !== null) this.#ponged(outcome.pong);
    };
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#session.closed();
      this.#quiet();
      if (this.#running) {
        setLink({ way: "lost" });
        this.#again();
      }
    };
  }

  #again(): void {
    if (!this.#running) return;
    this.#fails += 1;
    if (this.#fails >= FAILS_BEFORE_POLLING) this.#fallBack();
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#connect(), backoff(this.#fails, Math.random()));
  }

  #fallBack(): void {
    if (!this.#hasStream) setLink({ way: "polling" });
    for (const room of this.#watched.keys()) this.#poll(room);
  }

  #pulse(): void {
    if (performance.now() - this.#heard > SILENCE_MAX) this.#socket?.close(4000);
    else this.#ping();
  }

  #ping(): void {
    const id = this.#nextPing++;
    this.#pings.set(id, performance.now());
    this.#send([JSON.stringify({ op: "ping", id })]);
  }

  #ponged(id: number): void {
    const sent = this.#pings.get(id);
    this.#pings.delete(id);
    if (sent !== undefined) setLink({ latency: Math.round(performance.now() - sent) });
  }

  #quiet(): void {
    clearInterval(this.#beat);
    this.#pings.clear();
  }

  #deliver(said: Said): void {
    const watched = this.#watched.get(said.room);
    if (watched) for (const sink of watched.sinks) sink(said);
  }

  #poll(room: string): void {
    const poller = pollers(room);
    if (!poller || this.#polls.has(room)) return;
    const round = async () => {
      const began = performance.now();
      try {
        const body = document.hidden ? null : await poller.read();
        if (!this.#polls.has(room)) return;
        if (body !== null) {
          this.#deliver({ room, kind: "snapshot", body, ts: null });
          const latency = Math.round(performance.now() - began);
          if (!this.#hasStream) setLink({ way: "polling", latency });
        }
      } catch (error) {
        if (asFailure(error).code === "unreachable" && currentLink().way !== "stream") setLink({ way: "lost" });
      }
      if (this.#polls.has(room)) this.#polls.set(room, setTimeout(() => void round(), poller.every));
    };
    this.#polls.set(room, setTimeout(() => void round(), 0));
  }

  #stopPoll(room: string): void {
    clearTimeout(this.#polls.get(room));
    this.#polls.delete(room);
  }
}

export const feed = new Feed();
