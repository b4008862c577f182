/**
 * The live stream's protocol (docs/stream.md) without a socket: what to send, what a message means, where something is missing.
 *
 * Each room has a place (epoch, offset). A reconnect asks to go on from there; the server answers that nothing is lost, or gives
 * a snapshot. A room that tells every event must not jump: a jump is a gap, the room is asked for anew and says nothing until its
 * snapshot comes. A conflated room may jump forwards; what is not newer is dropped.
 */

export interface Place {
  readonly epoch: string;
  readonly offset: number;
}

interface Room {
  place: Place | null;
  /** Subscribed in this connection: events count only between an answer and the next request. */
  open: boolean;
}

export interface Said {
  readonly room: string;
  readonly kind: "snapshot" | "event";
  readonly body: unknown;
  /** When the server sent it off, ms since 1970; null for a snapshot. */
  readonly ts: number | null;
}

export interface Outcome {
  readonly said: readonly Said[];
  /** Messages to send now. */
  readonly send: readonly string[];
  /** Rooms that this server does not have, with the reason. */
  readonly refused: readonly { readonly room: string; readonly code: string }[];
  /** The id of a ping that came back. */
  readonly pong: number | null;
}

const NOTHING: Outcome = { said: [], send: [], refused: [], pong: null };
/** Most rooms in one request: far below what the server takes (64 KiB). */
const ROOMS_PER_REQUEST = 50;

const CONFLATED = ["market-data", "ticker:", "book:", "candles:", "bots", "jobs"];

/** Whether a room tells only the newest state. */
export function isConflated(room: string): boolean {
  return CONFLATED.some((head) => room.startsWith(head));
}

interface Message {
  type?: string;
  room?: string;
  epoch?: string;
  offset?: number;
  recovered?: boolean;
  snapshot?: unknown;
  data?: unknown;
  ts?: number;
  events?: Message[];
  code?: string;
  id?: number;
}

export class StreamSession {
  readonly #rooms = new Map<string, Room>();
  #connected = false;
  /** Gaps found so far: shown in the connection's details and asserted in tests. */
  gaps = 0;

  get rooms(): string[] {
    return [...this.#rooms.keys()];
  }

  place(room: string): Place | null {
    return this.#rooms.get(room)?.place ?? null;
  }

  want(room: string): string[] {
    if (this.#rooms.has(room)) return [];
    this.#rooms.set(room, { place: null, open: false });
    return this.#connected ? [request([room], {})] : [];
  }

  unwant(room: string): string[] {
    if (!this.#rooms.delete(room)) return [];
    return this.#connected ? [JSON.stringify({ op: "unsubscribe", rooms: [room] })] : [];
  }

  /** The connection stands: everything wanted is asked for from where we were. */
  opened(): string[] {
    this.#connected = true;
    const messages: string[] = [];
    const names = this.rooms;
    for (let from = 0; from < names.length; from += ROOMS_PER_REQUEST) {
      const part = names.slice(from, from + ROOMS_PER_REQUEST);
      const since: Record<string, Place> = {};
      for (const name of part) {
        const room = this.#rooms.get(name);
        if (!room) continue;
        room.open = false;
        if (room.place) since[name] = room.place;
      }
      messages.push(request(part, since));
    }
    return messages;
  }

  closed(): void {
    this.#connected = false;
    for (const room of this.#rooms.values()) room.open = false;
  }

  received(text: string): Outcome {
    const message = read(text);
    switch (message.type) {
      case "subscribed":
        return this.#subscribed(message);
      case "event":
        return this.#events([message]);
      case "batch":
        return this.#events(message.events ?? []);
      case "error":
        return message.room && message.code
          ? { ...NOTHING, refused: [{ room: message.room, code: message.code }] }
          : NOTHING;
      case "pong":
        return { ...NOTHING, pong: message.id ?? null };
      default:
        return NOTHING;
    }
  }

  #subscribed(message: Message): Outcome {
    const room = message.room === undefined ? undefined : this.#rooms.get(message.room);
    if (!room || message.room === undefined || message.epoch === undefined || message.offset === undefined) {
      return NOTHING;
    }
    room.open = true;
    if (message.recovered) {
      // The missed events follow and count on from our own place.
      const offset = room.place?.offset ?? message.offset;
      room.place = { epoch: message.epoch, offset };
      return NOTHING;
    }
    room.place = { epoch: message.epoch, offset: message.offset };
    return { ...NOTHING, said: [{ room: message.room, kind: "snapshot", body: message.snapshot, ts: null }] };
  }

  #events(events: readonly Message[]): Outcome {
    const said: Said[] = [];
    const send: string[] = [];
    for (const event of events) {
      const room = event.room === undefined ? undefined : this.#rooms.get(event.room);
      if (!room?.open || !room.place || event.room === undefined || event.offset === undefined) continue;
      if (event.offset <= room.place.offset) continue;
      if (event.offset !== room.place.offset + 1 && !isConflated(event.room)) {
        this.gaps += 1;
        room.place = null;
        room.open = false;
        send.push(JSON.stringify({ op: "unsubscribe", rooms: [event.room] }), request([event.room], {}));
        continue;
      }
      room.place = { epoch: room.place.epoch, offset: event.offset };
      said.push({ room: event.room, kind: "event", body: event.data, ts: event.ts ?? null });
    }
    return { ...NOTHING, said, send };
  }
}

/** A message of ours has a type; anything else says nothing. */
function read(text: string): Message {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === "object" && message !== null ? message : {};
  } catch {
    return {};
  }
}

function request(rooms: string[], since: Record<string, Place>): string {
  const known = Object.keys(since).length > 0;
  return JSON.stringify(known ? { op: "subscribe", rooms, since } : { op: "subscribe", rooms });
}

/** Waiting time before the n-th attempt (from 0): 0.25 s doubling up to 8 s, less up to a third so that clients spread. */
export function backoff(attempt: number, random: number): number {
  const full = Math.min(8_000, 250 * 2 ** Math.min(attempt, 10));
  return Math.round(full * (1 - random / 3));
}
