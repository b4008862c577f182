/** The order ticket: what one wants, what it costs, what it does to the position. Sends only when its button is pressed. */
import { useMemo, useState } from "react";
import type { FormEvent, ReactNode } from "react";
import { useActions } from "../../app/actions";
import { selectFills, selectHalted, selectPositions } from "../../app/desk";
import type { Market } from "../../app/desk";
import { useApp } from "../../app/store";
import * as D from "../../market/decimal";
import * as F from "../../market/format";
import { bookOf, useCalmChannel } from "../../market/hub";
import { useLink } from "../../market/link";
import { Dialog } from "../../parts/Dialog";
import { NumberField } from "../../parts/Field";
import { Icon } from "../../parts/icons";
import { useStale } from "../../parts/states";
import { orderKind } from "../../parts/DeskTables";
import { Tabs } from "../../parts/Tabs";
import { useText } from "../../text/trade";
import type { Text } from "../../text/trade";
import { limitWord } from "../../parts/limits";
import { shareOf, touched, usePreview } from "./preview";
import type { LimitUse, Preview, Previewed } from "./preview";
import { after, feeRate, plan, share } from "./ticket";
import type { Draft, Fault, Funds, Plan } from "./ticket";

/** A book older than this is no basis for an order, seconds. */
export const BOOK_OLD_S = 6;
/** How often the ticket follows the book, ms: a person reads no faster. */
const BOOK_EVERY = 400;
const SHARES = [10, 25, 50, 100];
/** Limits that the ticket has room for. */
const USES_SHOWN = 4;

function useFunds(market: Market): Funds | null {
  const balances = useApp((state) => state.desk.balances);
  const read = useApp((state) => state.desk.at.balances);
  return useMemo(() => {
    if (read === undefined) return null;
    const free = (asset: string) => D.of(balances.find((balance) => balance.asset === asset)?.free);
    return { base: free(market.base), quote: free(market.quote) };
  }, [balances, read, market]);
}

export function faultText(t: Text, fault: Fault | undefined, market: Market): string | null {
  if (!fault || fault.code === "missing") return null;
  switch (fault.code) {
    case "unreadable":
      return t("fault.unreadable");
    case "zero":
      return t("fault.zero");
    case "step":
      return t("fault.step", { step: fault.step });
    case "above":
      return t("fault.above", { price: fault.last });
    case "below":
      return t("fault.below", { price: fault.last });
    case "min":
      return t("fault.min", { limit: fault.limit, asset: market.base });
    case "max":
      return t("fault.max", { limit: fault.limit, asset: market.base });
    case "notional":
      return t("fault.notional", { limit: fault.limit, asset: market.quote });
    case "funds":
      return t("fault.funds", { free: F.holding(D.of(fault.free)), asset: fault.asset });
  }
}

/** Why nothing can be sent at the moment; null when it can. */
function useBlock(bookAt: number | undefined): string | null {
  const t = useText();
  const lost = useLink().way === "lost";
  const halted = useApp(selectHalted).length > 0;
  const role = useApp((state) => state.session.user?.role);
  const stale = useStale(bookAt, BOOK_OLD_S);
  if (lost) return t("block.lost");
  if (halted) return t("block.halted");
  if (role === "viewer") return t("block.viewer");
  if (stale) return t("block.stale");
  return null;
}

