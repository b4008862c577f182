/**
 * The order book as a ladder. Rows are made once and painted by hand: ten times a second only the texts and bars that changed are
 * written, nothing is reconciled. A click, or Enter on a row reached by the arrows, fills the ticket's price.
 */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { KeyboardEvent, MouseEvent } from "react";
import { selectLive } from "../../app/desk";
import type { Market } from "../../app/desk";
import { useApp } from "../../app/store";
import { grouped, groupings, ladder, spread } from "../../market/book";
import type { Book, LadderRow } from "../../market/book";
import * as D from "../../market/decimal";
import * as F from "../../market/format";
import { bookOf, tickers, useCalmChannel } from "../../market/hub";
import { Age, Loading, useStale } from "../../parts/states";
import { useText } from "../../text/trade";
import { BOOK_OLD_S } from "./Ticket";

/** Units in which the bars of a side are drawn: the longest bar, and the height of a row. Stretched to the side's own size. */
const [BAR_LONG, ROW_HIGH] = [250, 20];

interface Row {
  readonly button: HTMLButtonElement;
  /** Texts that are kept and get new letters: a new node costs the browser more than new letters in an old one. */
  readonly texts: readonly [Text, Text, Text];
  /** What is on the screen: only what differs from it is written. */
  shown: { price: string; size: string; total: string; own: boolean; hidden: boolean };
}

function makeRow(): Row {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "level";
  button.tabIndex = -1;
  const cell = () => {
    const span = document.createElement("span");
    return span.appendChild(document.createTextNode(""));
  };
  const texts = [cell(), cell(), cell()] as const;
  button.append(...texts.map((text) => text.parentElement as HTMLElement));
  return { button, texts, shown: { price: "", size: "", total: "", own: false, hidden: false } };
}

function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

interface Paint {
  readonly priceDecimals: number;
  readonly sizeDecimals: number;
  readonly own: ReadonlySet<string>;
}

function paintRow(row: Row, level: LadderRow | undefined, paint: Paint): void {
  const { shown, texts, button } = row;
  if (shown.hidden !== (level === undefined)) button.hidden = shown.hidden = level === undefined;
  if (!level) return;
  const price = D.text(D.round(D.of(level.price), paint.priceDecimals));
  if (price !== shown.price) {
    shown.price = price;
    button.dataset["price"] = price;
    texts[0].data = F.number(D.of(price));
  }
  const size = F.number(D.of(level.size), paint.sizeDecimals);
  if (size !== shown.size) texts[1].data = shown.size = size;
  const total = F.number(D.of(level.total), 3);
  if (total !== shown.total) texts[2].data = shown.total = total;
  const own = paint.own.has(price);
  if (own !== shown.own) button.toggleAttribute("data-own", (shown.own = own));
}

/**
 * How much of the depth there is up to each row: bars from the right edge behind the rows, one shape for a side. An element for each
 * would be styled, stacked and composed anew with every change.
 */
function bars(levels: readonly LadderRow[], count: number, upwards: boolean): string {
  return levels
    .map(({ share }, i) => {
      const long = Math.round(share * BAR_LONG);
      return `M${BAR_LONG - long} ${(upwards ? count - 1 - i : i) * ROW_HIGH + 1}h${long}v${ROW_HIGH - 2}h${-long}z`;
    })
    .join("");
}

function fit(box: HTMLElement | null, rows: Row[], count: number): void {
  if (!box) return;
  while (rows.length < count) {
    const row = makeRow();
    rows.push(row);
    box.append(row.button);
  }
  while (rows.length > count) rows.pop()?.button.remove();
}

