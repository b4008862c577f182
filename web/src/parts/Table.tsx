/**
 * A table with a sticky head, sorting by click, and a body of which only the visible rows exist once there are many. Columns that do
 * not fit are left out by their rank; where even the rest is too wide, it scrolls below what acts, which stays at the right edge.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import type { ReactNode } from "react";
import { useText } from "../text/lists";
import { useFit } from "./fit";

export interface Column<R> {
  readonly id: string;
  readonly head: ReactNode;
  readonly cell: (row: R) => ReactNode;
  /** Sorts by this; without it the column cannot be sorted by. */
  readonly by?: (row: R) => number | string;
  readonly align?: "right";
  /** Left out where there is no room: 1 first. Without a rank it stays. */
  readonly rank?: 1 | 2 | 3 | 4 | 5 | 6;
  /** Stays at the right edge when the rest is scrolled: what acts on the row. */
  readonly pinned?: boolean;
}

/** From so many rows on only the visible ones are in the document. */
const VIRTUAL_FROM = 80;
const ROW_PX = 30;

export function Table<R>({ columns, rows, id, label, empty, selected, onSelect }: { columns: readonly Column<R>[]; rows: readonly R[]; id: (row: R) => string; label: string; empty?: ReactNode; selected?: string | null; onSelect?: (row: R) => void }) {
  const t = useText();
  const [sort, setSort] = useState<{ by: string; down: boolean } | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const sorted = useMemo(() => {
    const by = columns.find((column) => column.id === sort?.by)?.by;
    if (!sort || !by) return rows;
    const order = (a: R, b: R) => {
      const [x, y] = [by(a), by(b)];
      return x < y ? -1 : x > y ? 1 : 0;
    };
    const list = [...rows].sort(order);
    return sort.down ? list.reverse() : list;
  }, [columns, rows, sort]);
  const virtual = sorted.length >= VIRTUAL_FROM;
  const body = useVirtualizer({
    count: virtual ? sorted.length : 0,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  useFit(box, columns, rows.length);
  const items = body.getVirtualItems();
  const shown = virtual ? items.map((item) => sorted[item.index] as R) : sorted;
  const before = virtual ? (items[0]?.start ?? 0) : 0;
  const after = virtual ? body.getTotalSize() - (items.at(-1)?.end ?? 0) : 0;
  if (rows.length === 0 && empty) return <>{empty}</>;
  const turn = (column: Column<R>) =>
    setSort((now) => (now?.by === column.id ? (now.down ? { by: column.id, down: false } : null) : { by: column.id, down: true }));
  const spacer = (height: number) =>
    height > 0 ? (
      <tr aria-hidden="true">
        <td colSpan={columns.length} style={{ height, padding: 0, border: 0 }} />
      </tr>
    ) : null;
  return (
    <div className="table" ref={box} tabIndex={0} role="region" aria-label={label}>
      <table aria-rowcount={sorted.length + 1}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.id} scope="col" className={column.align} data-rank={column.rank} data-pinned={column.pinned} aria-sort={sort?.by === column.id ? (sort.down ? "descending" : "ascending") : undefined}>
                {column.by ? (
                  <button type="button" onClick={() => turn(column)} title={t("table.sort")}>
                    {column.head}
                    <i aria-hidden="true">{sort?.by === column.id ? (sort.down ? "↓" : "↑") : ""}</i>
                  </button>
                ) : (
                  column.head
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {spacer(before)}
          {shown.map((row) => (
            <tr key={id(row)} data-selected={selected === id(row) || undefined} onClick={onSelect ? () => onSelect(row) : undefined} data-clickable={onSelect ? true : undefined}>
              {columns.map((column) => (
                <td key={column.id} className={column.align} data-rank={column.rank} data-pinned={column.pinned}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
          {spacer(after)}
        </tbody>
      </table>
    </div>
  );
}
