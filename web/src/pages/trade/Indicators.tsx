/** Choosing indicators: the few at hand, and all that the server knows, by name. */
import { useDeferredValue, useMemo, useState } from "react";
import { chose } from "../../app/settings";
import { useAct, useApp } from "../../app/store";
import { INDICATORS } from "../../chart/look";
import { Dialog } from "../../parts/Dialog";
import { Icon } from "../../parts/icons";
import { Loading } from "../../parts/states";
import { useText } from "../../text/trade";
import { ofServer, STUDIES_MAX } from "./studies";
import type { Indicator } from "./studies";

const FOUND_MAX = 60;

/** `MACD(12,26,9)` with its defaults. */
export function withDefaults(indicator: Indicator): string {
  const values = indicator.params.map((param) => param.default);
  return values.length > 0 ? `${indicator.name}(${values.join(",")})` : indicator.name;
}

export function IndicatorMenu({ catalogue, failed, onBrowse }: { catalogue: readonly Indicator[] | null; failed: string | null; onBrowse: () => void }) {
  const t = useText();
  const act = useAct();
  const indicators = useApp((state) => state.settings.indicators);
  const [all, setAll] = useState(false);
  const toggle = (id: string) => act(chose({ indicators: indicators.includes(id) ? indicators.filter((each) => each !== id) : [...indicators, id] }));
  return (
    <>
      <details className="menu">
        <summary className="button small-button">{t("chart.indicators")}</summary>
        <div>
          {INDICATORS.map((id) => (
            <label key={id}>
              <input type="checkbox" checked={indicators.includes(id)} onChange={() => toggle(id)} /> {t(`indicator.${id}`)}
            </label>
          ))}
          {ofServer(indicators).map((name) => (
            <label key={name}>
              <input type="checkbox" checked onChange={() => toggle(name)} /> {name}
            </label>
          ))}
          {failed ? <p className="menu-note warn small">{failed}</p> : null}
          <button type="button" className="menu-more" onClick={() => (onBrowse(), setAll(true))}>
            {t("indicator.more")}
          </button>
        </div>
      </details>
      <Dialog open={all} onClose={() => setAll(false)} label={t("indicator.all")} className="indicator-dialog">
        <h2>{t("indicator.all")}</h2>
        <Catalogue catalogue={catalogue} chosen={indicators} onChosen={(next) => act(chose({ indicators: next }))} />
        <div className="dialog-actions">
          <button type="button" className="button ink" onClick={() => setAll(false)}>
            {t("action.close")}
          </button>
        </div>
      </Dialog>
    </>
  );
}

function Catalogue({ catalogue, chosen, onChosen }: { catalogue: readonly Indicator[] | null; chosen: readonly string[]; onChosen: (chosen: string[]) => void }) {
  const t = useText();
  const [query, setQuery] = useState("");
  const wanted = useDeferredValue(query.trim().toLowerCase());
  const found = useMemo(() => (catalogue ?? []).filter((each) => `${each.name} ${each.doc} ${each.group}`.toLowerCase().includes(wanted)), [catalogue, wanted]);
  const own = ofServer(chosen);
  if (!catalogue) return <Loading rows={6} />;
  const change = (name: string, to: string | null) => onChosen(chosen.flatMap((each) => (each === name ? (to === null ? [] : [to]) : [each])));
  return (
    <>
      {own.length > 0 ? (
        <ul className="chosen-indicators" aria-label={t("indicator.chosen")}>
          {own.map((name, i) => (
            <Own key={`${i}-${name}`} name={name} onChange={(to) => change(name, to)} />
          ))}
        </ul>
      ) : null}
      <label className="hidden-text" htmlFor="indicator-query">
        {t("indicator.find")}
      </label>
      <input id="indicator-query" className="filter indicator-query" value={query} onChange={(event) => setQuery(event.target.value)} placeholder={t("indicator.find")} autoComplete="off" spellCheck={false} />
      <ul className="found-indicators" tabIndex={0} aria-label={t("indicator.all")}>
        {found.slice(0, FOUND_MAX).map((each) => (
          <li key={each.name}>
            <button type="button" disabled={own.length >= STUDIES_MAX} onClick={() => !chosen.includes(withDefaults(each)) && onChosen([...chosen, withDefaults(each)])}>
              <b className="strong">{each.name}</b> <span className="soft">{each.doc}</span>
              <span className="faint small">{each.group}</span>
            </button>
          </li>
        ))}
      </ul>
      <p className="small faint">{t("indicator.found", { n: found.length })}</p>
    </>
  );
}

/** One that was chosen, with its parameters as text: taken over when the field is left. */
function Own({ name, onChange }: { name: string; onChange: (to: string | null) => void }) {
  const t = useText();
  const [text, setText] = useState(name);
  const take = () => {
    const next = text.trim().toUpperCase();
    if (/^[A-Z][A-Z0-9_]*(\([^()]*\))?$/.test(next) && next !== name) onChange(next);
    else setText(name);
  };
  return (
    <li>
      <input aria-label={t("indicator.edit", { name })} value={text} onChange={(event) => setText(event.target.value)} onBlur={take} onKeyDown={(event) => event.key === "Enter" && take()} spellCheck={false} />
      <button type="button" aria-label={t("indicator.remove", { name })} onClick={() => onChange(null)}>
        <Icon name="cross" size={14} />
      </button>
    </li>
  );
}
