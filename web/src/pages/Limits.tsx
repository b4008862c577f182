/** What one's own account may do, how much of it is used, and stopping it. Bots have limits of their own. */
import { useCallback, useEffect, useState } from "react";
import { api, body } from "../api/client";
import type { Schemas } from "../api/client";
import { useActions } from "../app/actions";
import { selectHalted, selectMarkets } from "../app/desk";
import { useReading } from "../app/reading";
import { useApp } from "../app/store";
import * as D from "../market/decimal";
import * as F from "../market/format";
import { TextField } from "../parts/Field";
import { HoldButton } from "../parts/HoldButton";
import { limitWord } from "../parts/limits";
import { useText } from "../text/settings";
import { ReadCard, SettingsForm } from "./ReadCard";

type Risk = Schemas["AccountRisk"];
type Limits = Schemas["AccountLimits"];
type Use = Schemas["LimitUse"];

const EVERY = 5_000;
/** Fields in money, in whole numbers, and in hundredths of a per cent that are typed as per cent. */
const FIELDS = [
  ["order_value_max", "money"],
  ["exposure_max", "money"],
  ["daily_loss_max", "money"],
  ["drawdown_max_bips", "percent"],
  ["price_band_bips", "percent"],
  ["orders_per_minute", "whole"],
] as const;
type Name = (typeof FIELDS)[number][0];
/** Of one market, in its base asset. */
const OF_MARKETS = ["order_quantity_max", "position_max"] as const;
type OfMarket = Record<(typeof OF_MARKETS)[number], string>;
type Draft = Record<Name, string> & { readonly markets: Readonly<Record<string, OfMarket>> };

const HUNDRED = { units: 100n, scale: 0 };

export function drafted(limits: Limits): Draft {
  const percent = (bips: number | null | undefined) => (bips == null ? "" : D.short(D.div(D.of(String(bips)), HUNDRED)));
  return {
    order_value_max: limits.order_value_max ?? "",
    exposure_max: limits.exposure_max ?? "",
    daily_loss_max: limits.daily_loss_max ?? "",
    drawdown_max_bips: percent(limits.drawdown_max_bips),
    price_band_bips: percent(limits.price_band_bips),
    orders_per_minute: limits.orders_per_minute == null ? "" : String(limits.orders_per_minute),
    markets: Object.fromEntries(Object.entries(limits.markets ?? {}).map(([symbol, of]) => [symbol, { order_quantity_max: of.order_quantity_max ?? "", position_max: of.position_max ?? "" }])),
  };
}

/** True when the text cannot be a limit of its kind; empty is fine: the limit is off. */
export function isWrong(kind: "money" | "percent" | "whole", text: string): boolean {
  if (text.trim() === "") return false;
  const value = D.parse(text);
  if (!value || D.sign(value) <= 0) return true;
  if (kind === "whole") return !D.fits(value, { units: 1n, scale: 0 });
  return kind === "percent" && (D.compare(value, HUNDRED) > 0 || !D.fits(value, { units: 1n, scale: 2 }));
}

/** The request of a draft. A market without any limit is left out. */
export function limitsOf(draft: Draft): Limits {
  const given = (text: string) => (text.trim() === "" ? null : text.trim());
  const bips = (text: string) => (text.trim() === "" ? null : Math.round(D.toNumber(D.mul(D.of(text), HUNDRED))));
  return {
    order_value_max: given(draft.order_value_max),
    exposure_max: given(draft.exposure_max),
    daily_loss_max: given(draft.daily_loss_max),
    drawdown_max_bips: bips(draft.drawdown_max_bips),
    price_band_bips: bips(draft.price_band_bips),
    orders_per_minute: draft.orders_per_minute.trim() === "" ? null : Number(draft.orders_per_minute),
    markets: Object.fromEntries(
      Object.entries(draft.markets)
        .filter(([, of]) => OF_MARKETS.some((name) => of[name].trim() !== ""))
        .map(([symbol, of]) => [symbol, { order_quantity_max: given(of.order_quantity_max), position_max: given(of.position_max) }]),
    ),
  };
}

function Uses({ uses }: { uses: readonly Use[] }) {
  const t = useText();
  const on = uses.filter((use) => use.max != null);
  if (on.length === 0) return <p className="small faint">{t("settings.limitsNone")}</p>;
  const unit = (use: Use) => (use.unit === "bips" ? "%" : use.unit === "orders" ? "" : ` ${use.unit}`);
  const shown = (use: Use, value: string | null | undefined) => `${F.holding(use.unit === "bips" ? D.div(D.of(value), HUNDRED) : D.of(value)).replace(/\.?0+$/, "")}${unit(use)}`;
  return (
    <ul className="limit-uses">
      {on.map((use) => {
        const share = Math.min(1, D.toNumber(D.div(D.of(use.used), D.of(use.max))));
        return (
          <li key={`${use.name}-${use.symbol ?? ""}`} className="small">
            <span className="soft">
              {limitWord(t, use.name)} {use.symbol}
            </span>
            <span className="meter" aria-hidden="true">
              <i data-state={share >= 1 ? "crit" : share >= 0.8 ? "warn" : undefined} style={{ width: `${share * 100}%` }} />
            </span>
            <span className={share >= 0.8 ? "warn" : ""}>{t("settings.limitUse", { used: shown(use, use.used), max: shown(use, use.max) })}</span>
          </li>
        );
      })}
    </ul>
  );
}

