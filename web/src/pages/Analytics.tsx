/** How one's trading went: the tear sheet of the account, from the server's own fold over all fills. */
import { useCallback, useMemo, useState } from "react";
import { api, body } from "../api/client";
import type { Schemas } from "../api/client";
import { useReading } from "../app/reading";
import { useApp } from "../app/store";
import { selectMarkets } from "../app/desk";
import * as D from "../market/decimal";
import * as F from "../market/format";
import { Figures } from "../parts/Figures";
import { Series } from "../parts/Series";
import type { Point } from "../parts/Series";
import { useUpdated } from "../parts/Shell";
import { Empty, ErrorNote, Loading } from "../parts/states";
import { Table } from "../parts/Table";
import type { Column } from "../parts/Table";
import { Choice } from "../parts/Tabs";
import { useText } from "../text/lists";
import { useMore } from "../text/more";
import "./analytics.css";

type Sheet = Schemas["AnalyticsSheet"];
type Part = Schemas["AnalyticsPart"];
const RANGES = ["7", "30", "90", "all"] as const;
const DAY_MS = 86_400_000;
const EVERY = 15_000;

/** The summed net result after each day; it begins at nothing. */
export function curve(days: readonly Part[]): Point[] {
  let sum = D.ZERO;
  const points = days.map((day) => {
    sum = D.add(sum, D.of(day.net_pnl));
    return { t: Date.parse(`${day.key}T00:00:00Z`) / 1000 + 86_400, value: D.toNumber(sum) };
  });
  const first = days[0];
  return first ? [{ t: Date.parse(`${first.key}T00:00:00Z`) / 1000, value: 0 }, ...points] : [];
}

function Parts({ rows, head, label, name }: { rows: readonly Part[]; head: string; label: string; name: (key: string) => string }) {
  const t = useText();
  const m = useMore();
  const columns = useMemo<Column<Part>[]>(
    () => [
      { id: "key", head, by: (row) => row.key, cell: (row) => <span className="strong">{name(row.key)}</span> },
      { id: "fills", head: m("analytics.fills"), align: "right", by: (row) => row.fills, cell: (row) => row.fills.toLocaleString("en-US") },
      { id: "volume", head: m("analytics.volume"), align: "right", rank: 2, by: (row) => D.toNumber(D.of(row.volume)), cell: (row) => F.amount(row.volume, 2) },
      { id: "fees", head: t("column.fee"), align: "right", rank: 1, by: (row) => D.toNumber(D.of(row.fees)), cell: (row) => F.amount(row.fees, 2) },
      { id: "net", head: m("analytics.net"), align: "right", by: (row) => D.toNumber(D.of(row.net_pnl)), cell: (row) => <span className={F.tone(D.of(row.net_pnl))}>{F.signed(D.of(row.net_pnl), 2)}</span> },
    ],
    [head, m, t, name],
  );
  return <Table columns={columns} rows={rows} id={(row) => row.key} label={label} />;
}

function figures(m: ReturnType<typeof useMore>, sheet: Sheet, language: string) {
  const signed = (text: string | null | undefined) => (text == null ? "–" : F.signed(D.of(text), 2));
  const hundred = { units: 100n, scale: 0 };
  const share = D.div(D.mul(D.of(sheet.fees), hundred), D.of(sheet.volume));
  const date = (at: string | null | undefined) => (at ? new Date(at).toLocaleDateString(language, { day: "numeric", month: "short" }) : "");
  return [
    { label: m("analytics.net"), value: signed(sheet.net_pnl), unit: sheet.currency, tone: F.tone(D.of(sheet.net_pnl)), note: m("analytics.netNote", { amount: signed(sheet.realised_pnl) }) },
    { label: m("analytics.winRate"), value: sheet.win_rate == null ? "–" : `${F.number(D.mul(D.of(sheet.win_rate), hundred), 1)}%`, note: m("analytics.winNote", { wins: sheet.wins, losses: sheet.losses }) },
    { label: m("analytics.factor"), value: F.amount(sheet.profit_factor, 2), note: m("analytics.factorNote") },
    { label: m("analytics.expectancy"), value: signed(sheet.expectancy), tone: F.tone(D.of(sheet.expectancy)), note: m("analytics.expectancyNote") },
    { label: m("analytics.drawdown"), value: F.amount(sheet.max_drawdown, 2), note: sheet.drawdown_from ? m("analytics.drawdownNote", { from: date(sheet.drawdown_from), to: date(sheet.drawdown_to) }) : "" },
    { label: m("analytics.turnover"), value: F.compact(sheet.volume), unit: sheet.currency, note: m("analytics.turnoverNote", { share: F.number(share, 3) }) },
  ];
}

