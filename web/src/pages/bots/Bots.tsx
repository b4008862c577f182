/** All bots at a glance, and the chosen one in full. */
import { useCallback, useMemo, useState } from "react";
import { useLocation, useParams } from "wouter";
import { api, body } from "../../api/client";
import { useActions } from "../../app/actions";
import { useReading } from "../../app/reading";
import * as D from "../../market/decimal";
import * as F from "../../market/format";
import { useLink } from "../../market/link";
import { Figures } from "../../parts/Figures";
import { useUpdated } from "../../parts/Shell";
import { Empty, ErrorNote, Fresh, Loading, OLD_S } from "../../parts/states";
import { Table } from "../../parts/Table";
import type { Column } from "../../parts/Table";
import { useText } from "../../text/lists";
import { useMore } from "../../text/more";
import type { MoreText } from "../../text/more";
import { words } from "../strategies/params";
import { needsYou, returned, together } from "./bot";
import type { Bot } from "./bot";
import { Details } from "./Details";
import { NewBot } from "./NewBot";
import "./bots.css";

const EVERY = 4_000;
const readBots = () => body(api.GET("/api/bots"));

export function statusWord(m: MoreText, status: string): string {
  switch (status) {
    case "starting":
      return m("bots.status.starting");
    case "paused":
      return m("bots.status.paused");
    case "running":
      return m("bots.status.running");
    case "stopped":
      return m("bots.status.stopped");
    case "failed":
      return m("bots.status.failed");
    default:
      return status;
  }
}

export function stateDot(bot: Bot): string {
  return bot.status === "failed" ? "crit" : needsYou(bot) ? "warn" : bot.status === "running" ? "on" : "off";
}

export type Act = "start" | "pause" | "stop" | "exit";

/** Does something with a bot and says how it went. */
export function useBotActs(again: () => void): (bot: Bot, act: Act) => Promise<void> {
  const m = useMore();
  const { done, failed } = useActions();
  return useCallback(
    async (bot, act) => {
      const params = { params: { path: { bot_id: bot.id } } };
      const calls = {
        start: () => api.POST("/api/bots/{bot_id}/start", params),
        pause: () => api.POST("/api/bots/{bot_id}/pause", params),
        stop: () => api.POST("/api/bots/{bot_id}/stop", params),
        exit: () => api.POST("/api/bots/{bot_id}/exit", params),
      };
      const says = { start: "bots.started", pause: "bots.pausedDone", stop: "bots.stopped", exit: "bots.exited" } as const;
      try {
        await body<Bot>(calls[act]());
        done(m(says[act], { name: bot.name }));
      } catch (error) {
        failed(m("bots.actFailed"), error);
      }
      again();
    },
    [again, done, failed, m],
  );
}

function Lede({ bots }: { bots: readonly Bot[] }) {
  const m = useMore();
  const running = bots.filter((bot) => bot.status === "running").length;
  const paused = bots.filter((bot) => bot.status === "paused").length;
  const needs = bots.filter(needsYou).length;
  const all = together(bots);
  const result = D.round(all.profit, 2);
  const figure = D.sign(result) === 0 ? m("bots.even") : m(D.sign(result) > 0 ? "bots.up" : "bots.down", { amount: `${F.number(D.abs(result))} ${all.asset}` });
  return (
    <p className="lede">
      {running === 0 ? m("bots.ledeNone") : m("bots.lede", { n: running })}
      {paused > 0 ? m("bots.ledePaused", { n: paused }) : m("bots.ledeEnd")}
      {m("bots.ledeTogether")}
      <span className={F.tone(result)}>{figure}</span>
      {needs > 0 ? m("bots.needs", { n: needs }) : m("bots.fine")}
    </p>
  );
}

function figures(m: MoreText, bots: readonly Bot[]) {
  const all = together(bots);
  const running = bots.filter((bot) => bot.status === "running").length;
  const decisions = bots.reduce((sum, bot) => sum + bot.decisions, 0);
  return [
    { label: m("bots.equity"), value: F.number(all.equity, 2), unit: all.asset },
    { label: m("bots.profit"), value: F.signed(all.profit, 2), tone: F.tone(D.round(all.profit, 2)), note: m("bots.sinceStart") },
    { label: m("bots.running"), value: String(running), note: m("bots.of", { n: bots.length }) },
    { label: m("bots.fees"), value: F.number(all.fees, 2), note: m("bots.sinceStart") },
    { label: m("bots.decisions"), value: decisions.toLocaleString("en-US"), note: m("bots.sinceStart") },
  ];
}

export function BotButtons({ bot, act }: { bot: Bot; act: (bot: Bot, act: Act) => Promise<void> }) {
  const m = useMore();
  const lost = useLink().way === "lost";
  const button = (what: Act, word: string) => (
    <button
      key={what}
      type="button"
      className="button small-button"
      disabled={lost}
      onClick={(event) => {
        event.stopPropagation();
        void act(bot, what);
      }}
    >
      {word}
    </button>
  );
  if (bot.status === "running") return <span className="bot-buttons">{[button("pause", m("bots.pause")), button("stop", m("bots.stop"))]}</span>;
  if (bot.status === "starting") return null;
  return <span className="bot-buttons">{button("start", m("bots.start"))}</span>;
}

