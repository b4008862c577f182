/** The three tables of a trading account: positions, orders, fills. The same everywhere, so that one learns them once. */
import { useEffect, useMemo, useState } from "react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { useActions } from "../app/actions";
import { selectMarkets } from "../app/desk";
import type { Fill, Market, Order, Position } from "../app/desk";
import { useApp } from "../app/store";
import * as D from "../market/decimal";
import * as F from "../market/format";
import { bookOf, takeBook } from "../market/hub";
import { useLink } from "../market/link";
import { sweep } from "../market/book";
import { feed } from "../market/feed";
import { useText } from "../text/lists";
import type { Text } from "../text/lists";
import { Dialog } from "./Dialog";
import { Fresh, OLD_S } from "./states";
import { Table } from "./Table";
import type { Column } from "./Table";

type Markets = ReadonlyMap<string, Market>;

const priceOf = (markets: Markets, symbol: string, text: string | null | undefined) => {
  const market = markets.get(symbol);
  return F.amount(text, market ? D.decimalsOf(market.tick) : undefined);
};
const sizeOf = (markets: Markets, symbol: string, text: string) => {
  const market = markets.get(symbol);
  return F.amount(text, market ? D.decimalsOf(market.lot) : undefined);
};

function MarketCell({ symbol, markets }: { symbol: string; markets: Markets }) {
  return (
    <Link className="strong" href={`/trade/${symbol}`}>
      {F.pair(markets.get(symbol), symbol)}
    </Link>
  );
}

/** Who traded: oneself or a bot. */
function By({ bot }: { bot?: string | null | undefined }) {
  const t = useText();
  return bot ? (
    <Link className="soft" href={`/bots/${bot}`}>
      {t("by.bot")}
    </Link>
  ) : (
    <span className="faint">{t("by.you")}</span>
  );
}

function Side({ side }: { side: string }) {
  const t = useText();
  return <span className={side === "buy" ? "up" : "down"}>{side === "buy" ? t("side.buy") : t("side.sell")}</span>;
}

export function orderKind(t: Text, kind: string): string {
  switch (kind) {
    case "limit":
      return t("kind.limit");
    case "limit_maker":
      return t("kind.maker");
    case "market":
      return t("kind.market");
    case "stop_loss":
      return t("kind.stop");
    case "stop_loss_limit":
      return t("kind.stopLimit");
    case "oco":
      return t("kind.oco");
    case "take_profit":
      return t("kind.take");
    case "take_profit_limit":
      return t("kind.takeLimit");
    default:
      return kind;
  }
}

export function statusWord(t: Text, status: string): string {
  switch (status) {
    case "pending":
      return t("status.pending");
    case "new":
      return t("status.new");
    case "partially_filled":
      return t("status.partial");
    case "filled":
      return t("status.filled");
    case "canceled":
      return t("status.canceled");
    case "rejected":
      return t("status.rejected");
    case "expired":
      return t("status.expired");
    case "unknown":
      return t("status.unknown");
    default:
      return status;
  }
}

/** Greys a list when it is old: positions by when they were read, what the stream tells by when it was lost. */
function Frame({ part, children }: { part: "positions" | "orders"; children: ReactNode }) {
  const read = useApp((state) => state.desk.at.positions);
  const { lostAt } = useLink();
  return (
    <Fresh at={lostAt ?? (part === "positions" ? read : undefined)} max={lostAt === null ? OLD_S : 0}>
      {children}
    </Fresh>
  );
}

