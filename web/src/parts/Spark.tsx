/** A small line of closes; no axis, no colour: direction is told by the number beside it. */
import { memo } from "react";

const [WIDTH, HEIGHT] = [96, 22];

export function sparkPath(values: readonly number[]): string {
  if (values.length < 2) return "";
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const step = WIDTH / (values.length - 1);
  return values.map((v, i) => `${i === 0 ? "M" : "L"}${(i * step).toFixed(1)} ${(HEIGHT - 2 - ((v - low) / span) * (HEIGHT - 4)).toFixed(1)}`).join("");
}

export const Spark = memo(function Spark({ values, label }: { values: readonly number[]; label: string }) {
  return (
    <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label} fill="none" stroke="var(--text-2)" strokeWidth="1.2" strokeLinejoin="round">
      <path d={sparkPath(values)} />
    </svg>
  );
});
