/** Trading one market: strip of markets, chart, book, ticket, and one's own positions, orders and fills below. */
import { memo, useCallback, useEffect, useMemo, useState } from "react";
import { Link, useLocation, useParams } from "wouter";
import { selectFills, selectLive, selectMarkets, selectPositions } from "../../app/desk";
import type { Market, Position } from "../../app/desk";
import { homeAsset, openProfit } from "../../app/worth";
import { chose } from "../../app/settings";
import { isTyping } from "../../app/keys";
import { useAct, useApp } from "../../app/store";
import * as D from "../../market/decimal";
import * as F from "../../market/format";
import { tickers as tickerChannel, useChannel, useMarketFeed, useTickers } from "../../market/hub";
import { FillsTable, OrdersTable, PositionsTable } from "../../parts/DeskTables";
import { Empty, ErrorNote, Loading, TICKERS_OLD_S, useStale } from "../../parts/states";
import { useContextLine } from "../../parts/Shell";
import { Panel, Tabs } from "../../parts/Tabs";
import { useText } from "../../text/trade";
import { Chart } from "./Chart";
import { Depth } from "./Depth";
import { Ladder } from "./Ladder";
import { Sheet } from "./Sheet";
import { Tape } from "./Tape";
import { Ticket } from "./Ticket";
import { BLANK } from "./ticket";
import type { Draft } from "./ticket";
import "./trade.css";

function Strip({ symbol }: { symbol: string }) {
  const t = useText();
  const markets = useApp((state) => state.desk.markets);
  const tickers = useTickers();
  const stale = useStale(useChannel(tickerChannel)?.at, TICKERS_OLD_S);
  return (
    <nav className={stale ? "strip stale" : "strip"} aria-label={t("trade.markets")}>
      {markets.map((market) => {
        const ticker = tickers.get(market.symbol);
        const change = D.of(ticker?.change_percent);
        return (
          <Link key={market.id} href={`/trade/${market.symbol}`} aria-current={market.symbol === symbol ? "true" : undefined}>
            <b>
              {market.base}
              <span className="faint">/{market.quote}</span>
            </b>
            <span>{F.amount(ticker?.last, D.decimalsOf(market.tick))}</span>
            {ticker?.change_percent == null ? null : <span className={F.tone(change)}>{F.percent(change)}</span>}
          </Link>
        );
      })}
    </nav>
  );
}

