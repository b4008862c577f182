/**
 * Market data outside Redux: a channel holds the newest value of one subject, and its listeners are told once per frame however
 * often it changed in between. Values are replaced, never changed in place.
 */

export interface Stamped<T> {
  readonly value: T;
  /** When it was received, ms of `performance.now()`. */
  readonly at: number;
}

type Listener = () => void;

/** Tells at most once per frame. In a hidden tab no frames come: nobody looks. */
export class FrameFlush {
  readonly #dirty = new Set<Channel<unknown>>();
  #asked = false;
  readonly #request: (run: () => void) => void;

  constructor(request: (run: () => void) => void = (run) => requestAnimationFrame(run)) {
    this.#request = request;
  }

  mark(channel: Channel<unknown>): void {
    this.#dirty.add(channel);
    if (this.#asked) return;
    this.#asked = true;
    this.#request(() => this.flush());
  }

  flush(): void {
    this.#asked = false;
    const channels = [...this.#dirty];
    this.#dirty.clear();
    for (const channel of channels) channel.tell();
  }
}

export const frames = new FrameFlush();

export class Channel<T> {
  #held: Stamped<T> | null = null;
  #shown: Stamped<T> | null = null;
  readonly #listeners = new Set<Listener>();
  readonly #flush: FrameFlush;

  constructor(flush: FrameFlush = frames) {
    this.#flush = flush;
  }

  /** The newest value, also between frames. */
  get newest(): Stamped<T> | null {
    return this.#held;
  }

  set(value: T, at: number = performance.now()): void {
    this.#held = { value, at };
    this.#flush.mark(this as Channel<unknown>);
  }

  clear(): void {
    this.#held = null;
    this.#flush.mark(this as Channel<unknown>);
  }

  tell(): void {
    this.#shown = this.#held;
    for (const listener of this.#listeners) listener();
  }

  /** For `useSyncExternalStore`: what was shown in the last frame. */
  readonly shown = (): Stamped<T> | null => this.#shown;

  readonly subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };
}
