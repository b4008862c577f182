/** Is everything fine, and what changed today: one sentence, five figures, then the details behind them. */
import { useEffect, useMemo, useState } from "react";
import { Link } from "wouter";
import { api, body } from "../api/client";
import { useAttention } from "../app/attention";
import { selectFills, selectHalted, selectLive, selectPositions } from "../app/desk";
import type { Fill, Market } from "../app/desk";
import { useReading } from "../app/reading";
import { useApp } from "../app/store";
import { exposed, holdings, homeAsset, midnight, openProfit, since, sum } from "../app/worth";
import type { Holding, Today } from "../app/worth";
import * as D from "../market/decimal";
import type { Decimal } from "../market/decimal";
import * as F from "../market/format";
import { tickers as tickerChannel, useChannel, useTickers } from "../market/hub";
import type { Ticker } from "../market/hub";
import { useLink } from "../market/link";
import { Figures } from "../parts/Figures";
import { FillsTable, OrdersTable, PositionsTable } from "../parts/DeskTables";
import { Spark } from "../parts/Spark";
import { useUpdated } from "../parts/Shell";
import { Empty, ErrorNote, Fresh, Loading, OLD_S, TICKERS_OLD_S } from "../parts/states";
import { Table } from "../parts/Table";
import type { Column } from "../parts/Table";
import { useText } from "../text/lists";
import type { Text } from "../text/lists";
import { needsYou } from "./bots/bot";
import "./overview.css";

/** Hours of the small lines. */
const HOURS = 24;
/** How often the day's sums and the bots are asked for, ms. */
const [TODAY_EVERY, BOTS_EVERY] = [15_000, 10_000];
/** Fills in the card. */
const FILLS_SHOWN = 8;

interface Summary {
  home: string;
  held: Holding[];
  worth: Decimal;
  open: Decimal;
  today: Today;
  exposure: Decimal;
}

const readToday = () => body(api.GET("/api/analytics", { params: { query: { from: new Date(midnight(new Date())).toISOString() } } }));

/** The day's sums of the server, over all fills, as soon as they are there; until then those of the newest fills. */
function useToday(home: string, fills: readonly Fill[], near: Today): Today {
  const { value, again } = useReading(readToday, TODAY_EVERY);
  const newest = fills[0]?.id;
  useEffect(() => {
    if (newest !== undefined) again();
  }, [newest, again]);
  return useMemo(() => {
    if (!value) return near;
    const sheet = value.sheets.find((each) => each.currency === home);
    return { realised: D.of(sheet?.realised_pnl), fees: D.of(sheet?.fees), fills: sheet?.fills ?? 0 };
  }, [value, home, near]);
}

function useSummary(): Summary {
  const { markets, balances } = useApp((state) => state.desk);
  const positions = useApp(selectPositions);
  const fills = useApp(selectFills);
  const tickers = useTickers();
  const home = useMemo(() => homeAsset(markets), [markets]);
  const near = useMemo(() => since(midnight(new Date()), fills, home, markets, tickers), [fills, home, markets, tickers]);
  const today = useToday(home, fills, near);
  return useMemo(() => {
    const held = holdings(balances, home, markets, tickers);
    const worth = sum(held.map((holding) => holding.value));
    const exposure = D.div(D.mul(exposed(positions, home, markets, tickers), { units: 100n, scale: 0 }), worth);
    return { home, held, worth, open: openProfit(positions, home, markets, tickers), today, exposure };
  }, [home, today, markets, balances, positions, tickers]);
}

const readBots = () => body(api.GET("/api/bots"));

/** What needs somebody, each with the page that tells more. */
function useNeeds(): { to: string; text: string }[] {
  const t = useText();
  const { firing, parts } = useAttention();
  const bots = useReading(readBots, BOTS_EVERY).value?.filter(needsYou).length ?? 0;
  return [
    ...(parts === "degraded" || parts === "down" ? [{ to: "/monitoring", text: t("needs.parts") }] : []),
    ...(firing > 0 ? [{ to: "/alerts", text: t("needs.alerts", { n: firing }) }] : []),
    ...(bots > 0 ? [{ to: "/bots", text: t("needs.bots", { n: bots }) }] : []),
  ];
}

