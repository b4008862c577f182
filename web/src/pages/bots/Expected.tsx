/** The bot's live result on the fan that its own back-test opens; without a back-test, the button that runs one. */
import { useCallback, useMemo } from "react";
import { Link } from "wouter";
import { api, body } from "../../api/client";
import { useActions } from "../../app/actions";
import { useReading } from "../../app/reading";
import * as D from "../../market/decimal";
import { Series } from "../../parts/Series";
import { Empty, Loading } from "../../parts/states";
import { useMore } from "../../text/more";
import { isOver } from "../backtests/result";
import type { Bot } from "./bot";
import { fan, isOf } from "./fan";
import type { Curve } from "./fan";

const [EVERY, POINTS] = [5_000, 2_000];
const readStrategies = () => body(api.GET("/api/strategies"));
const readTests = () => body(api.GET("/api/backtests", { params: { query: { limit: 200 } } }));

export function Expected({ bot, live }: { bot: Bot; live: readonly Curve[] }) {
  const m = useMore();
  const { failed } = useActions();
  const tests = useReading(readTests, EVERY);
  const strategies = useReading(readStrategies);
  const own = useMemo(() => tests.value?.filter((test) => isOf(bot, test, strategies.value ?? [])) ?? [], [tests.value, strategies.value, bot]);
  const done = own.find((test) => test.status === "done");
  const running = own.find((test) => !isOver(test.status));
  const id = done?.id;
  const readEquity = useCallback(async () => (id === undefined ? [] : body(api.GET("/api/backtests/{backtest_id}/equity", { params: { path: { backtest_id: id }, query: { limit: POINTS } } }))), [id]);
  const equity = useReading(readEquity);
  const it = useMemo(() => fan(live, (equity.value ?? []).map((point) => ({ t: point.t / 1000, value: D.toNumber(D.of(point.equity)) }))), [live, equity.value]);
  const points = useMemo(() => it?.steps.flatMap((step, i) => (it.live[i] == null ? [] : [{ t: step.t, value: it.live[i] as number }])) ?? [], [it]);
  const run = async () => {
    const began = D.sub(D.of(bot.equity), D.of(bot.profit));
    const symbols = bot.markets.map((market) => market.symbol.replace(/^local:/, ""));
    const request = { strategy: bot.strategy, symbols, interval: bot.markets[0]?.interval ?? "1m", params: bot.params, ...(D.sign(began) > 0 ? { cash: D.text(D.cut(began, 2)) } : {}) };
    try {
      await body(api.POST("/api/backtests", { body: request }));
    } catch (error) {
      failed(m("tests.notDone"), error);
    }
    tests.again();
  };
  if (tests.value === null || strategies.value === null) return <Loading rows={4} />;
  if (!done && running) return <Empty>{m("fan.running", { percent: Math.round(running.progress) })}</Empty>;
  if (!done) {
    return (
      <Empty
        action={
          <button type="button" className="button small-button" onClick={() => void run()}>
            {m("fan.run")}
          </button>
        }
      >
        {m("fan.none")}
      </Empty>
    );
  }
  if (!it) return <Empty>{m("fan.short")}</Empty>;
  const rank = Math.round(it.rank * 100);
  return (
    <>
      <Series points={points} fan={it.steps} label={m("fan.label", { name: bot.name })} />
      <p className="fan-say soft small">
        {m("fan.say")} {m(rank < 10 ? "fan.below" : rank > 90 ? "fan.above" : "fan.within", { rank })}{" "}
        <Link href={`/backtests/${done.id}`} className="link">
          {m("fan.open")}
        </Link>
      </p>
    </>
  );
}
