/** One back-test in full: the sentence, the figures, equity and underwater, months, round trips, and whether to believe it. */
import { memo, useCallback, useMemo, useState } from "react";
import { api, body } from "../../api/client";
import { useActions } from "../../app/actions";
import { save } from "../../app/csv";
import { useReading } from "../../app/reading";
import type { Reading } from "../../app/reading";
import { useApp } from "../../app/store";
import { PriceChart } from "../../chart/PriceChart";
import { testTrips } from "../../chart/trips";
import * as D from "../../market/decimal";
import * as F from "../../market/format";
import { Figures as FigureRow } from "../../parts/Figures";
import { Reasons } from "../../parts/Reasons";
import { Series } from "../../parts/Series";
import { Empty, ErrorNote, Loading } from "../../parts/states";
import { Table } from "../../parts/Table";
import type { Column } from "../../parts/Table";
import { Choice, Tabs } from "../../parts/Tabs";
import { useText } from "../../text/lists";
import { useMore } from "../../text/more";
import type { MoreText } from "../../text/more";
import { words } from "../strategies/params";
import { marketsOf, statusWord, title } from "./Backtests";
import { exits, growth, heldOn, isOver, measure, measureNames, percent, plain, underwater, years } from "./result";
import type { Backtest, Exit, RoundTrip, Year } from "./result";

const EQUITY_POINTS = 2_000;
const TRADES = 1_000;
/** Fewer round trips than this say little about a strategy: the usual rule of thumb for a mean. */
const TRADES_ENOUGH = 30;
/** Candles behind the trips: longer times are folded into wider ones. */
const CANDLES = 3_000;
const DAY_MS = 86_400_000;

function Lede({ test }: { test: Backtest }) {
  const m = useMore();
  const name = title(test);
  if (!isOver(test.status)) return <p className="lede">{m("tests.running", { name, percent: Math.round(test.progress) })}</p>;
  if (!test.result) {
    return (
      <>
        <p className="lede">{m("tests.ended", { name, status: statusWord(m, test.status) })}</p>
        {test.error ? <ErrorNote what={statusWord(m, test.status)} detail={test.error} /> : null}
      </>
    );
  }
  const made = test.result.return_pct;
  const days = test.from && test.to ? Math.max(1, Math.round((Date.parse(test.to) - Date.parse(test.from)) / DAY_MS)) : 1;
  return (
    <p className="lede">
      {m("tests.lede", { name, markets: marketsOf(test) })}
      {m(made < 0 ? "tests.lost" : "tests.made")}
      <span className={made > 0 ? "up" : made < 0 ? "down" : ""}>{Math.abs(made).toFixed(2)}%</span>
      {m("tests.in", { n: days, fall: percent(-Math.abs(test.result.max_drawdown_pct), 2) })}
    </p>
  );
}

function figures(m: MoreText, test: Backtest) {
  const result = test.result;
  if (!result) return [];
  const of = (name: string) => measure(test, name);
  const share = (value: number | null) => (value === null ? "–" : `${(value * 100).toFixed(1)}%`);
  const sharpe = of("sharpe");
  const recovery = of("recovery_days").value;
  const costs = D.add(D.of(result.fees), D.of(result.slippage));
  const costShare = D.div(D.mul(costs, { units: 100n, scale: 0 }), D.of(result.start_equity));
  return [
    { label: m("tests.return"), value: percent(result.return_pct, 2), tone: result.return_pct > 0 ? "up" : result.return_pct < 0 ? "down" : "", note: m("tests.ofStart", { amount: `${F.amount(result.start_equity, 0)} ${result.currency}` }) },
    { label: m("tests.drawdown"), value: percent(-Math.abs(result.max_drawdown_pct), 2), note: recovery === null ? m("tests.notRecovered") : m("tests.recovery", { n: Math.round(recovery) }) },
    { label: m("tests.sharpe"), value: plain(sharpe.value), note: sharpe.low !== null && sharpe.high !== null ? m("tests.interval", { low: plain(sharpe.low), high: plain(sharpe.high) }) : "" },
    { label: m("tests.sortino"), value: plain(of("sortino").value), note: m("tests.calmar", { value: plain(of("calmar").value) }) },
    { label: m("tests.factor"), value: plain(of("profit_factor").value), note: m("tests.winRate", { value: share(of("win_rate").value) }) },
    { label: m("tests.trades"), value: result.trades.toLocaleString("en-US"), note: m("tests.exposure", { value: share(of("exposure").value) }) },
    { label: m("tests.costs"), value: F.number(costs, 2), note: m("tests.costsNote", { share: F.number(costShare, 2) }) },
  ];
}

