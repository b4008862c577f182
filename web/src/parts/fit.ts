/** Leaves out columns of a table, the least important first, until it fits its box: what stays is never cut. */
import { useCallback, useEffect, useLayoutEffect, useRef } from "react";
import type { RefObject } from "react";

/** Ranks that a column can have; the style sheet knows as many. */
export const RANKS_MAX = 6;

/** Tries with all columns, then without those of rank 1, of 1 and 2, and so on; what still does not fit is scrolled. */
export function fit(box: HTMLElement): void {
  for (let without = 0; without <= RANKS_MAX; without += 1) {
    box.dataset["without"] = String(without);
    if (box.scrollWidth <= box.clientWidth) return;
  }
}

/** Fits anew when the columns or the number of rows change, when the box gets another width, and when what is in it outgrows it. */
export function useFit(box: RefObject<HTMLElement | null>, columns: unknown, rows: number): void {
  const width = useRef(0);
  const now = useCallback(() => {
    if (!box.current || box.current.clientWidth === 0) return;
    width.current = box.current.clientWidth;
    fit(box.current);
  }, [box]);
  useLayoutEffect(now, [now, columns, rows]);
  // A table that was empty has no element to watch before it has rows.
  const empty = rows === 0;
  useEffect(() => {
    const element = box.current;
    const table = element?.firstElementChild;
    if (!element || !table) return;
    let frame = 0;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth === width.current && element.scrollWidth <= element.clientWidth) return;
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(now);
    });
    observer.observe(element);
    observer.observe(table);
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
    };
  }, [box, now, empty]);
}
