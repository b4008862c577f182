// A small client of Tradewind's live stream (docs/stream.md), for browsers and Node, without dependencies.
//
//   const stream = new Stream({ url: 'http://127.0.0.1:8080', ticket: ticketFrom('http://127.0.0.1:8080', () => token) });
//   stream.subscribe('ticker:BTCUSDT', (update) => console.log(update.kind, update.data));
//
// It connects again by itself when it is cut off, and says per room where it was: what was missed follows as events, or the room begins
// anew with a snapshot. A room's data is never older than what came before it.

/** Something that was said about a room. */
export type Update =
  /** Forget the room's state and begin with this. */
  | { kind: 'snapshot'; room: string; offset: number; data: unknown }
  /** What happened next. */
  | { kind: 'event'; room: string; offset: number; ts: number; data: unknown }
  /** The room is not followed; `code` is stable, like `unknown_room`. */
  | { kind: 'error'; room: string; code: string; detail: string };

export type Listener = (update: Update) => void;

/** What a WebSocket must be able to do: a browser's, or the npm package `ws`. */
export interface Socket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(): void;
}

export interface Options {
  /** The platform's address, like `http://127.0.0.1:8080`. */
  url: string;
  /** Gives a fresh ticket for every connection. */
  ticket: () => Promise<string>;
  /** Makes a socket; the global `WebSocket` when absent. */
  socket?: (address: string) => Socket;
  /** Told when a connection is made or lost. */
  onstate?: (state: 'connecting' | 'open' | 'closed') => void;
}

interface Room {
  listener: Listener;
  epoch: string | null;
  offset: number;
}

interface EventMessage {
  room: string;
  offset: number;
  ts: number;
  data: unknown;
}

type Message =
  | { type: 'hello' }
  | ({ type: 'event' } & EventMessage)
  | { type: 'batch'; events: EventMessage[] }
  | { type: 'subscribed'; room: string; epoch: string; offset: number; recovered: boolean; snapshot: unknown }
  | { type: 'unsubscribed'; room: string }
  | { type: 'pong' }
  | { type: 'error'; code: string; detail: string; room?: string };

/** Pauses between tries, ms: the first, and the longest. */
const PAUSE_MIN = 500;
const PAUSE_MAX = 30_000;
/** Nothing was said for so long: the connection is asked whether it lives, ms. */
const SILENCE_MAX = 30_000;

/** Gets tickets with an access token. */
export function ticketFrom(url: string, token: () => string | Promise<string>): () => Promise<string> {
  return async () => {
    const headers = { Authorization: `Bearer ${await token()}` };
    const answer = await fetch(`${url}/api/ws/ticket`, { method: 'POST', headers });
    if (!answer.ok) throw new Error(`no ticket: status ${String(answer.status)}`);
    const body = (await answer.json()) as { ticket: string };
    return body.ticket;
  };
}

/** One connection that is made again whenever it breaks. */
export class Stream {
  private readonly options: Options;
  private readonly rooms = new Map<string, Room>();
  private socket: Socket | null = null;
  private isOpen = false;
  private isClosed = false;
  private pause = PAUSE_MIN;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private watch: ReturnType<typeof setInterval> | null = null;
  private heard = 0;
  private pings = 0;
  /** How often a connection was made. */
  connections = 0;

  constructor(options: Options) {
    this.options = options;
    void this.connect();
  }

  /** Follows a room, named as the server names it (`ticker:BTCUSDT`). Gives what ends it. */
  subscribe(room: string, listener: Listener): () => void {
    this.rooms.set(room, { listener, epoch: null, offset: 0 });
    if (this.isOpen) this.say({ op: 'subscribe', rooms: [room] });
    return () => {
      if (this.rooms.delete(room) && this.isOpen) this.say({ op: 'unsubscribe', rooms: [room] });
    };
  }

  /** Says goodbye; nothing comes any more. */
  close(): void {
    this.isClosed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.lose();
  }

  /** Cuts the connection, as a bad network would; it comes back by itself. */
  drop(): void {
    this.lose();
    this.again();
  }

  private say(message: unknown): void {
    this.socket?.send(JSON.stringify(message));
  }

  private lose(): void {
    const socket = this.socket;
    this.socket = null;
    this.isOpen = false;
    if (this.watch !== null) clearInterval(this.watch);
    this.watch = null;
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      // An error after the end is nobody's concern, but some libraries throw it where nobody listens.
      socket.onerror = () => undefined;
      socket.close();
      this.options.onstate?.('closed');
    }
  }

  private again(): void {
    if (this.isClosed || this.timer !== null) return;
    // Not all at the same moment, when many were cut off together.
    const pause = this.pause * (0.5 + Math.random() / 2);
    this.pause = Math.min(this.pause * 2, PAUSE_MAX);
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.connect();
    }, pause);
  }

  private async connect(): Promise<void> {
    this.options.onstate?.('connecting');
    let ticket: string;
    try {
      ticket = await this.options.ticket();
    } catch {
      this.again();
      return;
    }
    if (this.isClosed) return;
    const address = `${this.options.url.replace(/^http/, 'ws')}/ws?ticket=${ticket}`;
    const socket = this.options.socket?.(address) ?? (new WebSocket(address) as unknown as Socket);
    this.socket = socket;
    socket.onopen = () => {
      this.opened();
    };
    socket.onmessage = (event) => {
      this.heard = Date.now();
      this.hear(JSON.parse(String(event.data)) as Message);
    };
    const lost = (): void => {
      if (this.socket !== socket) return;
      this.lose();
      this.again();
    };
    socket.onclose = lost;
    socket.onerror = lost;
  }

  private opened(): void {
    this.isOpen = true;
    this.connections += 1;
    this.pause = PAUSE_MIN;
    this.heard = Date.now();
    this.options.onstate?.('open');
    const since: Record<string, { epoch: string; offset: number }> = {};
    for (const [name, room] of this.rooms) {
      if (room.epoch !== null) since[name] = { epoch: room.epoch, offset: room.offset };
    }
    if (this.rooms.size > 0) this.say({ op: 'subscribe', rooms: [...this.rooms.keys()], since });
    this.watch = setInterval(() => {
      const silent = Date.now() - this.heard;
      if (silent > 2 * SILENCE_MAX) this.drop();
      else if (silent > SILENCE_MAX) this.say({ op: 'ping', id: ++this.pings });
    }, SILENCE_MAX / 2);
  }

  private hear(message: Message): void {
    switch (message.type) {
      case 'event':
        this.event(message);
        break;
      case 'batch':
        for (const event of message.events) this.event(event);
        break;
      case 'subscribed': {
        const room = this.rooms.get(message.room);
        if (room === undefined || message.recovered) break;
        room.epoch = message.epoch;
        room.offset = message.offset;
        room.listener({ kind: 'snapshot', room: message.room, offset: message.offset, data: message.snapshot });
        break;
      }
      case 'error': {
        const name = message.room ?? '';
        const room = this.rooms.get(name);
        this.rooms.delete(name);
        room?.listener({ kind: 'error', room: name, code: message.code, detail: message.detail });
        break;
      }
      // What a client does not know it ignores.
      default:
        break;
    }
  }

  private event(event: EventMessage): void {
    const room = this.rooms.get(event.room);
    if (room === undefined || event.offset <= room.offset) return;
    room.offset = event.offset;
    room.listener({ kind: 'event', room: event.room, offset: event.offset, ts: event.ts, data: event.data });
  }
}