function Figures({ test }: { test: Backtest }) {
  const m = useMore();
  return <FigureRow items={figures(m, test)} />;
}

/** The candles of the test's time: the exchange's; where it has none of it, the test has seen what was imported. */
function usePrices(test: Backtest, symbol: string | undefined) {
  const read = useCallback(async () => {
    if (symbol === undefined) return [];
    const span = { ...(test.from ? { from: test.from } : {}), ...(test.to ? { to: test.to } : {}) };
    const query = { interval: test.interval, limit: CANDLES, ...span };
    const from = async (source?: string) => {
      const asked = source === undefined ? query : { ...query, source };
      return (await api.GET("/api/candles/{symbol}", { params: { path: { symbol }, query: asked } })).data?.candles ?? [];
    };
    const found = await from();
    return found.length > 0 ? found : from("archive");
  }, [symbol, test.interval, test.from, test.to]);
  return useReading(read);
}

/** What the run is held against besides other runs. */
const HOLD = "hold";

function useEquity(id: string | undefined) {
  const read = useCallback(
    async () => (id === undefined ? [] : body(api.GET("/api/backtests/{backtest_id}/equity", { params: { path: { backtest_id: id }, query: { limit: EQUITY_POINTS } } }))),
    [id],
  );
  return useReading(read);
}

function Curves({ test, others }: { test: Backtest; others: readonly Backtest[] }) {
  const m = useMore();
  const [view, setView] = useState<"equity" | "underwater">("equity");
  const [against, setAgainst] = useState("");
  const own = useEquity(test.id);
  const other = useEquity(against === "" || against === HOLD ? undefined : against);
  const prices = usePrices(test, against === HOLD ? test.symbols[0] : undefined);
  const lines = useMemo(() => {
    const of = view === "equity" ? growth : underwater;
    const held = heldOn(prices.value ?? [], Date.parse(test.to ?? ""));
    return { own: of(own.value ?? []), other: of(against === HOLD ? held : (other.value ?? [])) };
  }, [view, own.value, other.value, prices.value, against, test.to]);
  const candidates = others.filter((each) => each.id !== test.id && each.status === "done");
  // With several markets there is no one thing to hold.
  const holds = test.symbols.length === 1;
  const tabs = [
    { id: "equity" as const, label: m("tests.equity") },
    { id: "underwater" as const, label: m("tests.underwater") },
  ];
  return (
    <section className="card">
      <div className="card-head">
        <Tabs tabs={tabs} value={view} onChange={setView} label={m("tests.equity")} name="curve" />
        <span className="faint">{m("tests.percent")}</span>
        <span className="fill" />
        {candidates.length > 0 || holds ? (
          <label className="small soft compare">
            {m("tests.compare")}
            <select className="select" value={against} onChange={(event) => setAgainst(event.target.value)}>
              <option value="">{m("tests.nothing")}</option>
              {holds ? <option value={HOLD}>{m("tests.hold")}</option> : null}
              {candidates.map((each) => (
                <option key={each.id} value={each.id}>
                  {title(each)} · {marketsOf(each)}
                </option>
              ))}
            </select>
          </label>
        ) : null}
      </div>
      <div id="curve-panel" role="tabpanel" aria-labelledby={`curve-${view}`}>
        {own.failed ? <ErrorNote what={m("tests.failed")} detail={own.failed.detail} requestId={own.failed.requestId} retry={own.again} /> : null}
        {own.value === null && !own.failed ? <Loading rows={4} /> : null}
        {lines.own.length > 1 ? <Series points={lines.own} other={against === "" ? undefined : lines.other} label={m(view === "equity" ? "tests.equity" : "tests.underwater")} baseline sunken={view === "underwater"} /> : null}
      </div>
      <Months rows={years(own.value ?? [])} />
    </section>
  );
}

