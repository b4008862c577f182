/** All fills and orders that are on record, page by page: for the books, where the newest few are not enough. */
import { api, body } from "../api/client";
import type { Fill, Order } from "./desk";

/** Rows of a request: the most that the server gives. */
const PAGE = 1_000;

/** Asks until a page is not full. `read` is given the mark of the last row, nothing at first. */
export async function every<R>(read: (before: string | undefined) => Promise<R[]>, mark: (row: R) => string, page = PAGE): Promise<R[]> {
  const all: R[] = [];
  for (;;) {
    const last = all.at(-1);
    const rows = await read(last && mark(last));
    all.push(...rows);
    if (rows.length < page) return all;
  }
}

const from = (before: string | undefined) => ({ params: { query: { limit: PAGE, ...(before === undefined ? {} : { before }) } } });

export const everyFill = (): Promise<Fill[]> => every((before) => body(api.GET("/api/trades", from(before))), (fill) => fill.cursor);

export const everyOrder = (): Promise<Order[]> => every((before) => body(api.GET("/api/orders", from(before))), (order) => order.id);