function OneSheet({ sheet, at }: { sheet: Sheet; at: number | undefined }) {
  const m = useMore();
  const language = useApp((state) => state.settings.language);
  const markets = useApp(selectMarkets);
  const points = useMemo(() => curve(sheet.by_day), [sheet]);
  const days = useMemo(() => [...sheet.by_day].reverse(), [sheet]);
  const pairName = useCallback((symbol: string) => F.pair(markets.get(symbol), symbol), [markets]);
  const same = useCallback((key: string) => key, []);
  const net = D.of(sheet.net_pnl);
  return (
    <>
      <p className="lede">
        {m("analytics.lede", { n: sheet.fills })}
        {m(D.sign(net) < 0 ? "analytics.lost" : "analytics.made")}
        <span className={F.tone(net)}>
          {F.number(D.abs(net), 2)} {sheet.currency}
        </span>
        {m("analytics.after", { fees: F.amount(sheet.fees, 2) })}
      </p>
      <Figures items={figures(m, sheet, language)} at={at} />
      <section className="card">
        <div className="card-head">
          <h2>{m("analytics.curve")}</h2>
          <span className="faint">{m("analytics.curveNote")}</span>
        </div>
        <Series points={points} label={m("analytics.curve")} baseline />
      </section>
      <div className="columns analytics-parts">
        <section className="card">
          <div className="card-head">
            <h2>{m("analytics.byMarket")}</h2>
          </div>
          <Parts rows={sheet.by_symbol} head={m("bots.market")} label={m("analytics.byMarket")} name={pairName} />
        </section>
        <section className="card">
          <div className="card-head">
            <h2>{m("analytics.byDay")}</h2>
          </div>
          <Parts rows={days} head={m("analytics.day")} label={m("analytics.byDay")} name={same} />
        </section>
      </div>
    </>
  );
}

export default function Analytics() {
  const m = useMore();
  const [range, setRange] = useState<(typeof RANGES)[number]>("30");
  const read = useCallback(() => {
    const from = range === "all" ? {} : { from: new Date(Date.now() - Number(range) * DAY_MS).toISOString() };
    return body(api.GET("/api/analytics", { params: { query: from } }));
  }, [range]);
  const { value, failed, at, again } = useReading(read, EVERY);
  useUpdated(at);
  const sheets = value?.sheets.filter((sheet) => sheet.fills > 0) ?? [];
  return (
    <div className="page">
      <div className="analytics-range">
        <Choice options={RANGES.map((id) => ({ id, label: m(`analytics.range.${id}`) }))} value={range} onChange={setRange} label={m("analytics.range")} />
      </div>
      {failed ? <ErrorNote what={m("analytics.failed")} detail={failed.detail} requestId={failed.requestId} retry={again} /> : null}
      {value === null && !failed ? <Loading rows={6} /> : null}
      {value?.truncated ? <p className="warn">{m("analytics.truncated")}</p> : null}
      {sheets.map((sheet) => (
        <OneSheet key={sheet.currency} sheet={sheet} at={at} />
      ))}
      {value && sheets.length === 0 ? (
        <section className="card">
          <Empty>
            <br />
            {m("analytics.none")}
          </Empty>
        </section>
      ) : null}
    </div>
  );
}
