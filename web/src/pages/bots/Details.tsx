/** One bot: equity, why it did or did not trade, what it holds, and the two acts that need a second thought. */
import { useCallback, useMemo, useState } from "react";
import { api, body } from "../../api/client";
import { useActions } from "../../app/actions";
import { useReading } from "../../app/reading";
import { useApp } from "../../app/store";
import * as D from "../../market/decimal";
import * as F from "../../market/format";
import { sweep } from "../../market/book";
import { useLink } from "../../market/link";
import { Dialog } from "../../parts/Dialog";
import { DeleteDialog } from "../../parts/DeleteDialog";
import { useWatchedBook } from "../../parts/DeskTables";
import { Series } from "../../parts/Series";
import { Empty, Loading } from "../../parts/states";
import { Panel, Tabs } from "../../parts/Tabs";
import { useText } from "../../text/lists";
import { useMore } from "../../text/more";
import type { Act } from "./Bots";
import { words } from "../strategies/params";
import { BracketFacts } from "../strategies/bracket";
import { brief } from "./bot";
import type { Bot, Decision } from "./bot";
import { Expected } from "./Expected";

const DECISIONS = 40;
const EQUITY_POINTS = 1_000;
const DECISIONS_EVERY = 2_000;
const EQUITY_EVERY = 20_000;

function Equity({ bot }: { bot: Bot }) {
  const m = useMore();
  const read = useCallback(() => body(api.GET("/api/bots/{bot_id}/equity", { params: { path: { bot_id: bot.id }, query: { limit: EQUITY_POINTS } } })), [bot.id]);
  const { value } = useReading(read, EQUITY_EVERY);
  const points = useMemo(() => value?.map((point) => ({ t: point.t / 1000, value: D.toNumber(D.of(point.equity)) })) ?? [], [value]);
  const [view, setView] = useState<"equity" | "expected">("equity");
  const tabs = [
    { id: "equity" as const, label: m("bots.equityOf", { name: bot.name }) },
    { id: "expected" as const, label: m("fan.tab") },
  ];
  return (
    <section className="card">
      <div className="card-head">
        <Tabs tabs={tabs} value={view} onChange={setView} label={m("bots.equityOf", { name: bot.name })} name="bot-curve" />
        <span className="fill" />
        {bot.equity == null ? null : (
          <span className="bot-equity">
            {F.amount(bot.equity, 2)} <span className="faint">{bot.quote}</span>
          </span>
        )}
      </div>
      <Panel name="bot-curve" value={view}>
        {value === null ? <Loading rows={4} /> : null}
        {value && points.length < 2 ? <Empty>{m("bots.equityNone")}</Empty> : null}
        {points.length < 2 ? null : view === "equity" ? <Series points={points} label={m("bots.equityOf", { name: bot.name })} /> : <Expected bot={bot} live={points} />}
      </Panel>
      <Facts bot={bot} />
    </section>
  );
}

