/** Keys for programs, and keys of other exchanges. A secret is shown once, or never. */
import { useState } from "react";
import type { FormEvent } from "react";
import { api, body } from "../api/client";
import type { Schemas } from "../api/client";
import { asFailure } from "../api/problem";
import { useActions } from "../app/actions";
import { useReading } from "../app/reading";
import { useApp } from "../app/store";
import { day } from "../market/format";
import { TextField } from "../parts/Field";
import { useMore } from "../text/more";
import { ReadCard } from "./ReadCard";

const readKeys = () => body(api.GET("/api/keys"));
const readVenueKeys = () => body(api.GET("/api/venue-keys"));

function useUsed(): (at: string | null | undefined) => string {
  const m = useMore();
  const language = useApp((state) => state.settings.language);
  return (at) => (at ? m("keys.used", { at: day(at, language) }) : m("keys.unused"));
}

function Secret({ made, onDone }: { made: Schemas["NewApiKey"]; onDone: () => void }) {
  const m = useMore();
  return (
    <div className="settings-block" role="status">
      <p className="warn">{m("keys.secretOnce")}</p>
      <p className="small faint">{m("keys.id")}</p>
      <code className="mono secret">{made.id}</code>
      <p className="small faint">{m("keys.secret")}</p>
      <code className="mono secret">{made.secret}</code>
      <button type="button" className="button ink" onClick={onDone}>
        {m("keys.done")}
      </button>
    </div>
  );
}

export function ApiKeys() {
  const m = useMore();
  const used = useUsed();
  const { failed: tell } = useActions();
  const read = useReading(readKeys);
  const { value, again } = read;
  const [made, setMade] = useState<Schemas["NewApiKey"] | null>(null);
  const [label, setLabel] = useState("");
  const [trades, setTrades] = useState(false);
  const [days, setDays] = useState("");
  const [ips, setIps] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const add = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    const list = ips.split(/[\s,]+/).filter((ip) => ip !== "");
    const ends = /^\d+$/.test(days.trim()) ? { expires_in_days: Number(days) } : {};
    try {
      setMade(await body(api.POST("/api/keys", { body: { label, scopes: trades ? ["trade"] : ["read"], ...ends, ...(list.length > 0 ? { ip_list: list } : {}) } })));
      setLabel("");
    } catch (error) {
      setProblem(asFailure(error).detail);
    }
    again();
  };
  const revoke = async (id: string) => {
    try {
      await body(api.DELETE("/api/keys/{key_id}", { params: { path: { key_id: id } } }));
    } catch (error) {
      tell(m("keys.notDone"), error);
    }
    again();
  };
  return (
    <ReadCard title={m("keys.api")} of={read} failedWord={m("keys.failed")}>
      <ul className="settings-list">
        {value?.map((key) => (
          <li key={key.id}>
            <span>
              <b className="strong">{key.label}</b> <span className="faint">{key.scopes.includes("trade") ? m("keys.trade") : m("keys.read")}</span>
              <span className="mono faint small agent">{key.id}</span>
            </span>
            <span className="faint small">{key.revoked_at ? m("keys.revoked") : used(key.last_used_at)}</span>
            {key.revoked_at ? null : (
              <button type="button" className="button small-button" onClick={() => void revoke(key.id)}>
                {m("keys.revoke")}
              </button>
            )}
          </li>
        ))}
      </ul>
      {made ? (
        <Secret made={made} onDone={() => setMade(null)} />
      ) : (
        <form className="settings-block" onSubmit={(event) => void add(event)} aria-label={m("keys.api")}>
          <p className="soft">{m("keys.apiText")}</p>
          <TextField label={m("keys.label")} value={label} onChange={setLabel} maxLength={40} required autoComplete="off" problem={problem} />
          <label className="check-line">
            <input type="checkbox" checked={trades} onChange={(event) => setTrades(event.target.checked)} /> {m("keys.trade")}
          </label>
          <TextField label={m("keys.days")} value={days} onChange={setDays} inputMode="numeric" autoComplete="off" />
          <TextField label={m("keys.ips")} value={ips} onChange={setIps} autoComplete="off" placeholder="192.0.2.7, 10.0.0.0/8" />
          <button type="submit" className="button">
            {m("keys.add")}
          </button>
        </form>
      )}
    </ReadCard>
  );
}

export function VenueKeys() {
  const m = useMore();
  const used = useUsed();
  const { failed: tell } = useActions();
  const read = useReading(readVenueKeys);
  const { value, again } = read;
  const [venue, setVenue] = useState("binance");
  const [label, setLabel] = useState("");
  const [key, setKey] = useState("");
  const [secret, setSecret] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const add = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    try {
      await body(api.POST("/api/venue-keys", { body: { venue, label, key: key.trim(), secret: secret.trim() } }));
      setLabel("");
      setKey("");
      setSecret("");
    } catch (error) {
      setProblem(asFailure(error).detail);
    }
    again();
  };
  const remove = async (id: string) => {
    try {
      await body(api.DELETE("/api/venue-keys/{key_id}", { params: { path: { key_id: id } } }));
    } catch (error) {
      tell(m("keys.notDone"), error);
    }
    again();
  };
  return (
    <ReadCard title={m("keys.venue")} of={read} failedWord={m("keys.failed")}>
      <ul className="settings-list">
        {value?.map((each) => (
          <li key={each.id}>
            <span>
              <b className="strong">{each.label}</b> <span className="faint">{each.venue}</span> <span className="mono faint">…{each.tail}</span>
            </span>
            <span className="faint small">{used(each.last_used_at)}</span>
            <button type="button" className="button small-button" onClick={() => void remove(each.id)}>
              {m("keys.remove")}
            </button>
          </li>
        ))}
      </ul>
      <form className="settings-block" onSubmit={(event) => void add(event)} aria-label={m("keys.venue")}>
        <p className="soft">{m("keys.venueText")}</p>
        <div className="text-field">
          <label htmlFor="venue">{m("keys.exchange")}</label>
          <select id="venue" className="select" value={venue} onChange={(event) => setVenue(event.target.value)}>
            <option value="binance">Binance</option>
            <option value="upbit">Upbit</option>
          </select>
        </div>
        <TextField label={m("keys.label")} value={label} onChange={setLabel} maxLength={40} required autoComplete="off" />
        <TextField label={m("keys.public")} value={key} onChange={setKey} required autoComplete="off" spellCheck={false} />
        <TextField label={m("keys.secret")} type="password" value={secret} onChange={setSecret} required autoComplete="off" problem={problem} />
        <button type="submit" className="button">
          {m("keys.store")}
        </button>
      </form>
    </ReadCard>
  );
}
