/**
 * Another person's program: quotes at the best prices of a market and takes the quotes back, as often as the market's own people leave
 * to a given number of changes a second, spread out evenly. By the venue's count of changes, whoever made them. Uses the platform's API
 * as everybody does; its limits (fifty orders and cancels a second) hold.
 */

/** How often it thinks, ms: at most one change each time. */
const EVERY = 25;
/** How often the best prices, and the venue's count, are asked for, in turns. */
const LOOK_EVERY = 8;

export class Quoter {
  #client;
  #symbol;
  #timer;
  #rate;
  #turns = 0;
  #count = 0;
  #best = null;
  /** The venue's count of changes at the start and when it was looked at last, and how many of those were others'. */
  #first = 0;
  #others = 0;
  #began = 0;
  #last = 0;
  /** The order that waits to be taken back: a promise of its id, null when it was refused. */
  #resting = null;
  #open = new Set();
  /** Changes that the server took, and requests that it refused (the market moved meanwhile). */
  changes = 0;
  refused = 0;

  /** `rate`: changes of the book a second, all told. */
  constructor(client, symbol, rate) {
    this.#client = client;
    this.#symbol = symbol;
    this.#rate = rate;
  }

  async start() {
    await this.#look();
    [this.#others, this.#began] = [0, performance.now()];
    this.#timer = setInterval(() => this.#turn(), EVERY);
  }

  /** Ends, with nothing left behind in the book. */
  async stop() {
    clearInterval(this.#timer);
    this.#takeBack();
    await Promise.all(this.#open);
  }

  async #look() {
    const own = this.changes;
    const { bids, asks, update } = await this.#client.call("GET", `/api/book/${this.#symbol}?depth=1`);
    this.#best = { buy: bids[0]?.[0], sell: asks[0]?.[0] };
    this.#first ||= update;
    this.#others = update - this.#first - own;
  }

  #turn() {
    this.#turns += 1;
    if (this.#turns % LOOK_EVERY === 0) this.#follow(this.#look());
    const now = performance.now();
    const lacking = this.#rate - (this.#others * 1000) / (now - this.#began);
    if (lacking <= 0 || now - this.#last < 1000 / lacking) return;
    // From when it was due, so that the turns' own steps do not add up; what was missed long ago is not made up for at once.
    this.#last = Math.max(this.#last + 1000 / lacking, now - EVERY);
    this.#count += 1;
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
