/** The book as two rising steps, on one canvas painted once per frame. */
import { useEffect, useRef } from "react";
import type { Market } from "../../app/desk";
import { useApp } from "../../app/store";
import type { Level } from "../../market/book";
import * as D from "../../market/decimal";
import * as F from "../../market/format";
import { bookOf } from "../../market/hub";
import { useText } from "../../text/trade";
import { colours } from "../../chart/look";

function sums(levels: readonly Level[]): [number, number][] {
  let sum = 0;
  return levels.map(([price, size]) => [D.toNumber(D.of(price)), (sum += D.toNumber(D.of(size)))]);
}

function draw(canvas: HTMLCanvasElement, market: Market): void {
  const book = bookOf(market.symbol).newest?.value;
  const context = canvas.getContext("2d");
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!book || !context || width === 0) return;
  const ratio = devicePixelRatio;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const [bids, asks] = [sums(book.bids), sums(book.asks)];
  const low = bids.at(-1)?.[0];
  const high = asks.at(-1)?.[0];
  if (low === undefined || high === undefined) return;
  const most = Math.max(bids.at(-1)?.[1] ?? 0, asks.at(-1)?.[1] ?? 0) || 1;
  const x = (price: number) => ((price - low) / (high - low || 1)) * width;
  const y = (sum: number) => height - 22 - (sum / most) * (height - 50);
  const c = colours();
  const side = (points: [number, number][], colour: string) => {
    const first = points[0];
    const last = points.at(-1);
    if (!first || !last) return;
    context.beginPath();
    context.moveTo(x(first[0]), y(0));
    let before = 0;
    for (const [price, sum] of points) {
      context.lineTo(x(price), y(before));
      context.lineTo(x(price), y(sum));
      before = sum;
    }
    context.strokeStyle = colour;
    context.lineWidth = 1.4;
    context.stroke();
    context.lineTo(x(last[0]), y(0));
    context.closePath();
    context.globalAlpha = 0.12;
    context.fillStyle = colour;
    context.fill();
    context.globalAlpha = 1;
  };
  side(bids, c.up);
  side(asks, c.down);
  context.fillStyle = c.faint;
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const label = (price: number) => F.number(D.of(price.toFixed(D.decimalsOf(market.tick))));
  context.textAlign = "left";
  context.fillText(label(low), 8, height - 7);
  context.textAlign = "right";
  context.fillText(label(high), width - 8, height - 7);
  const middle = ((bids[0]?.[0] ?? low) + (asks[0]?.[0] ?? high)) / 2;
  context.textAlign = "center";
  context.fillText(label(middle), Math.min(width - 90, Math.max(90, x(middle))), height - 7);
}

export function Depth({ market }: { market: Market }) {
  const t = useText();
  const ref = useRef<HTMLCanvasElement>(null);
  const look = useApp((state) => state.settings);
  useEffect(() => {
    const canvas = ref.current;
    if (!canvas) return;
    const paint = () => draw(canvas, market);
    const frame = requestAnimationFrame(paint);
    const observer = new ResizeObserver(paint);
    observer.observe(canvas);
    const stop = bookOf(market.symbol).subscribe(paint);
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      stop();
    };
  }, [market, look]);
  return <canvas ref={ref} className="depth" role="img" aria-label={t("book.depthSay")} />;
}
