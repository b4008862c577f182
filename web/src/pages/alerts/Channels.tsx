/** Whom alerts are told to, how that went, and trying it out. */
import { useState } from "react";
import { api, body } from "../../api/client";
import { useActions } from "../../app/actions";
import { useReading } from "../../app/reading";
import { useApp } from "../../app/store";
import { day } from "../../market/format";
import { ErrorNote, Loading } from "../../parts/states";
import { useAlertText } from "../../text/alerts";
import { words } from "../strategies/params";
import type { Channel, Delivery } from "./alert";

const EVERY = 10_000;
const readChannels = () => body(api.GET("/api/alerts/channels"));

export function Channels({ title }: { title?: string }) {
  const m = useAlertText();
  const admin = useApp((state) => state.session.user?.role === "admin");
  const { failed: tell } = useActions();
  const { value, failed, again } = useReading(readChannels, EVERY);
  const [outcome, setOutcome] = useState<readonly Delivery[]>([]);
  const [busy, setBusy] = useState(false);
  const test = async () => {
    setBusy(true);
    try {
      setOutcome(await body(api.POST("/api/alerts/test", { body: {} })));
    } catch (error) {
      tell(m("alert.notDone"), error);
    }
    setBusy(false);
    again();
  };
  return (
    <section className="card">
      <div className="card-head">
        <h2>{title ?? m("alert.channels")}</h2>
        <span className="fill" />
        {admin ? (
          <button type="button" className="button small-button" disabled={busy || !value?.some((channel) => channel.enabled)} onClick={() => void test()}>
            {m("alert.test")}
          </button>
        ) : null}
      </div>
      {failed ? <ErrorNote what={m("alert.failed")} detail={failed.detail} requestId={failed.requestId} retry={again} /> : null}
      {value === null && !failed ? <Loading rows={3} /> : null}
      <ul className="settings-list">
        {value?.map((channel) => (
          <One key={channel.channel} channel={channel} outcome={outcome.find((each) => each.channel === channel.channel)} />
        ))}
      </ul>
      <p className="card-note small faint">{m("alert.channelsNote")}</p>
    </section>
  );
}

function One({ channel, outcome }: { channel: Channel; outcome: Delivery | undefined }) {
  const m = useAlertText();
  const language = useApp((state) => state.settings.language);
  const broken = channel.enabled && channel.breaker !== "closed";
  return (
    <li>
      <span>
        <b className="strong">{words(channel.channel)}</b> {channel.target ? <span className="faint mono">{channel.target}</span> : null}
        <span className="faint small agent">
          {channel.enabled ? m("alert.channelNumbers", { sent: channel.sent, failed: channel.failed, least: channel.least }) : m("alert.channelOff")}
          {channel.last_sent_at ? ` · ${day(channel.last_sent_at, language)}` : ""}
        </span>
        {outcome ? (
          <span className={`small agent ${outcome.sent ? "ok" : "crit"}`} role="status">
            {outcome.sent ? `✓ ${m("alert.testArrived")}` : `✕ ${outcome.error ?? ""}`}
          </span>
        ) : channel.last_error ? (
          <span className="small agent warn">{channel.last_error}</span>
        ) : null}
      </span>
      <span className="dot small" data-state={!channel.enabled ? "off" : broken ? "crit" : "on"}>
        {!channel.enabled ? m("alert.off") : broken ? m("alert.resting") : m("alert.on")}
      </span>
    </li>
  );
}