function Facts({ bot }: { bot: Bot }) {
  const m = useMore();
  const params = Object.entries(bot.params);
  return (
    <div className="bot-facts">
      <div>
        <h3>{m("bots.params")}</h3>
        {params.length === 0 ? <p className="small faint">{m("bots.defaults")}</p> : null}
        <dl className="facts">
          {params.map(([name, value]) => (
            <div key={name}>
              <dt>{words(name)}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        {bot.bracket ? (
          <>
            <h3>{m("bracket.title")}</h3>
            <dl className="facts">
              <BracketFacts bracket={bot.bracket} />
            </dl>
          </>
        ) : null}
      </div>
      <div>
        <h3>{m("bots.holds")}</h3>
        <dl className="facts">
          {bot.assets.map((holding) => (
            <div key={holding.asset}>
              <dt>{holding.asset}</dt>
              <dd>{F.holding(D.of(holding.amount))}</dd>
            </div>
          ))}
          <div>
            <dt>{m("bots.orders")}</dt>
            <dd>{bot.working_orders}</dd>
          </div>
          <div>
            <dt>{m("bots.fees")}</dt>
            <dd>{F.amount(bot.fees, 2)}</dd>
          </div>
        </dl>
      </div>
    </div>
  );
}

function DecisionRow({ decision }: { decision: Decision }) {
  const m = useMore();
  const language = useApp((state) => state.settings.language);
  const values = Object.entries(decision.values);
  const at = Number.isNaN(Date.parse(decision.at)) ? decision.at : F.day(decision.at, language);
  return (
    <li>
      <time className="faint">{at.split(" ").slice(-1)[0]}</time>
      <div>
        <p className="strong">{words(decision.reason)}</p>
        {decision.denied ? <p className="warn">✕ {m("bots.denied", { why: words(decision.denied) })}</p> : null}
        {values.length > 0 ? (
          <p className="soft">
            {values.map(([name, value]) => (
              <span key={name}>
                {name.replaceAll("_", " ")} <b>{brief(value)}</b>
              </span>
            ))}
          </p>
        ) : null}
        {decision.times > 1 ? <p className="faint">{m("bots.times", { n: decision.times })}</p> : null}
      </div>
    </li>
  );
}

function Why({ bot, act, again }: { bot: Bot; act: (bot: Bot, act: Act) => Promise<void>; again: () => void }) {
  const m = useMore();
  const lost = useLink().way === "lost";
  const [asking, setAsking] = useState<"exit" | "delete" | null>(null);
  const read = useCallback(() => body(api.GET("/api/bots/{bot_id}/decisions", { params: { path: { bot_id: bot.id }, query: { limit: DECISIONS } } })), [bot.id]);
  const { value } = useReading(read, DECISIONS_EVERY);
  const newest = useMemo(() => [...(value ?? [])].reverse(), [value]);
  const active = bot.status === "running" || bot.status === "paused";
  const { done, failed } = useActions();
  const remove = async () => {
    try {
      await body(api.DELETE("/api/bots/{bot_id}", { params: { path: { bot_id: bot.id } } }));
      done(m("bots.deleted", { name: bot.name }));
    } catch (error) {
      failed(m("bots.actFailed"), error);
    }
    again();
  };
  return (
    <section className="card why">
      <div className="card-head">
        <h2>{m("bots.why")}</h2>
        <span className="fill" />
        {active ? (
          <button type="button" className="button danger small-button" disabled={lost} onClick={() => setAsking("exit")}>
            {m("bots.exit")}
          </button>
        ) : null}
        {bot.status !== "running" && bot.status !== "starting" ? (
          <button type="button" className="button small-button" disabled={lost} onClick={() => setAsking("delete")}>
            {m("bots.delete")}
          </button>
        ) : null}
      </div>
      {value === null ? <Loading rows={5} /> : null}
      {value?.length === 0 ? <Empty>{m("bots.whyNone")}</Empty> : null}
      <ol className="decisions" tabIndex={newest.length > 0 ? 0 : -1} aria-label={m("bots.why")}>
        {newest.map((decision, i) => (
          <DecisionRow key={`${decision.at}-${i}`} decision={decision} />
        ))}
      </ol>
      <ExitDialog bot={bot} open={asking === "exit"} onClose={() => setAsking(null)} act={act} />
      <DeleteDialog open={asking === "delete"} onClose={() => setAsking(null)} title={m("bots.deleteTitle", { name: bot.name })} text={m("bots.deleteText")} name={bot.name} onDelete={() => void remove()} />
    </section>
  );
}

/** What the visible book would pay, and how far that is from its best price. */
function Slip({ symbol, quantity }: { symbol: string; quantity: D.Decimal }) {
  const t = useText();
  const book = useWatchedBook(symbol);
  const levels = D.sign(quantity) > 0 ? book?.bids : book?.asks;
  const meets = levels ? sweep(levels, D.abs(quantity)) : null;
  if (!meets) return null;
  const best = D.of(levels?.[0]?.[0]);
  const slip = D.div(D.mul(D.abs(D.sub(meets.average, best)), { units: 100n, scale: 0 }), best);
  return (
    <span className="faint">
      {t("ticket.average")} {F.number(meets.average, D.decimalsOf(levels?.[0]?.[0] ?? "0.01"))}, {t("ticket.slippage")} {F.number(slip, 3)}%{meets.whole ? "" : `. ${t("ticket.thin")}`}
    </span>
  );
}

function ExitDialog({ bot, open, onClose, act }: { bot: Bot; open: boolean; onClose: () => void; act: (bot: Bot, act: Act) => Promise<void> }) {
  const t = useText();
  const m = useMore();
  const positions = bot.positions;
  return (
    <Dialog open={open} onClose={onClose} label={m("bots.exitTitle", { name: bot.name })}>
      <h2>{m("bots.exitTitle", { name: bot.name })}</h2>
      <p className="soft">{positions.length > 0 ? m("bots.exitText") : m("bots.exitNone")}</p>
      <ul>
        {positions.map((position) => {
          const quantity = D.of(position.quantity);
          return (
            <li key={position.symbol}>
              {D.sign(quantity) > 0 ? t("side.sell") : t("side.buy")} {F.number(D.abs(quantity))} {position.symbol.replace(/^local:/, "")} <Slip symbol={position.symbol.replace(/^local:/, "")} quantity={quantity} />
            </li>
          );
        })}
      </ul>
      {bot.working_orders > 0 ? <p className="soft">{m("bots.exitOrders", { n: bot.working_orders })}</p> : null}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          {t("action.cancel")}
        </button>
        <button type="button" className="button danger" onClick={() => (onClose(), void act(bot, "exit"))}>
          {m("bots.exit")}
        </button>
      </div>
    </Dialog>
  );
}

export function Details({ bot, act, again }: { bot: Bot; act: (bot: Bot, act: Act) => Promise<void>; again: () => void }) {
  return (
    <div className="columns">
      <Equity bot={bot} />
      <Why bot={bot} act={act} again={again} />
    </div>
  );
}