export function PositionsTable({ rows, empty }: { rows: readonly Position[]; empty?: ReactNode }) {
  const t = useText();
  const markets = useApp(selectMarkets);
  const [closing, setClosing] = useState<Position | null>(null);
  const lost = useLink().way === "lost";
  const columns = useMemo<Column<Position>[]>(
    () => [
      { id: "market", head: t("column.market"), by: (p) => p.symbol, cell: (p) => <MarketCell symbol={p.symbol} markets={markets} /> },
      { id: "side", head: t("column.side"), cell: (p) => (p.quantity.startsWith("-") ? t("side.short") : t("side.long")), rank: 6 },
      { id: "size", head: t("column.size"), align: "right", cell: (p) => sizeOf(markets, p.symbol, p.quantity) },
      { id: "entry", head: t("column.entry"), align: "right", cell: (p) => priceOf(markets, p.symbol, p.entry_price), rank: 5 },
      { id: "mark", head: t("column.mark"), align: "right", cell: (p) => priceOf(markets, p.symbol, p.mark_price), rank: 4 },
      {
        id: "open",
        head: t("column.openProfit"),
        align: "right",
        by: (p) => D.toNumber(D.of(p.unrealised_pnl)),
        cell: (p) => (p.unrealised_pnl == null ? "–" : <span className={F.tone(D.round(D.of(p.unrealised_pnl), 2))}>{F.signed(D.of(p.unrealised_pnl), 2)}</span>),
      },
      {
        id: "return",
        head: t("column.return"),
        align: "right",
        rank: 3,
        cell: (p) => {
          const cost = D.abs(D.mul(D.of(p.entry_price), D.of(p.quantity)));
          const share = D.div(D.mul(D.of(p.unrealised_pnl), { units: 100n, scale: 0 }), cost);
          return p.unrealised_pnl == null ? "–" : <span className={F.tone(D.round(share, 2))}>{F.percent(share)}</span>;
        },
      },
      { id: "by", head: t("column.by"), by: (p) => p.bot ?? "", rank: 2, cell: (p) => <By bot={p.bot} /> },
      { id: "realised", head: t("column.realised"), align: "right", rank: 1, cell: (p) => <span className={F.tone(D.round(D.of(p.realised_pnl), 2))}>{F.signed(D.of(p.realised_pnl), 2)}</span> },
      {
        id: "act",
        head: <span className="hidden-text">{t("column.actions")}</span>,
        align: "right",
        pinned: true,
        cell: (p) => (
          <button type="button" className="button small-button" disabled={lost} onClick={() => setClosing(p)}>
            {t("action.closePosition")}
          </button>
        ),
      },
    ],
    [t, markets, lost],
  );
  return (
    <>
      <Frame part="positions">
        <Table columns={columns} rows={rows} id={(p) => p.id} label={t("desk.positions")} empty={empty} />
      </Frame>
      <CloseDialog position={closing} onClose={() => setClosing(null)} />
    </>
  );
}

/** Closing at the market: says which order goes out and what the book would pay, before it goes. */
function CloseDialog({ position, onClose }: { position: Position | null; onClose: () => void }) {
  const t = useText();
  return (
    <Dialog open={position !== null} onClose={onClose} label={t("close.title")}>
      {position ? <CloseQuestion position={position} onClose={onClose} /> : null}
    </Dialog>
  );
}

function CloseQuestion({ position, onClose }: { position: Position; onClose: () => void }) {
  const t = useText();
  const { place, done } = useActions();
  const markets = useApp(selectMarkets);
  const { symbol } = position;
  const market = markets.get(symbol);
  const [busy, setBusy] = useState(false);
  const [key] = useState(() => crypto.randomUUID());
  const book = useWatchedBook(symbol);
  const sells = !position.quantity.startsWith("-");
  const quantity = D.floorTo(D.abs(D.of(position.quantity)), D.of(market?.lot));
  const meets = book ? sweep(sells ? book.bids : book.asks, quantity) : null;
  const best = D.of((sells ? book?.bids : book?.asks)?.[0]?.[0]);
  const slip = meets ? D.div(D.mul(D.abs(D.sub(meets.average, best)), { units: 100n, scale: 0 }), best) : null;
  const send = async () => {
    setBusy(true);
    const placed = await place({ symbol, side: sells ? "sell" : "buy", order_type: "market", quantity: D.text(quantity), account: position.account }, key);
    setBusy(false);
    if (placed) done(t("close.done", { market: F.pair(market, symbol) }));
    onClose();
  };
  return (
    <>
      <h2>{t("close.title")}</h2>
      <p className="soft">{t("close.text", { order: `${sells ? t("side.sell") : t("side.buy")} ${F.number(quantity)} ${market?.base ?? symbol}` })}</p>
      <dl className="facts">
        <dt>{t("ticket.average")}</dt>
        <dd>{meets ? priceOf(markets, symbol, D.text(meets.average)) : "–"}</dd>
        <dt>{t("ticket.slippage")}</dt>
        <dd>{slip ? `${F.number(slip, 3)}%` : "–"}</dd>
        {meets && !meets.whole ? (
          <>
            <dt className="warn">{t("ticket.thin")}</dt>
            <dd />
          </>
        ) : null}
      </dl>
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          {t("action.cancel")}
        </button>
        <button type="button" className="button danger" disabled={busy || D.sign(quantity) === 0} onClick={() => void send()}>
          {t("action.closePosition")}
        </button>
      </div>
    </>
  );
}

