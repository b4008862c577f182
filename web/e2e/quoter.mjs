/**
 * Another person's program: quotes at the best prices of a market and takes the quotes back, one change of the book every 50 ms,
 * twenty a second, spread out evenly. Uses the platform's API as everybody does; its limits (fifty orders and cancels a second) hold.
 */

/** Between two changes, ms. */
const EVERY = 50;
/** How often the best prices are asked for, in changes. */
const LOOK_EVERY = 5;

export class Quoter {
  #client;
  #symbol;
  #timer;
  #count = 0;
  #best = null;
  /** The order that waits to be taken back: a promise of its id, null when it was refused. */
  #resting = null;
  #open = new Set();
  /** Changes that the server took, and requests that it refused (the market moved meanwhile). */
  changes = 0;
  refused = 0;

  constructor(client, symbol) {
    this.#client = client;
    this.#symbol = symbol;
  }

  async start() {
    await this.#look();
    this.#timer = setInterval(() => this.#turn(), EVERY);
  }

  /** Ends, with nothing left behind in the book. */
  async stop() {
    clearInterval(this.#timer);
    this.#takeBack();
    await Promise.all(this.#open);
  }

  async #look() {
    const { bids, asks } = await this.#client.call("GET", `/api/book/${this.#symbol}?depth=1`);
    this.#best = { buy: bids[0]?.[0], sell: asks[0]?.[0] };
  }

  #turn() {
    this.#count += 1;
    if (this.#count % LOOK_EVERY === 0) this.#follow(this.#look());
    if (this.#resting) this.#takeBack();
    else this.#resting = this.#follow(this.#place());
  }

  #place() {
    const side = this.#count % 4 < 2 ? "buy" : "sell";
    const quantity = (0.01 + (this.#count % 7) / 1000).toFixed(3);
    const order = { symbol: this.#symbol, side, order_type: "limit_maker", quantity, price: this.#best[side] };
    return this.#client.call("POST", "/api/orders", order).then(({ id }) => ((this.changes += 1), id));
  }

  #takeBack() {
    const resting = this.#resting;
    this.#resting = null;
    if (resting) this.#follow(resting.then(async (id) => id && (await this.#client.call("DELETE", `/api/orders/${id}`), (this.changes += 1))));
  }

  /** Waits for what was sent off at the end; a refusal is counted, not thrown. */
  #follow(work) {
    const done = work.catch(() => ((this.refused += 1), null)).finally(() => this.#open.delete(done));
    this.#open.add(done);
    return done;
  }
}
