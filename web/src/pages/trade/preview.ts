/** What the server says an order would cost and do to the account's limits, asked a moment after the ticket has settled. */
import { useEffect, useMemo, useState } from "react";
import { api, body } from "../../api/client";
import type { Schemas } from "../../api/client";
import { asFailure } from "../../api/problem";
import * as D from "../../market/decimal";

export type Preview = Schemas["OrderPreview"];
export type LimitUse = Schemas["LimitUse"];

/** How long the ticket must stand still, and how often it is asked again while it stands, ms. */
const [SETTLE, EVERY] = [250, 3_000];

export interface Previewed {
  readonly preview: Preview | null;
  /** Why there is none: the server's word, for instance that the order does not fit the market. */
  readonly failed: string | null;
}

const NOTHING: Previewed = { preview: null, failed: null };

/** For an order as it would be sent; nothing while there is none, or nothing may be asked. */
export function usePreview(order: Schemas["NewOrder"] | null, mayAsk: boolean): Previewed {
  const [state, setState] = useState<Previewed>(NOTHING);
  // The plan is made anew with each book; only another order is another question.
  const text = order && mayAsk ? JSON.stringify(order) : null;
  const asked = useMemo(() => (text === null ? null : (JSON.parse(text) as Schemas["NewOrder"])), [text]);
  useEffect(() => {
    setState(NOTHING);
    if (!asked) return;
    let over = false;
    const ask = () => {
      if (document.hidden) return;
      body(api.POST("/api/orders/preview", { body: asked })).then(
        (preview) => !over && setState({ preview, failed: null }),
        (error: unknown) => !over && setState({ preview: null, failed: asFailure(error).detail }),
      );
    };
    const settle = setTimeout(ask, SETTLE);
    const timer = setInterval(ask, EVERY);
    return () => {
      over = true;
      clearTimeout(settle);
      clearInterval(timer);
    };
  }, [asked]);
  return state;
}

/** Share of a limit that is used, 0 to 1 and above; null when the limit is off. */
export function shareOf(use: LimitUse, of: "used" | "after"): number | null {
  const max = D.of(use.max);
  return use.max == null || D.sign(max) <= 0 ? null : D.toNumber(D.div(D.of(use[of]), max));
}

/** Limits that are on and that the order touches, the fullest first. */
export function touched(limits: readonly LimitUse[]): LimitUse[] {
  return limits.filter((use) => use.max != null && (shareOf(use, "after") ?? 0) > 0).sort((a, b) => (shareOf(b, "after") ?? 0) - (shareOf(a, "after") ?? 0));
}