function Facts({ market, draft, it, preview }: { market: Market; draft: Draft; it: Plan; preview: Preview | null }) {
  const t = useText();
  const fills = useApp(selectFills);
  const position = useApp(selectPositions).find((p) => p.symbol === market.symbol && !p.bot);
  const rate = useMemo(() => feeRate(market, fills), [market, fills]);
  const price = D.decimalsOf(market.tick);
  const at = it.meets?.average ?? it.price ?? (draft.kind === "stop" ? D.parse(draft.stop) : null);
  const then = it.amount && at ? after(position, draft.side, it.amount, at) : null;
  const money = (value: D.Decimal | null) => (value ? `${F.number(value, 2)} ${market.quote}` : "–");
  return (
    <dl className="facts ticket-facts">
      <dt>{t("ticket.cost")}</dt>
      <dd>{money(it.cost)}</dd>
      {preview ? (
        <>
          <dt>{t("ticket.feeAtMost")}</dt>
          <dd>
            {F.number(D.cut(D.of(preview.fee), 6))} {preview.gets.asset}
          </dd>
        </>
      ) : (
        <>
          <dt>{rate ? t("ticket.feeAt", { rate: `${D.short(D.round(D.mul(rate, { units: 100n, scale: 0 }), 4))}%` }) : t("ticket.fee")}</dt>
          <dd>{rate ? money(it.cost && D.mul(it.cost, rate)) : <span className="faint">{t("ticket.feeUnknown")}</span>}</dd>
        </>
      )}
      {draft.kind === "market" ? (
        <>
          <dt>{t("ticket.average")}</dt>
          <dd>{it.meets ? F.number(it.meets.average, price) : "–"}</dd>
          <dt>{t("ticket.worst")}</dt>
          <dd>{it.meets ? F.number(it.meets.worst, price) : "–"}</dd>
        </>
      ) : null}
      {draft.kind === "limit" ? (
        <>
          <dt>{t("ticket.ahead")}</dt>
          <dd>{it.crosses ? t("ticket.crosses") : it.ahead ? `${F.number(D.round(it.ahead, D.decimalsOf(market.lot)))} ${market.base}` : "–"}</dd>
        </>
      ) : null}
      <dt>{t("ticket.positionAfter")}</dt>
      <dd>{then ? `${F.number(then.quantity)} ${market.base}` : "–"}</dd>
      <dt>{t("ticket.entryAfter")}</dt>
      <dd>{then?.entry ? F.number(then.entry, price) : "–"}</dd>
    </dl>
  );
}

function ShareLine({ market, it, draft, funds }: { market: Market; it: Plan; draft: Draft; funds: Funds | null }) {
  const t = useText();
  if (!it.order || !funds) return null;
  const [used, free, asset] = draft.side === "buy" ? [it.cost, funds.quote, market.quote] : [it.amount, funds.base, market.base];
  if (!used || D.sign(free) <= 0) return null;
  const percent = F.number(D.div(D.mul(used, { units: 100n, scale: 0 }), free), 1);
  const thin = it.meets && !it.meets.whole;
  return (
    <p className="ticket-limits">
      <Icon name={thin ? "alert" : "check"} size={14} />
      <span>{thin ? t("ticket.thin") : t("ticket.within", { percent, asset, left: `${F.holding(D.sub(free, used))} ${asset}` })}</span>
    </p>
  );
}

/** What the order does to the account's limits; without one that is on, to what is free. */
function Limits({ it, previewed, children }: { it: Plan; previewed: Previewed; children: ReactNode }) {
  const t = useText();
  const { preview, failed } = previewed;
  if (!it.order || (!preview && !failed)) return children;
  const refusal = preview?.refusal?.detail ?? failed;
  if (refusal) {
    return (
      <p className="ticket-limits" data-block role="status">
        <Icon name="alert" size={14} />
        <span>{refusal}</span>
      </p>
    );
  }
  const uses = touched(preview?.limits ?? []);
  if (uses.length === 0) return children;
  return (
    <div className="ticket-uses">
      <p className="ticket-limits">
        <Icon name="check" size={14} />
        <span>{t("ticket.inLimits")}</span>
      </p>
      <ul>
        {uses.slice(0, USES_SHOWN).map((use) => (
          <Use key={`${use.name}-${use.symbol ?? ""}`} use={use} />
        ))}
      </ul>
    </div>
  );
}

