/**
 * Market data outside Redux: a channel holds the newest value of one subject, and its listeners are told once per frame however
 * often it changed in between. Values are replaced, never changed in place.
 *
 * A frame costs the browser as much as what is written in it. So what need not be seen at once waits a little for a frame that
 * something else asks for: while a book moves ten times a second, all that moves beside it comes in the book's frames.
 */

export interface Stamped<T> {
  readonly value: T;
  /** When it was received, ms of `performance.now()`. */
  readonly at: number;
}

type Listener = () => void;

/** How long what is in no hurry waits for another's frame, ms. */
export const PATIENCE = 150;

/** Tells at most once per frame. In a hidden tab no frames come: nobody looks. */
export class FrameFlush {
  readonly #dirty = new Set<Channel<unknown>>();
  readonly #riders = new Set<Listener>();
  #asked = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #request: (run: () => void) => void;

  constructor(request: (run: () => void) => void = (run) => requestAnimationFrame(run)) {
    this.#request = request;
  }

  /** A channel changed: a frame is asked for now, or within `patience` ms. */
  mark(channel: Channel<unknown>, patience = 0): void {
    this.#dirty.add(channel);
    this.#within(patience);
  }

  /** Runs a job just before the next frame is asked for, so that a frame that the job asks for is the same one. */
  ride(job: Listener): void {
    this.#riders.add(job);
    this.#within(PATIENCE);
  }

  leave(job: Listener): void {
    this.#riders.delete(job);
  }

  flush(): void {
    this.#asked = false;
    const channels = [...this.#dirty];
    this.#dirty.clear();
    for (const channel of channels) channel.tell();
  }

  #within(patience: number): void {
    if (this.#asked) this.#board();
    else if (patience === 0) this.#ask();
    else this.#timer ??= setTimeout(() => this.#ask(), patience);
  }

  #ask(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asked = true;
    this.#board();
    this.#request(() => this.flush());
  }

  #board(): void {
    const riders = [...this.#riders];
    this.#riders.clear();
    for (const job of riders) job();
  }
}

export const frames = new FrameFlush();

export class Channel<T> {
  #held: Stamped<T> | null = null;
  #shown: Stamped<T> | null = null;
  readonly #listeners = new Set<Listener>();
  readonly #patience: number;
  readonly #flush: FrameFlush;

  constructor(patience = 0, flush: FrameFlush = frames) {
    this.#patience = patience;
    this.#flush = flush;
  }

  /** The newest value, also between frames. */
  get newest(): Stamped<T> | null {
    return this.#held;
  }

  set(value: T, at: number = performance.now()): void {
    this.#held = { value, at };
    this.#changed();
  }

  clear(): void {
    this.#held = null;
    this.#changed();
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

  /** Without anybody who looks there is nothing to draw. */
  #changed(): void {
    if (this.#listeners.size === 0) this.#shown = this.#held;
    else this.#flush.mark(this as Channel<unknown>, this.#patience);
  }
}

/** A job that is asked for often and runs at most once in `every` ms, then just before a frame. */
export class Paced {
  readonly #job: Listener;
  readonly #every: number;
  readonly #flush: FrameFlush;
  #ran = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(job: Listener, every: number, flush: FrameFlush = frames) {
    this.#job = job;
    this.#every = every;
    this.#flush = flush;
  }

  ask(): void {
    if (this.#timer !== undefined) return;
    const wait = this.#ran + this.#every - performance.now();
    if (wait <= 0) this.#flush.ride(this.#run);
    else
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#flush.ride(this.#run);
      }, wait);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flush.leave(this.#run);
  }

  readonly #run = (): void => {
    this.#ran = performance.now();
    this.#job();
  };
}