/** The sentence: connection first, then the kill switch, then what is open and what today made. */
function useSentence(summary: Summary, needed: boolean): { before: string; figure: string; tone: string; after: string } {
  const t = useText();
  const { way } = useLink();
  const positions = useApp(selectPositions).length;
  const orders = useApp(selectLive).length;
  const halted = useApp(selectHalted).length > 0;
  const day = D.add(D.sub(summary.today.realised, summary.today.fees), summary.open);
  const plain = (before: string) => ({ before, figure: "", tone: "", after: "" });
  if (way === "lost") return plain(t("overview.lost"));
  if (halted) return plain(t("overview.halted", { n: positions }));
  if (positions === 0 && orders === 0 && summary.today.fills === 0) return plain(t(needed ? "overview.quietBut" : "overview.quiet"));
  const before = `${positions === 0 ? t("overview.noPosition") : t("overview.positions", { n: positions })} ${
    orders === 0 ? t("overview.noOrder") : t("overview.orders", { n: orders })
  } ${t("overview.together")} `;
  const after = t(needed ? "overview.but" : "overview.fine");
  if (D.sign(D.round(day, 2)) === 0) return { before, figure: t("overview.even"), tone: "", after };
  const figure = t(D.sign(day) > 0 ? "overview.upBy" : "overview.downBy", { amount: `${F.number(D.abs(day), 2)} ${summary.home}` });
  return { before, figure, tone: F.tone(day), after };
}

function Lede({ summary }: { summary: Summary }) {
  const found = useNeeds();
  const silent = useLink().way === "lost";
  const halted = useApp(selectHalted).length > 0;
  const needs = silent || halted ? [] : found;
  const said = useSentence(summary, needs.length > 0);
  return (
    <p className="lede">
      {said.before}
      {said.figure ? <span className={said.tone}>{said.figure}</span> : null}
      {said.after}
      {needs.map(({ to, text }, i) => (
        <span key={to}>
          {i > 0 ? ", " : ""}
          <Link href={to} className="link warn">
            {text}
          </Link>
          {i === needs.length - 1 ? "." : ""}
        </span>
      ))}
    </p>
  );
}

function figures(t: Text, summary: Summary, positions: number) {
  const { home, worth, open, today, exposure } = summary;
  const net = D.sub(today.realised, today.fees);
  return [
    { label: t("figure.worth"), value: F.number(worth, 2), unit: home, note: t("figure.worthNote", { n: summary.held.length }) },
    { label: t("figure.today"), value: F.signed(net, 2), tone: F.tone(net), note: t("figure.todayNote", { n: today.fills }) },
    { label: t("figure.open"), value: F.signed(open, 2), tone: F.tone(open), note: t("figure.openNote", { n: positions }) },
    { label: t("figure.exposure"), value: `${F.number(exposure, 1)}%`, note: t("figure.exposureNote") },
    { label: t("figure.fees"), value: F.number(today.fees, 2), note: t("figure.feesNote") },
  ];
}

