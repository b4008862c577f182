/** Every order, fill and position of one's accounts, with a filter and the file for the books. */
import { useMemo, useState } from "react";
import { useActions } from "../app/actions";
import { everyFill, everyOrder } from "../app/books";
import { selectFills, selectLive, selectOrders, selectPositions } from "../app/desk";
import { useApp } from "../app/store";
import { csv, save } from "../app/csv";
import { FillsTable, OrdersTable, PositionsTable } from "../parts/DeskTables";
import { Empty, ErrorNote, Loading } from "../parts/states";
import { Panel, Tabs } from "../parts/Tabs";
import { useText } from "../text/lists";
import "./orders.css";

type View = "open" | "orders" | "fills" | "positions";

export default function Orders() {
  const t = useText();
  const [view, setView] = useState<View>("open");
  const [filter, setFilter] = useState("");
  const live = useApp(selectLive);
  const orders = useApp(selectOrders);
  const fills = useApp(selectFills);
  const positions = useApp(selectPositions);
  const { at, failed } = useApp((state) => state.desk);
  const wanted = filter.trim().toUpperCase();
  const has = useMemo(
    () => (row: { symbol: string; side?: string; status?: string }) =>
      wanted === "" || [row.symbol, row.side, row.status].some((text) => text?.toUpperCase().includes(wanted)),
    [wanted],
  );
  const rows = { open: live.filter(has), orders: orders.filter(has), fills: fills.filter(has), positions: positions.filter(has) };
  const { failed: tell } = useActions();
  const [saving, setSaving] = useState(false);
  /** The whole of what is kept, not only what is listed. */
  const exported = async () => {
    setSaving(true);
    try {
      const all = view === "fills" ? (await everyFill()).filter(has) : view === "orders" ? (await everyOrder()).filter(has) : rows[view];
      save(`${view}.csv`, csv(all.map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => typeof value !== "object" || value === null)))));
    } catch (error) {
      tell(t("orders.exportFailed"), error);
    }
    setSaving(false);
  };
  const tabs = [
    { id: "open" as const, label: t("desk.open"), count: live.length },
    { id: "orders" as const, label: t("desk.orders"), count: orders.length },
    { id: "fills" as const, label: t("desk.fills"), count: fills.length },
    { id: "positions" as const, label: t("desk.positions"), count: positions.length },
  ];
  const failure = failed[view === "fills" ? "fills" : view === "positions" ? "positions" : "orders"];
  const loaded = at[view === "fills" ? "fills" : view === "positions" ? "positions" : "orders"] !== undefined;
  const command = view === "fills" ? undefined : view === "positions" ? undefined : "GET /api/orders?live=true";
  const none = <Empty {...(command ? { command } : {})}>{wanted ? t("orders.noneFound") : t(view === "fills" ? "desk.noFills" : view === "positions" ? "desk.noPositions" : "desk.noOrders")}</Empty>;
  return (
    <div className="page orders-page">
      <p className="lede">{t("orders.lede", { orders: live.length, fills: fills.length })}</p>
      {failure ? <ErrorNote what={t("orders.failed")} detail={failure.detail} requestId={failure.requestId} /> : null}
      <section className="card">
        <div className="card-head">
          <Tabs tabs={tabs} value={view} onChange={setView} label={t("page.orders")} name="orders" />
          <span className="fill" />
          <input className="filter" data-filter aria-label={t("orders.filter")} placeholder={t("orders.filter")} value={filter} onChange={(event) => setFilter(event.target.value)} />
          <button type="button" className="button small-button" disabled={rows[view].length === 0 || saving} onClick={() => void exported()}>
            {t("action.export")}
          </button>
        </div>
        <Panel name="orders" value={view} className="orders-panel">
          {!loaded ? (
            <Loading rows={6} />
          ) : view === "fills" ? (
            <FillsTable rows={rows.fills} empty={none} />
          ) : view === "positions" ? (
            <PositionsTable rows={rows.positions} empty={none} />
          ) : (
            <OrdersTable rows={rows[view]} empty={none} all={view === "orders"} />
          )}
        </Panel>
      </section>
    </div>
  );
}