function Use({ use }: { use: LimitUse }) {
  const t = useText();
  const [before, then] = [shareOf(use, "used") ?? 0, shareOf(use, "after") ?? 0];
  const percent = (share: number) => `${Math.round(share * 100)}%`;
  const near = then >= 0.8;
  return (
    <li className="small">
      <span className="soft">{limitWord(t, use.name)}</span>
      <span className="meter two" aria-hidden="true">
        <i className="then" style={{ width: percent(Math.min(1, then)) }} />
        <i data-state={near ? "warn" : undefined} style={{ width: percent(Math.min(1, before)) }} />
      </span>
      <span className={near ? "warn" : ""}>{t("ticket.use", { before: percent(before), after: percent(then) })}</span>
    </li>
  );
}

export function Ticket({ market, draft, change }: { market: Market; draft: Draft; change: (part: Partial<Draft>) => void }) {
  const t = useText();
  const held = useCalmChannel(bookOf(market.symbol), BOOK_EVERY);
  const funds = useFunds(market);
  const confirms = useApp((state) => state.settings.confirm);
  const { place, done } = useActions();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const it = useMemo(() => plan(market, draft, held?.value ?? null, funds), [market, draft, held, funds]);
  const block = useBlock(held?.at);
  const previewed = usePreview(it.order, block === null);
  const refused = previewed.preview?.accepted === false;
  const fault = (field: Fault["field"]) => faultText(t, it.faults.find((fault) => fault.field === field), market);
  const best = held?.value ? (draft.side === "buy" ? held.value.bids : held.value.asks)[0]?.[0] : undefined;
  const word = t(draft.side === "buy" ? "side.buy" : "side.sell");
  const send = async () => {
    if (!it.order || busy) return;
    setBusy(true);
    setAsking(false);
    const placed = await place(it.order, crypto.randomUUID());
    setBusy(false);
    if (!placed) return;
    change({ amount: "" });
    done(t(placed.live ? "ticket.rests" : "ticket.traded", { order: `${word} ${F.amount(placed.quantity, D.decimalsOf(market.lot))} ${market.base}` }));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!it.order || block || refused) return;
    if (confirms) setAsking(true);
    else void send();
  };
  // Enter in a field does nothing: an order leaves by its button only.
  const quiet = (event: React.KeyboardEvent) => {
    if (event.key === "Enter" && event.target instanceof HTMLInputElement) event.preventDefault();
  };
  const kinds = [
    { id: "limit" as const, label: t("kind.limit") },
    { id: "market" as const, label: t("kind.market") },
    { id: "stop" as const, label: t("kind.stop") },
    { id: "oco" as const, label: t("kind.oco") },
  ];
  return (
    <form className="ticket" onSubmit={submit} onKeyDown={quiet} aria-label={t("ticket.title")}>
      <div className="pane-head">
        <Tabs tabs={kinds} value={draft.kind} onChange={(kind) => change({ kind })} label={t("ticket.kind")} name="ticket" />
      </div>
      <div id="ticket-panel" role="tabpanel" aria-labelledby={`ticket-${draft.kind}`} className="ticket-body">
        <div className="sides" role="group" aria-label={t("column.side")}>
          {(["buy", "sell"] as const).map((side) => (
            <button key={side} type="button" className={side === "buy" ? "up" : "down"} aria-pressed={draft.side === side} onClick={() => change({ side })}>
              {t(side === "buy" ? "side.buy" : "side.sell")}
            </button>
          ))}
        </div>
        {draft.kind === "oco" ? <p className="small faint">{t(draft.side === "sell" ? "ticket.ocoSell" : "ticket.ocoBuy")}</p> : null}
        {draft.kind === "stop" || draft.kind === "oco" ? <NumberField label={t("ticket.stop")} value={draft.stop} onChange={(stop) => change({ stop })} unit={market.quote} problem={fault("stop")} name="stop" /> : null}
        {draft.kind === "oco" ? <NumberField label={t("ticket.stopPrice")} value={draft.stopPrice} onChange={(stopPrice) => change({ stopPrice })} unit={market.quote} problem={fault("stopPrice")} placeholder={t("kind.market")} name="stop-price" /> : null}
        {draft.kind === "limit" || draft.kind === "oco" || (draft.kind === "stop" && draft.stopLimit) ? (
          <NumberField label={t("ticket.price")} value={draft.price} onChange={(price) => change({ price })} unit={market.quote} problem={fault("price")} placeholder={best ? D.short(D.of(best)) : ""} name="price" />
        ) : null}
        <NumberField label={t("ticket.amount")} value={draft.amount} onChange={(amount) => change({ amount })} unit={market.base} problem={fault("amount")} name="amount" />
        <div className="shares" role="group" aria-label={t("ticket.shares")}>
          {SHARES.map((percent) => (
            <button key={percent} type="button" disabled={!funds} onClick={() => funds && change({ amount: D.short(D.of(share(market, draft, held?.value ?? null, funds, percent))) })}>
              {percent === 100 ? t("ticket.max") : `${percent}%`}
            </button>
          ))}
        </div>
        <Options draft={draft} change={change} />
        <Facts market={market} draft={draft} it={it} preview={previewed.preview} />
        <span className="fill" />
        <button type="submit" className="go" data-side={draft.side} disabled={!it.order || block !== null || refused || busy}>
          {it.amount ? `${word} ${F.number(it.amount)} ${market.base}` : `${word} ${market.base}`}
        </button>
        {block ? (
          <p className="ticket-limits" data-block>
            <Icon name="alert" size={14} />
            <span>{block}</span>
          </p>
        ) : (
          <Limits it={it} previewed={previewed}>
            <ShareLine market={market} it={it} draft={draft} funds={funds} />
          </Limits>
        )}
      </div>
      <Dialog open={asking} onClose={() => setAsking(false)} label={t("ticket.confirm")}>
        <h2>{t("ticket.confirm")}</h2>
        <p>
          <span className={draft.side === "buy" ? "up" : "down"}>{word}</span> {it.amount ? F.number(it.amount) : ""} {market.base} · {it.order ? orderKind(t, it.order.order_type) : ""}
          {it.price ? ` · ${F.number(it.price)} ${market.quote}` : ""}
          {draft.kind === "oco" || draft.kind === "stop" ? ` · ${t("ticket.stop")} ${draft.stop}` : ""}
        </p>
        <Facts market={market} draft={draft} it={it} preview={previewed.preview} />
        <div className="dialog-actions">
          <button type="button" className="button" onClick={() => setAsking(false)}>
            {t("action.cancel")}
          </button>
          <button type="button" className="button ink" disabled={!it.order || block !== null || refused} onClick={() => void send()}>
            {t("ticket.send")}
          </button>
        </div>
      </Dialog>
    </form>
  );
}

function Options({ draft, change }: { draft: Draft; change: (part: Partial<Draft>) => void }) {
  const t = useText();
  if (draft.kind === "market" || draft.kind === "oco") return null;
  const limit = draft.kind === "limit" || draft.stopLimit;
  return (
    <div className="ticket-options">
      {draft.kind === "limit" ? (
        <label>
          <input type="checkbox" checked={draft.postOnly} onChange={(event) => change({ postOnly: event.target.checked })} />
          {t("ticket.postOnly")}
        </label>
      ) : (
        <label>
          <input type="checkbox" checked={draft.stopLimit} onChange={(event) => change({ stopLimit: event.target.checked })} />
          {t("ticket.stopLimit")}
        </label>
      )}
      {limit && !draft.postOnly ? (
        <label>
          <span className="faint">{t("ticket.tif")}</span>
          <select value={draft.tif} onChange={(event) => change({ tif: event.target.value as Draft["tif"] })}>
            <option value="gtc">{t("tif.gtc")}</option>
            <option value="ioc">{t("tif.ioc")}</option>
            <option value="fok">{t("tif.fok")}</option>
          </select>
        </label>
      ) : null}
    </div>
  );
}