/** Hourly closes of all markets, read once a minute in one request. */
function useSparks(markets: readonly Market[]): ReadonlyMap<string, number[]> {
  const [lines, setLines] = useState<ReadonlyMap<string, number[]>>(new Map());
  useEffect(() => {
    if (markets.length === 0) return;
    let over = false;
    const read = async () => {
      const requests = markets.slice(0, 50).map(({ symbol }) => ({ symbol, interval: "1h", limit: HOURS }));
      const all = await body(api.POST("/api/candles/batch", { body: { requests } })).catch(() => []);
      if (!over && all.length > 0) setLines(new Map(all.map((one) => [one.symbol, one.candles.map((c) => D.toNumber(D.of(c.c)))])));
    };
    void read();
    const timer = setInterval(() => void read(), 60_000);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [markets]);
  return lines;
}

interface MarketRow {
  market: Market;
  ticker: Ticker | undefined;
  line: number[];
}

function MarketsCard() {
  const t = useText();
  const markets = useApp((state) => state.desk.markets);
  const failed = useApp((state) => state.desk.failed.markets);
  const tickers = useTickers();
  const at = useChannel(tickerChannel)?.at;
  const lines = useSparks(markets);
  const rows = useMemo(
    () => markets.map((market) => ({ market, ticker: tickers.get(market.symbol), line: lines.get(market.symbol) ?? [] })),
    [markets, tickers, lines],
  );
  const columns = useMemo<Column<MarketRow>[]>(
    () => [
      {
        id: "market",
        head: t("column.market"),
        by: (row) => row.market.symbol,
        cell: ({ market }) => (
          <Link className="strong market-link" href={`/trade/${market.symbol}`}>
            {market.base}
            <span className="faint">/{market.quote}</span>
          </Link>
        ),
      },
      { id: "line", head: t("column.day"), cell: ({ line }) => <Spark values={line} label={t("column.day")} />, rank: 2 },
      { id: "last", head: t("column.last"), align: "right", by: ({ ticker }) => D.toNumber(D.of(ticker?.last)), cell: ({ ticker, market }) => F.amount(ticker?.last, D.decimalsOf(market.tick)) },
      {
        id: "change",
        head: t("column.change"),
        align: "right",
        by: ({ ticker }) => D.toNumber(D.of(ticker?.change_percent)),
        cell: ({ ticker }) => {
          const change = D.of(ticker?.change_percent);
          return ticker?.change_percent == null ? "–" : <span className={F.tone(change)}>{F.percent(change)}</span>;
        },
      },
      { id: "range", head: t("column.range"), cell: ({ ticker }) => <Range ticker={ticker} />, rank: 1 },
      { id: "volume", head: t("column.volume"), align: "right", by: ({ ticker }) => D.toNumber(D.of(ticker?.quote_volume)), cell: ({ ticker, market }) => <>{F.compact(ticker?.quote_volume)} <span className="faint">{market.quote}</span></>, rank: 2 },
    ],
    [t],
  );
  return (
    <section className="card">
      <div className="card-head">
        <h2>{t("overview.markets")}</h2>
        <span className="faint">{t("overview.last24")}</span>
      </div>
      {failed && rows.length === 0 ? (
        <ErrorNote what={t("overview.marketsFailed")} detail={failed.detail} requestId={failed.requestId} />
      ) : rows.length === 0 ? (
        <Loading rows={6} />
      ) : (
        <Fresh at={at} max={TICKERS_OLD_S}>
          <Table columns={columns} rows={rows} id={(row) => row.market.id} label={t("overview.markets")} />
        </Fresh>
      )}
    </section>
  );
}

/** Where the last price stands between the day's lowest and highest. */
function Range({ ticker }: { ticker: Ticker | undefined }) {
  const t = useText();
  const [low, high, last] = [D.of(ticker?.low), D.of(ticker?.high), D.of(ticker?.last)].map(D.toNumber) as [number, number, number];
  if (!(high > low)) return <span className="faint">–</span>;
  const at = Math.max(0, Math.min(1, (last - low) / (high - low)));
  return (
    <span className="range" role="img" aria-label={t("overview.rangeSay", { percent: Math.round(at * 100) })}>
      <i style={{ left: `${at * 100}%` }} />
    </span>
  );
}

function HoldingsCard({ summary }: { summary: Summary }) {
  const t = useText();
  const read = useApp((state) => state.desk.at.balances);
  return (
    <section className="card">
      <div className="card-head">
        <h2>{t("overview.holdings")}</h2>
        <span className="faint">{t("overview.valuedIn", { asset: summary.home })}</span>
      </div>
      {read === undefined ? <Loading rows={4} /> : null}
      <Fresh at={read} max={OLD_S}>
        <ul className="holdings">
          {summary.held.map((holding) => {
            const share = holding.value ? D.toNumber(D.div(holding.value, summary.worth)) * 100 : 0;
            return (
              <li key={holding.asset}>
                <b>{holding.asset}</b>
                <span className="bar" aria-hidden="true">
                  <i style={{ width: `${share}%` }} />
                </span>
                <span className="right">{F.holding(holding.total)}</span>
                <span className="right faint">{holding.value ? `${share.toFixed(1)}%` : "–"}</span>
              </li>
            );
          })}
        </ul>
      </Fresh>
    </section>
  );
}

export default function Overview() {
  const t = useText();
  const summary = useSummary();
  const positions = useApp(selectPositions);
  const orders = useApp(selectLive);
  const fills = useApp(selectFills);
  const { at, failed } = useApp((state) => state.desk);
  useUpdated(at.balances);
  return (
    <div className="page">
      <Lede summary={summary} />
      <Figures items={figures(t, summary, positions.length)} at={at.balances} />
      {failed.balances ? <ErrorNote what={t("overview.accountFailed")} detail={failed.balances.detail} requestId={failed.balances.requestId} /> : null}
      <div className="columns">
        <MarketsCard />
        <HoldingsCard summary={summary} />
      </div>
      <div className="columns">
        <div className="stack">
          <section className="card">
            <div className="card-head">
              <h2>{t("desk.positions")}</h2>
            </div>
            {positions.length === 0 ? (
              <Empty action={<Link className="button" href="/trade">{t("overview.openTrade")}</Link>}>{t("desk.noPositions")}</Empty>
            ) : (
              <PositionsTable rows={positions} />
            )}
          </section>
          <section className="card">
            <div className="card-head">
              <h2>{t("desk.open")}</h2>
            </div>
            {orders.length === 0 ? <Empty>{t("desk.noOrders")}</Empty> : <OrdersTable rows={orders} />}
          </section>
        </div>
        <section className="card">
          <div className="card-head">
            <h2>{t("overview.recent")}</h2>
            <span className="fill" />
            <Link className="small soft" href="/orders">
              {t("overview.all")}
            </Link>
          </div>
          {fills.length === 0 ? <Empty>{t("desk.noFills")}</Empty> : <FillsTable rows={fills.slice(0, FILLS_SHOWN)} short />}
        </section>
      </div>
    </div>
  );
}