export function Ladder({ market, onPick }: { market: Market; onPick: (price: string) => void }) {
  const t = useText();
  const channel = bookOf(market.symbol);
  const [step, setStep] = useState(market.tick);
  const steps = groupings(market.tick);
  const asks = useRef<HTMLDivElement>(null);
  const bids = useRef<HTMLDivElement>(null);
  const rows = useRef<{ asks: Row[]; bids: Row[] }>({ asks: [], bids: [] });
  const askBars = useRef<SVGPathElement>(null);
  const bidBars = useRef<SVGPathElement>(null);
  const middle = useRef<HTMLElement>(null);
  const gap = useRef<HTMLElement>(null);
  const [count, setCount] = useState(14);
  const orders = useApp(selectLive);
  const [loaded, setLoaded] = useState(channel.newest !== null);

  const paint = useCallback(() => {
    const book: Book | undefined = channel.newest?.value;
    if (!book) return;
    setLoaded(true);
    const by = D.of(step);
    const priceDecimals = Math.max(D.decimalsOf(market.tick), D.decimalsOf(step));
    const same = step === market.tick || D.short(by) === D.short(D.of(market.tick));
    const own = new Set<string>();
    for (const order of orders) {
      if (order.symbol !== market.symbol || !order.price) continue;
      const side = order.side === "buy" ? "bids" : "asks";
      const [at = [order.price]] = same ? [[order.price]] : grouped([[order.price, "0"]], by, side);
      own.add(D.text(D.round(D.of(at[0]), priceDecimals)));
    }
    const as: Paint = { priceDecimals, sizeDecimals: Math.min(4, D.decimalsOf(market.lot)), own };
    for (const side of ["asks", "bids"] as const) {
      const box = side === "asks" ? asks.current : bids.current;
      fit(box, rows.current[side], count);
      const levels = ladder(same ? book[side] : grouped(book[side], by, side), count);
      // The asks' box runs upwards, so the best row is the first in both.
      rows.current[side].forEach((row, i) => paintRow(row, levels[i], as));
      (side === "asks" ? askBars : bidBars).current?.setAttribute("d", bars(levels, count, side === "asks"));
      const first = rows.current[side][0]?.button;
      if (first) first.tabIndex = 0;
    }
    const last = D.of(tickers.newest?.value.get(market.symbol)?.last);
    if (middle.current) write(middle.current, D.sign(last) > 0 ? F.number(last, D.decimalsOf(market.tick)) : "–");
    const apart = spread(book);
    if (gap.current) write(gap.current, apart ? F.number(D.round(apart, D.decimalsOf(market.tick))) : "–");
  }, [channel, step, market, orders, count]);

  useEffect(() => {
    paint();
    return channel.subscribe(paint);
  }, [channel, paint]);

  const frame = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const box = frame.current;
    if (!box) return;
    const measure = () => {
      const row = parseFloat(getComputedStyle(box).getPropertyValue("--row-book")) || 19;
      setCount(Math.max(4, Math.min(25, Math.floor((box.clientHeight - (middle.current?.parentElement?.offsetHeight ?? 34)) / 2 / row))));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, []);

  const clicked = (event: MouseEvent) => {
    const price = (event.target as HTMLElement).closest<HTMLElement>("[data-price]")?.dataset["price"];
    if (price) onPick(D.short(D.of(price)));
  };
  const moved = (event: KeyboardEvent) => {
    const direction = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (direction === 0) return;
    event.preventDefault();
    const down = [...rows.current.asks].reverse().concat(rows.current.bids).filter((row) => !row.button.hidden);
    const at = down.findIndex((row) => row.button === document.activeElement);
    down[Math.max(0, Math.min(down.length - 1, at + direction))]?.button.focus();
  };
  return (
    <div className="ladder">
      <div className="ladder-head">
        <span>{t("column.price")}</span>
        <span>{t("column.size")}</span>
        <span>{t("column.total")}</span>
      </div>
      {loaded ? null : <Loading rows={8} />}
      <Frame market={market}>
        <div ref={frame} className="ladder-sides" role="group" aria-label={t("book.label")} onClick={clicked} onKeyDown={moved}>
          <div ref={asks} className="asks">
            <Bars shape={askBars} count={count} />
          </div>
          <div className="middle">
            <b ref={middle} />
            <span>
              <span ref={gap} /> <span className="spread-word">{t("book.spread")}</span>
            </span>
            <select className="grouping" aria-label={t("book.grouping")} value={D.short(D.of(step))} onChange={(event) => setStep(event.target.value)}>
              {steps.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </div>
          <div ref={bids} className="bids">
            <Bars shape={bidBars} count={count} />
          </div>
        </div>
      </Frame>
    </div>
  );
}

/** Greys the ladder and says its age when nothing has come for a while. */
function Frame({ market, children }: { market: Market; children: React.ReactNode }) {
  const held = useCalmChannel(bookOf(market.symbol), 1_000);
  const stale = useStale(held?.at, BOOK_OLD_S);
  return (
    <div className={stale ? "ladder-frame stale" : "ladder-frame"}>
      {stale ? <Age at={held?.at} max={BOOK_OLD_S} /> : null}
      {children}
    </div>
  );
}

/** Drawn by hand with each book. */
function Bars({ shape, count }: { shape: React.RefObject<SVGPathElement | null>; count: number }) {
  return (
    <svg className="bars" aria-hidden="true" viewBox={`0 0 ${BAR_LONG} ${count * ROW_HIGH}`} preserveAspectRatio="none" style={{ height: `calc(${count} * var(--row-book))` }}>
      <path ref={shape} />
    </svg>
  );
}