const Months = memo(function Months({ rows }: { rows: readonly Year[] }) {
  const m = useMore();
  const language = useApp((state) => state.settings.language);
  if (rows.length === 0) return null;
  const most = Math.max(1, ...rows.flatMap((row) => row.months.map((month) => Math.abs(month ?? 0))));
  const names = Array.from({ length: 12 }, (_, i) => new Date(Date.UTC(2026, i, 1)).toLocaleDateString(language, { month: "short", timeZone: "UTC" }));
  const cell = (value: number | null, key: string | number) => (
    <td key={key}>
      {value === null ? null : (
        <span className="heat" data-sign={Math.sign(Number(value.toFixed(1)))}>
          <i style={{ opacity: Math.min(1, 0.12 + (0.5 * Math.abs(value)) / most) }} />
          <b>{plain(value, 1).replace(/^(?=\d)/, value > 0.05 ? "+" : "")}</b>
        </span>
      )}
    </td>
  );
  return (
    <div className="months" tabIndex={0} role="region" aria-label={m("tests.monthly")}>
      <table>
        <caption>
          {m("tests.monthly")} <span className="faint">{m("tests.monthlyNote")}</span>
        </caption>
        <thead>
          <tr>
            <th scope="col">
              <span className="hidden-text">{m("tests.year")}</span>
            </th>
            {names.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
            <th scope="col">{m("tests.year")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.year}>
              <th scope="row">{row.year}</th>
              {row.months.map(cell)}
              {cell(row.whole, "whole")}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
});

function useTrades(id: string) {
  const read = useCallback(() => body(api.GET("/api/backtests/{backtest_id}/trades", { params: { path: { backtest_id: id }, query: { limit: TRADES } } })), [id]);
  return useReading(read);
}

function Trades({ test, trades: { value, failed, again } }: { test: Backtest; trades: Reading<RoundTrip[]> }) {
  const t = useText();
  const m = useMore();
  const language = useApp((state) => state.settings.language);
  const columns = useMemo<Column<RoundTrip>[]>(
    () => [
      { id: "entered", head: m("tests.entered"), by: (trade) => trade.opened, cell: (trade) => <span className="soft">{F.day(trade.opened, language)}</span> },
      { id: "held", head: m("tests.held"), align: "right", by: (trade) => trade.closed - trade.opened, cell: (trade) => F.age((trade.closed - trade.opened) / 1000), rank: 1 },
      { id: "side", head: t("column.side"), by: (trade) => trade.side, cell: (trade) => (trade.side === "short" ? t("side.short") : t("side.long")) },
      { id: "size", head: t("column.size"), align: "right", cell: (trade) => F.holding(D.of(trade.quantity)), rank: 2 },
      { id: "entry", head: t("column.entry"), align: "right", cell: (trade) => F.number(D.round(D.of(trade.entry), 2)) },
      { id: "exit", head: m("tests.exit"), align: "right", cell: (trade) => F.number(D.round(D.of(trade.exit), 2)) },
      { id: "reason", head: m("tests.reason"), rank: 2, by: (trade) => trade.reason, cell: (trade) => <span className="soft">{words(trade.reason) || "–"}</span> },
      { id: "worst", head: m("tests.worst"), align: "right", rank: 1, by: (trade) => D.toNumber(D.of(trade.mae)), cell: (trade) => <span className="soft">{F.number(D.of(trade.mae), 2)}</span> },
      { id: "pnl", head: m("tests.profit"), align: "right", by: (trade) => D.toNumber(D.of(trade.pnl)), cell: (trade) => <span className={F.tone(D.round(D.of(trade.pnl), 2))}>{F.signed(D.of(trade.pnl), 2)}</span> },
    ],
    [m, t, language],
  );
  return (
    <section className="card trades-card">
      <div className="card-head">
        <h2>{m("tests.roundTrips")}</h2>
        <span className="faint">
          {(test.result?.trades ?? 0) > TRADES ? m("tests.firstOf", { shown: TRADES.toLocaleString("en-US"), n: (test.result?.trades ?? 0).toLocaleString("en-US") }) : test.result?.trades.toLocaleString("en-US")}
        </span>
      </div>
      {failed ? <ErrorNote what={m("tests.failed")} detail={failed.detail} requestId={failed.requestId} retry={again} /> : null}
      {value === null && !failed ? <Loading rows={5} /> : null}
      {value ? <Table columns={columns} rows={value} id={(trade) => `${trade.symbol}-${trade.opened}-${trade.closed}-${trade.entry}`} label={m("tests.roundTrips")} empty={<Empty>{m("tests.noTrades")}</Empty>} /> : null}
    </section>
  );
}

/** What each way out earned. */
function Exits({ trades }: { trades: readonly RoundTrip[] }) {
  const m = useMore();
  const rows = useMemo(() => exits(trades), [trades]);
  const columns = useMemo<Column<Exit>[]>(
    () => [
      { id: "reason", head: m("tests.reason"), by: (row) => row.reason, cell: (row) => <span className="strong">{words(row.reason) || m("tests.reasonNone")}</span> },
      { id: "count", head: m("tests.trades"), align: "right", by: (row) => row.count, cell: (row) => row.count.toLocaleString("en-US") },
      { id: "won", head: m("tests.won"), align: "right", by: (row) => row.won, cell: (row) => `${(row.won * 100).toFixed(1)}%` },
      { id: "held", head: m("tests.held"), align: "right", rank: 1, by: (row) => row.held, cell: (row) => F.age(row.held / 1000) },
      { id: "mean", head: m("tests.mean"), align: "right", rank: 2, by: (row) => row.mean, cell: (row) => <span className={row.mean > 0 ? "up" : row.mean < 0 ? "down" : ""}>{percent(row.mean, 3)}</span> },
      { id: "sum", head: m("tests.profit"), align: "right", by: (row) => D.toNumber(row.sum), cell: (row) => <span className={F.tone(D.round(row.sum, 2))}>{F.signed(row.sum, 2)}</span> },
    ],
    [m],
  );
  if (rows.length === 0) return null;
  return (
    <section className="card">
      <div className="card-head">
        <h2>{m("tests.exits")}</h2>
      </div>
      <Table columns={columns} rows={rows} id={(row) => row.reason} label={m("tests.exits")} />
    </section>
  );
}

/** An instrument without its venue: `local:BTCUSDT`, `file:BTC-PERP`. */
const bare = (name: string) => name.replace(/^\w+:/, "");

/** The candles of the test's time with its trips: of one instrument at a time. */
function Prices({ test, trades }: { test: Backtest; trades: readonly RoundTrip[] }) {
  const m = useMore();
  const [symbol, setSymbol] = useState(test.symbols[0] ?? "");
  const { value, failed, again } = usePrices(test, symbol);
  const trips = useMemo(() => testTrips(trades.filter((trade) => bare(trade.symbol) === bare(symbol))), [trades, symbol]);
  const decimals = value?.[0] ? D.decimalsOf(value[0].c) : 2;
  return (
    <section className="card">
      <div className="card-head">
        <h2>{m("tests.onChart")}</h2>
        <span className="faint">
          {bare(symbol)} {test.interval}
        </span>
        <span className="fill" />
        {test.symbols.length > 1 ? <Choice options={test.symbols.map((id) => ({ id, label: bare(id) }))} value={symbol} onChange={setSymbol} label={m("new.market")} /> : null}
      </div>
      {failed ? <ErrorNote what={m("tests.pricesFailed")} detail={failed.detail} requestId={failed.requestId} retry={again} /> : null}
      {value === null && !failed ? <Loading rows={5} /> : null}
      {value?.length === 0 ? <Empty>{m("tests.pricesNone")}</Empty> : null}
      {value && value.length > 0 ? <PriceChart candles={value} decimals={Math.max(2, decimals)} trips={trips} whole label={m("tests.onChartSay", { n: trips.length, market: bare(symbol) })} /> : null}
    </section>
  );
}

function Trust({ test, again }: { test: Backtest; again: () => void }) {
  const m = useMore();
  const result = test.result;
  if (!result) return null;
  const chance = (name: string, label: string) => {
    const value = measure(test, name).value;
    return value === null ? null : { good: value >= 0.95, text: label, detail: `${(value * 100).toFixed(1)}%` };
  };
  const rows = [
    { good: result.trades >= TRADES_ENOUGH, text: result.trades >= TRADES_ENOUGH ? m("tests.many") : m("tests.few"), detail: result.trades.toLocaleString("en-US") },
    chance("probabilistic_sharpe", m("tests.luck")),
    chance("deflated_sharpe", m("tests.deflated")),
    ...result.warnings.map((warning) => ({ good: false, text: warning, detail: "" })),
    result.warnings.length === 0 ? { good: true, text: m("tests.noWarning"), detail: "" } : null,
  ].filter((row) => row !== null);
  return (
    <section className="card">
      <div className="card-head">
        <h2>{m("tests.trust")}</h2>
      </div>
      <Reasons rows={rows} />
      <Measures test={test} />
      <Buttons test={test} again={again} />
    </section>
  );
}

function Measures({ test }: { test: Backtest }) {
  const m = useMore();
  return (
    <details className="measures">
      <summary className="soft">{m("tests.measures")}</summary>
      <dl className="facts">
        {measureNames(test).map((name) => {
          const it = measure(test, name);
          return (
            <div key={name}>
              <dt>{words(name)}</dt>
              <dd>
                {plain(it.value, 4)} <span className="faint">{it.unit}</span>
              </dd>
            </div>
          );
        })}
        <div>
          <dt>{m("tests.hash")}</dt>
          <dd className="mono">{test.result_hash?.slice(0, 16) ?? "–"}</dd>
        </div>
      </dl>
    </details>
  );
}

function Buttons({ test, again }: { test: Backtest; again: () => void }) {
  const m = useMore();
  const { failed } = useActions();
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      failed(m("tests.notDone"), error);
    }
  };
  const params = { params: { path: { backtest_id: test.id } } };
  const report = () => attempt(async () => save(`backtest-${test.id}.html`, await body(api.GET("/api/backtests/{backtest_id}/report", { ...params, parseAs: "text" }))));
  const remove = () =>
    attempt(async () => {
      await body(api.DELETE("/api/backtests/{backtest_id}", params));
      again();
    });
  return (
    <div className="test-buttons">
      <button type="button" className="button small-button" onClick={() => void report()}>
        {m("tests.report")}
      </button>
      <button type="button" className="button small-button" onClick={() => void remove()}>
        {m("tests.delete")}
      </button>
    </div>
  );
}

function Body({ test, others, again }: { test: Backtest; others: readonly Backtest[]; again: () => void }) {
  const trades = useTrades(test.id);
  const list = trades.value ?? NONE;
  return (
    <>
      <Curves test={test} others={others} />
      <Prices test={test} trades={list} />
      <div className="columns">
        <div className="stack">
          <Exits trades={list} />
          <Trades test={test} trades={trades} />
        </div>
        <Trust test={test} again={again} />
      </div>
    </>
  );
}

const NONE: RoundTrip[] = [];

export const Result = { Lede, Figures, Body };
