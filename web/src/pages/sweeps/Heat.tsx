/** The heat map of a sweep on one canvas: value by the first two parameters, the chosen cell and the best one framed. */
import { useEffect, useRef } from "react";
import { useApp } from "../../app/store";
import { plain } from "../backtests/result";
import { plane } from "./kept";
import type { Kept } from "./kept";

const [LEFT, BOTTOM, TOP] = [56, 40, 6];
const ROW_MAX = 34;

function draw(canvas: HTMLCanvasElement, it: Kept): void {
  const context = canvas.getContext("2d");
  const [xs, ys] = [it.axes[0]?.[1] ?? [], it.axes[1]?.[1] ?? [""]];
  const width = canvas.clientWidth;
  if (!context || width === 0 || xs.length === 0) return;
  const cell = (width - LEFT) / xs.length;
  const row = Math.max(14, Math.min(ROW_MAX, 300 / ys.length));
  const height = TOP + row * ys.length + BOTTOM;
  canvas.style.height = `${height}px`;
  const ratio = devicePixelRatio;
  [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim();
  const cells = plane(it);
  const most = Math.max(...cells.map((each) => Math.abs(each.value)), 1e-9);
  const at = (x: number, y: number): [number, number] => [LEFT + x * cell, TOP + (ys.length - 1 - y) * row];
  for (const { x, y, value } of cells) {
    const [left, top] = at(x, y);
    context.globalAlpha = 0.08 + (0.72 * Math.abs(value)) / most;
    context.fillStyle = of(value >= 0 ? "--accent" : "--down");
    context.beginPath();
    context.roundRect(left + 1, top + 1, cell - 2, row - 2, 2);
    context.fill();
  }
  context.globalAlpha = 1;
  const frame = (point: readonly number[] | undefined, value: number | undefined, dash: number[]) => {
    if (!point || value === undefined) return;
    const [left, top] = at(point[0] ?? 0, point[1] ?? 0);
    context.setLineDash(dash);
    context.lineWidth = 1.5;
    context.strokeStyle = of("--text");
    context.strokeRect(left + 1, top + 1, cell - 2, row - 2);
    const words = [plain(value), plain(value, 1), plain(value, 0)].find((text) => context.measureText(text).width <= cell - 8);
    if (words === undefined) return;
    context.fillStyle = of("--text");
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(words, left + cell / 2, top + row / 2);
  };
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  frame(it.chosen?.peak_point, it.chosen?.peak_value, [3, 2]);
  frame(it.chosen?.point, it.chosen?.value, []);
  context.setLineDash([]);
  context.fillStyle = of("--text-3");
  context.textBaseline = "middle";
  context.textAlign = "right";
  ys.forEach((label, y) => context.fillText(label, LEFT - 10, at(0, y)[1] + row / 2));
  context.textAlign = "center";
  const every = Math.ceil(36 / cell);
  xs.forEach((label, x) => x % every === 0 && context.fillText(label, at(x, 0)[0] + cell / 2, height - BOTTOM + 11));
  context.fillText(`${it.axes[0]?.[0].replaceAll("_", " ") ?? ""} →`, LEFT + (width - LEFT) / 2, height - 9);
  context.textAlign = "left";
  if (it.axes[1]) context.fillText(`${it.axes[1][0].replaceAll("_", " ")} ↑`, 8, height - 9);
}

export function Heat({ it, label }: { it: Kept; label: string }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const { theme, market } = useApp((state) => state.settings);
  useEffect(() => {
    const canvas = ref.current;
    if (!canvas) return;
    const paint = () => draw(canvas, it);
    const frame = requestAnimationFrame(paint);
    let width = 0;
    const observer = new ResizeObserver(() => {
      if (canvas.clientWidth === width) return;
      width = canvas.clientWidth;
      paint();
    });
    observer.observe(canvas);
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
    };
  }, [it, theme, market]);
  return <canvas ref={ref} className="sweep-heat" role="img" aria-label={label} />;
}
