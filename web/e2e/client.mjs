/** The platform's API as a program uses it: one login, then calls. */
export class Client {
  #url;
  #token = null;

  constructor(url) {
    this.#url = url;
  }

  /** Makes the first administrator of a new server. */
  async setUp(code, username, password) {
    this.#token = (await this.call("POST", "/api/setup", { code, username, password })).token;
    return this;
  }

  async logIn(username, password) {
    this.#token = (await this.call("POST", "/api/auth/login", { username, password })).token;
    return this;
  }

  async call(method, path, body) {
    const headers = { "content-type": "application/json", ...(this.#token ? { authorization: `Bearer ${this.#token}` } : {}) };
    const response = await fetch(this.#url + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  /** A limit order, or a market order without a price. */
  order(symbol, side, quantity, price) {
    return this.call("POST", "/api/orders", price ? { symbol, side, order_type: "limit", quantity, price } : { symbol, side, order_type: "market", quantity });
  }
}