export function OrdersTable({ rows, empty, all }: { rows: readonly Order[]; empty?: ReactNode; all?: boolean }) {
  const t = useText();
  const markets = useApp(selectMarkets);
  const language = useApp((state) => state.settings.language);
  const { cancel } = useActions();
  const lost = useLink().way === "lost";
  const columns = useMemo<Column<Order>[]>(
    () => [
      { id: "time", head: t("column.time"), by: (o) => o.created_at, cell: (o) => <span className="soft">{F.day(o.created_at, language)}</span>, rank: 3 },
      { id: "market", head: t("column.market"), by: (o) => o.symbol, cell: (o) => <MarketCell symbol={o.symbol} markets={markets} /> },
      { id: "side", head: t("column.side"), by: (o) => o.side, cell: (o) => <Side side={o.side} /> },
      { id: "kind", head: t("column.kind"), by: (o) => o.order_type, cell: (o) => orderKind(t, o.order_type), rank: 6 },
      { id: "price", head: t("column.price"), align: "right", by: (o) => D.toNumber(D.of(o.price)), cell: (o) => (o.price ? priceOf(markets, o.symbol, o.price) : o.average_price ? priceOf(markets, o.symbol, o.average_price) : t("kind.market")) },
      { id: "stop", head: t("column.stop"), align: "right", cell: (o) => (o.stop_price ? priceOf(markets, o.symbol, o.stop_price) : "–"), rank: 5 },
      { id: "size", head: t("column.size"), align: "right", cell: (o) => sizeOf(markets, o.symbol, o.quantity) },
      { id: "by", head: t("column.by"), by: (o) => o.bot ?? "", rank: 2, cell: (o) => <By bot={o.bot} /> },
      { id: "filled", head: t("column.filled"), align: "right", cell: (o) => <Filled order={o} />, rank: 4 },
      { id: "status", head: t("column.status"), by: (o) => o.status, cell: (o) => <span title={o.reason ?? undefined}>{statusWord(t, o.status)}</span>, rank: all ? 4 : 1 },
      {
        id: "act",
        head: <span className="hidden-text">{t("column.actions")}</span>,
        align: "right",
        pinned: true,
        cell: (o) =>
          o.live ? (
            <button type="button" className="button small-button" disabled={lost} onClick={() => void cancel(o.id)}>
              {t("action.cancel")}
            </button>
          ) : null,
      },
    ],
    [t, markets, language, lost, cancel, all],
  );
  return (
    <Frame part="orders">
      <Table columns={columns} rows={rows} id={(o) => o.id} label={all ? t("desk.orders") : t("desk.open")} empty={empty} />
    </Frame>
  );
}

function Filled({ order }: { order: Order }) {
  const share = D.div(D.mul(D.of(order.filled_quantity), { units: 100n, scale: 0 }), D.of(order.quantity));
  return <>{F.number(share, 0)}%</>;
}

export function FillsTable({ rows, short, empty }: { rows: readonly Fill[]; short?: boolean; empty?: ReactNode }) {
  const t = useText();
  const markets = useApp(selectMarkets);
  const language = useApp((state) => state.settings.language);
  const columns = useMemo<Column<Fill>[]>(() => {
    const all: (Column<Fill> & { long?: boolean })[] = [
      { id: "time", head: t("column.time"), by: (f) => f.created_at, cell: (f) => <span className="soft">{F.day(f.created_at, language)}</span>, rank: 3 },
      { id: "market", head: t("column.market"), by: (f) => f.symbol, cell: (f) => <MarketCell symbol={f.symbol} markets={markets} /> },
      { id: "side", head: t("column.side"), by: (f) => f.side, cell: (f) => <Side side={f.side} /> },
      { id: "price", head: t("column.price"), align: "right", by: (f) => D.toNumber(D.of(f.price)), cell: (f) => priceOf(markets, f.symbol, f.price) },
      { id: "size", head: t("column.size"), align: "right", long: true, cell: (f) => sizeOf(markets, f.symbol, f.quantity) },
      { id: "fee", head: t("column.fee"), align: "right", rank: 1, long: true, cell: (f) => <>{F.number(D.cut(D.of(f.fee), 6))} <span className="faint">{f.fee_currency}</span></> },
      { id: "pnl", head: t("column.realised"), align: "right", by: (f) => D.toNumber(D.of(f.pnl)), cell: (f) => (f.pnl == null ? <span className="faint">–</span> : <span className={F.tone(D.round(D.of(f.pnl), 2))}>{F.signed(D.of(f.pnl), 2)}</span>), rank: 2 },
    ];
    return short ? all.filter((column) => !column.long) : all;
  }, [t, markets, language, short]);
  return (
    <Frame part="orders">
      <Table columns={columns} rows={rows} id={(f) => f.cursor} label={t("desk.fills")} empty={empty} />
    </Frame>
  );
}

/** The newest book of a market while a question about it is open. */
export function useWatchedBook(symbol: string) {
  const [book, setBook] = useState(() => bookOf(symbol).newest?.value ?? null);
  useEffect(() => feed.watch(`book:${symbol}`, (said) => (takeBook(symbol, said), setBook(bookOf(symbol).newest?.value ?? null))), [symbol]);
  return book;
}