/** `b` and `s` turn the ticket to a side and go to its amount, once they are armed in the settings. They send nothing. */
function useTradingKeys(turn: (side: "buy" | "sell") => void): void {
  const armed = useApp((state) => state.settings.tradingKeys);
  useEffect(() => {
    if (!armed) return;
    const pressed = (event: KeyboardEvent) => {
      const side = event.key === "b" ? "buy" : event.key === "s" ? "sell" : null;
      if (!side || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      turn(side);
      requestAnimationFrame(() => document.querySelector<HTMLInputElement>(".ticket [name=amount]")?.focus());
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [armed, turn]);
}

type BookView = "book" | "depth" | "trades";

const BookPane = memo(function BookPane({ market, onPick }: { market: Market; onPick: (price: string) => void }) {
  const t = useText();
  const [view, setView] = useState<BookView>("book");
  const tabs = [
    { id: "book" as const, label: t("book.book") },
    { id: "depth" as const, label: t("book.depth") },
    { id: "trades" as const, label: t("book.trades") },
  ];
  return (
    <section className="pane book-pane" aria-label={t("book.label")}>
      <div className="pane-head">
        <Tabs tabs={tabs} value={view} onChange={setView} label={t("book.label")} name="book" />
      </div>
      <Panel name="book" value={view} className="book-panel">
        {view === "book" ? <Ladder market={market} onPick={onPick} /> : null}
        {view === "depth" ? <Depth market={market} /> : null}
        {view === "trades" ? <Tape market={market} onPick={onPick} /> : null}
      </Panel>
    </section>
  );
});

/** The only thing of the lists that moves with each ticker: on its own, so that the lists do not. */
function OpenProfit({ positions }: { positions: readonly Position[] }) {
  const markets = useApp((state) => state.desk.markets);
  const tickers = useTickers();
  const home = useMemo(() => homeAsset(markets), [markets]);
  const open = openProfit(positions, home, markets, tickers);
  return (
    <>
      <b className={`strong ${F.tone(D.round(open, 2))}`}>{F.signed(open, 2)}</b> {home}
    </>
  );
}

type Below = "positions" | "open" | "fills";

const BelowPane = memo(function BelowPane() {
  const t = useText();
  const [view, setView] = useState<Below>("positions");
  const positions = useApp(selectPositions);
  const orders = useApp(selectLive);
  const fills = useApp(selectFills);
  const tabs = [
    { id: "positions" as const, label: t("desk.positions"), count: positions.length },
    { id: "open" as const, label: t("desk.open"), count: orders.length },
    { id: "fills" as const, label: t("desk.fills"), count: fills.length },
  ];
  return (
    <section className="pane below-pane" aria-label={t("trade.mine")}>
      <div className="pane-head">
        <Tabs tabs={tabs} value={view} onChange={setView} label={t("trade.mine")} name="below" />
        <span className="fill" />
        {positions.length > 0 ? (
          <span className="small faint">
            {t("figure.open")} <OpenProfit positions={positions} />
          </span>
        ) : null}
      </div>
      <Panel name="below" value={view} className="below-panel">
        {view === "positions" ? <PositionsTable rows={positions} empty={<Empty>{t("desk.noPositions")}</Empty>} /> : null}
        {view === "open" ? <OrdersTable rows={orders} empty={<Empty>{t("desk.noOrders")}</Empty>} /> : null}
        {view === "fills" ? <FillsTable rows={fills} empty={<Empty>{t("desk.noFills")}</Empty>} /> : null}
      </Panel>
    </section>
  );
});

function Desk({ market }: { market: Market }) {
  const t = useText();
  const [draft, setDraft] = useState<Draft>(BLANK);
  const change = useCallback((part: Partial<Draft>) => setDraft((now) => ({ ...now, ...part })), []);
  const [sheet, setSheet] = useState(false);
  const pick = useCallback((price: string) => {
    setDraft((now) => ((now.kind === "stop" && !now.stopLimit) ? { ...now, stop: price } : { ...now, kind: now.kind === "market" ? "limit" : now.kind, price }));
  }, []);
  useMarketFeed(market.symbol);
  useTradingKeys(useCallback((side) => change({ side }), [change]));
  useContextLine(`${market.base}/${market.quote} · ${t("mode.simulatedShort")}`);
  const ticket = useMemo(() => <Ticket market={market} draft={draft} change={change} />, [market, draft, change]);
  return (
    <div className="trade">
      <Strip symbol={market.symbol} />
      <Chart market={market} />
      <BookPane market={market} onPick={pick} />
      <Sheet open={sheet} onOpen={(side) => (side && change({ side }), setSheet(side !== null))} label={t("ticket.title")}>
        {ticket}
      </Sheet>
      <BelowPane />
    </div>
  );
}

export default function Trade() {
  const t = useText();
  const act = useAct();
  const [, go] = useLocation();
  const { symbol } = useParams<{ symbol?: string }>();
  const markets = useApp(selectMarkets);
  const preferred = useApp((state) => state.settings.symbol);
  const failed = useApp((state) => state.desk.failed.markets);
  const first = markets.has(preferred) ? preferred : [...markets.keys()][0];
  useEffect(() => {
    if (!symbol && first) go(`/trade/${first}`, { replace: true });
  }, [symbol, first, go]);
  useEffect(() => {
    if (symbol && markets.has(symbol)) act(chose({ symbol }));
  }, [symbol, markets, act]);
  const market = symbol ? markets.get(symbol) : undefined;
  if (market) return <Desk key={market.id} market={market} />;
  return (
    <div className="page">
      {failed ? (
        <ErrorNote what={t("overview.marketsFailed")} detail={failed.detail} requestId={failed.requestId} />
      ) : markets.size > 0 && symbol ? (
        <Empty action={<Link className="button" href={`/trade/${first ?? ""}`}>{t("trade.openFirst")}</Link>}>{t("trade.unknown", { symbol })}</Empty>
      ) : (
        <Loading rows={6} />
      )}
    </div>
  );
}
