/** One's choices on every machine the same: read from the server at login, written back a moment after they change. */
import { api, body } from "../api/client";
import { chose, restored } from "./settings";
import type { Settings } from "./settings";
import type { Store } from "./store";

/** The name of the choices among one's settings on the server. */
const NAME = "dashboard";
/** Where the browser remembers whose choices the server has not got yet: after a reload these hold, not the server's. */
const UNSENT = "tradewind.settings.unsent";
/** How long a change waits for others, ms. */
const SETTLE_MS = 800;

type Kept = Record<string, Record<string, never>>;

/** Choices as text; the market that was looked at last is no choice. */
const written = (choices: Settings) => JSON.stringify({ ...choices, symbol: undefined });

/** The mark in the browser; one that keeps nothing has none. */
const unsent = {
  is: (who: string): boolean => {
    try {
      return who !== "" && localStorage.getItem(UNSENT) === who;
    } catch {
      return false;
    }
  },
  of: (who: string | null): void => {
    try {
      if (who === null) localStorage.removeItem(UNSENT);
      else localStorage.setItem(UNSENT, who);
    } catch {
      // Then the server's choices hold after a reload.
    }
  },
};

export class Roaming {
  readonly #store: Store;
  #stop: () => void = () => {};
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What the server has, as text. */
  #known: string | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  start(): void {
    let over = false;
    let seen = this.#choices();
    const unsubscribe = this.#store.subscribe(() => {
      const now = this.#choices();
      if (now === seen) return;
      seen = now;
      if (written(now) === this.#known) return;
      unsent.of(this.#who());
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#write(), SETTLE_MS);
    });
    this.#stop = () => {
      over = true;
      unsubscribe();
    };
    if (unsent.is(this.#who())) {
      void this.#write();
      return;
    }
    // A server that does not answer changes nothing: what the browser keeps holds.
    void body(api.GET("/api/settings")).then(
      (all) => !over && this.#take((all as Record<string, unknown>)[NAME]),
      () => {},
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stop();
    this.#known = null;
  }

  #who(): string {
    return this.#store.getState().session.user?.username ?? "";
  }

  #choices(): Settings {
    return this.#store.getState().settings;
  }

  #take(kept: unknown): void {
    // Chosen while the server was asked: that is newer.
    if (typeof kept !== "object" || kept === null || unsent.is(this.#who())) return;
    const choices = { ...restored(JSON.stringify(kept)), symbol: this.#choices().symbol };
    this.#known = written(choices);
    if (this.#known !== written(this.#choices())) this.#store.dispatch(chose(choices));
  }

  async #write(): Promise<void> {
    const text = written(this.#choices());
    if (text === this.#known) return unsent.of(null);
    try {
      await body(api.PATCH("/api/settings", { body: { [NAME]: JSON.parse(text) } as Kept }));
      this.#known = text;
      if (written(this.#choices()) === text) unsent.of(null);
    } catch {
      // The next change tries again.
    }
  }
}