/** How far it has fallen from its highest, of what it may. */
function Drawdown({ bot }: { bot: Bot }) {
  const m = useMore();
  const [fallen, limit] = [bot.drawdown_bips, bot.drawdown_max_bips];
  if (fallen == null) return <span className="faint">–</span>;
  const words = (bips: number) => `${bips === 0 ? "" : "−"}${(bips / 100).toFixed(2)}`;
  if (limit == null) return <span className="soft">{words(fallen)}%</span>;
  const share = limit > 0 ? Math.min(1, fallen / limit) : 1;
  return (
    <span className="drawdown">
      <span className="meter" aria-hidden="true">
        <i data-state={share >= 1 ? "crit" : share >= 0.6 ? "warn" : undefined} style={{ width: `${share * 100}%` }} />
      </span>
      <span className={share >= 0.6 ? "warn" : "soft"}>{m("bots.drawdownOf", { fallen: words(fallen), limit: words(limit) })}</span>
    </span>
  );
}

function BotTable({ bots, chosen, onChoose, act }: { bots: readonly Bot[]; chosen: string | undefined; onChoose: (id: string) => void; act: (bot: Bot, act: Act) => Promise<void> }) {
  const t = useText();
  const m = useMore();
  const columns = useMemo<Column<Bot>[]>(
    () => [
      {
        id: "name",
        head: m("bots.column"),
        by: (bot) => bot.name,
        cell: (bot) => (
          <button type="button" className="bot-name" onClick={() => onChoose(bot.id)}>
            <b className="strong">{bot.name}</b> <span className="faint">{bot.strategy}</span>
          </button>
        ),
      },
      { id: "state", head: m("bots.state"), by: (bot) => bot.status, cell: (bot) => <span className="dot" data-state={stateDot(bot)} title={bot.status_reason ?? undefined}>{statusWord(m, bot.status)}</span> },
      { id: "market", head: m("bots.market"), cell: (bot) => <span className="soft">{bot.markets.map((market) => `${market.symbol.replace(/^local:/, "")} ${market.interval}`).join(", ")}</span>, rank: 3 },
      {
        id: "return",
        head: m("bots.return"),
        align: "right",
        by: (bot) => D.toNumber(returned(bot) ?? D.ZERO),
        cell: (bot) => {
          const share = returned(bot);
          return share ? <span className={F.tone(D.round(share, 2))}>{F.percent(share)}</span> : "–";
        },
      },
      { id: "profit", head: m("bots.profit"), align: "right", rank: 4, by: (bot) => D.toNumber(D.of(bot.profit)), cell: (bot) => (bot.profit == null ? "–" : <span className={F.tone(D.round(D.of(bot.profit), 2))}>{F.signed(D.of(bot.profit), 2)}</span>) },
      { id: "drawdown", head: m("bots.drawdown"), rank: 2, by: (bot) => bot.drawdown_bips ?? -1, cell: (bot) => <Drawdown bot={bot} /> },
      { id: "last", head: m("bots.last"), rank: 1, cell: (bot) => (bot.last_decision ? <span className="soft">{words(bot.last_decision.reason)}</span> : <span className="faint">–</span>) },
      { id: "act", head: <span className="hidden-text">{t("column.actions")}</span>, align: "right", pinned: true, cell: (bot) => <BotButtons bot={bot} act={act} /> },
    ],
    [t, m, onChoose, act],
  );
  return <Table columns={columns} rows={bots} id={(bot) => bot.id} label={m("bots.list")} selected={chosen ?? null} onSelect={(bot) => onChoose(bot.id)} />;
}

export default function Bots() {
  const m = useMore();
  const [, go] = useLocation();
  const { id } = useParams<{ id?: string }>();
  const { value, failed, at, again } = useReading(readBots, EVERY, "bots");
  const [making, setMaking] = useState(false);
  useUpdated(at);
  const act = useBotActs(again);
  const choose = useCallback((bot: string) => go(`/bots/${bot}`), [go]);
  const bots = value ?? [];
  const chosen = bots.find((bot) => bot.id === id) ?? bots[0];
  return (
    <div className="page">
      {bots.length > 0 ? <Lede bots={bots} /> : null}
      {bots.length > 0 ? <Figures items={figures(m, bots)} at={at} /> : null}
      {failed ? <ErrorNote what={m("bots.failed")} detail={failed.detail} requestId={failed.requestId} retry={again} /> : null}
      <section className="card">
        <div className="card-head">
          <h2>{m("bots.list")}</h2>
          <span className="fill" />
          <button type="button" className="button ink small-button" onClick={() => setMaking(true)}>
            {m("bots.new")}
          </button>
        </div>
        {value === null && !failed ? <Loading rows={3} /> : null}
        {value && bots.length === 0 ? <Empty command="tradewind bot create ema-cross --market BTCUSDT">{m("bots.empty")}</Empty> : null}
        {bots.length > 0 ? (
          <Fresh at={at} max={OLD_S}>
            <BotTable bots={bots} chosen={chosen?.id} onChoose={choose} act={act} />
          </Fresh>
        ) : null}
      </section>
      {chosen ? <Details key={chosen.id} bot={chosen} act={act} again={again} /> : null}
      <NewBot
        open={making}
        onClose={() => setMaking(false)}
        onMade={(bot) => {
          setMaking(false);
          again();
          choose(bot.id);
        }}
      />
    </div>
  );
}