function Form({ risk, again }: { risk: Risk; again: () => void }) {
  const t = useText();
  const { done } = useActions();
  const hasFactor = useApp((state) => state.session.user?.totp === true);
  const [draft, setDraft] = useState(() => drafted(risk.limits));
  const [code, setCode] = useState("");
  const wrong = FIELDS.some(([name, kind]) => isWrong(kind, draft[name])) || Object.values(draft.markets).some((of) => OF_MARKETS.some((name) => isWrong("money", of[name])));
  const send = async () => {
    const totp = code.trim() === "" ? {} : { totp: code.trim() };
    await body(api.PUT("/api/accounts/{account_id}/limits", { params: { path: { account_id: risk.account } }, body: { limits: limitsOf(draft), ...totp } }));
    setCode("");
    done(t("settings.limitsDone"));
    again();
  };
  const unit = (kind: "money" | "percent" | "whole") => (kind === "money" ? risk.currency : kind === "percent" ? "%" : "");
  return (
    <SettingsForm label={t("settings.limits")} act={t("settings.limitsSave")} blocked={wrong} onSend={send}>
      <p className="soft">{t("settings.limitsText")}</p>
      <div className="limit-fields">
        {FIELDS.map(([name, kind]) => (
          <TextField key={name} label={`${t(`settings.limit.${name}`)}${unit(kind) ? `, ${unit(kind)}` : ""}`} value={draft[name]} onChange={(value) => setDraft((now) => ({ ...now, [name]: value }))} inputMode="decimal" autoComplete="off" placeholder={t("settings.limitOff")} problem={isWrong(kind, draft[name]) ? t("settings.limitWrong") : null} />
        ))}
      </div>
      <OfMarkets of={draft.markets} onChange={(markets) => setDraft((now) => ({ ...now, markets }))} />
      <div className="limit-fields">
        {hasFactor ? <TextField label={t("login.code")} value={code} onChange={setCode} inputMode="numeric" autoComplete="one-time-code" maxLength={8} hint={t("settings.limitsFactor")} /> : null}
      </div>
    </SettingsForm>
  );
}

/** Limits of single markets: those that have some, and the choice of another. */
function OfMarkets({ of, onChange }: { of: Draft["markets"]; onChange: (of: Draft["markets"]) => void }) {
  const t = useText();
  const markets = useApp(selectMarkets);
  const others = [...markets.keys()].filter((symbol) => of[symbol] === undefined);
  const baseOf = (symbol: string) => markets.get(symbol)?.base ?? "";
  const name = (symbol: string) => F.pair(markets.get(symbol), symbol);
  return (
    <div className="market-limits">
      {Object.entries(of).map(([symbol, limits]) => (
        <div className="market-limit" role="group" aria-label={name(symbol)} key={symbol}>
          <b>{name(symbol)}</b>
          {OF_MARKETS.map((limit) => (
            <TextField key={limit} label={`${t(`settings.limit.${limit}`)}, ${baseOf(symbol)}`} value={limits[limit]} onChange={(value) => onChange({ ...of, [symbol]: { ...limits, [limit]: value } })} inputMode="decimal" autoComplete="off" placeholder={t("settings.limitOff")} problem={isWrong("money", limits[limit]) ? t("settings.limitWrong") : null} />
          ))}
          <button type="button" className="button small-button" onClick={() => onChange(Object.fromEntries(Object.entries(of).filter(([each]) => each !== symbol)))}>
            {t("action.remove")}
          </button>
        </div>
      ))}
      {others.length > 0 ? (
        <select className="select market-limit-add" aria-label={t("settings.limitMarket")} value="" onChange={(event) => onChange({ ...of, [event.target.value]: { order_quantity_max: "", position_max: "" } })}>
          <option value="">{t("settings.limitMarket")}</option>
          {others.map((symbol) => (
            <option key={symbol} value={symbol}>
              {name(symbol)}
            </option>
          ))}
        </select>
      ) : null}
    </div>
  );
}

function Halting() {
  const t = useText();
  const { haltAll, resumeAll } = useActions();
  const halted = useApp(selectHalted);
  const language = useApp((state) => state.settings.language);
  const first = halted[0];
  return (
    <div className="settings-rows">
      <div>
        <span>{first ? t("halt.notice", { since: F.day(first.halted_at ?? "", language) }) : t("settings.haltNote")}</span>
        {first ? (
          <button type="button" className="button" onClick={() => void resumeAll()}>
            {t("halt.release")}
          </button>
        ) : (
          <HoldButton onHeld={() => void haltAll()} hint={t("halt.hint")}>
            {t("halt.all")}
          </HoldButton>
        )}
      </div>
    </div>
  );
}

export function AccountLimits() {
  const t = useText();
  const account = useApp((state) => (state.desk.accounts.find((each) => each.is_default) ?? state.desk.accounts.find((each) => !each.bot))?.id);
  const read = useCallback(async () => (account === undefined ? null : body(api.GET("/api/accounts/{account_id}/limits", { params: { path: { account_id: account } } }))), [account]);
  const reading = useReading(read, EVERY);
  const { value, again } = reading;
  const [version, setVersion] = useState(0);
  useEffect(() => setVersion((now) => now + 1), [value?.account]);
  return (
    <ReadCard title={t("settings.limits")} of={reading} failedWord={t("settings.limitsFailed")} rows={3} before={<Halting />}>
      {value ? (
        <>
          <div className="settings-block">
            <Uses uses={value.uses} />
          </div>
          <Form key={version} risk={value} again={again} />
        </>
      ) : null}
    </ReadCard>
  );
}
