/** How the loss fell while the page looked: one line, its newest value beside it. */
import { rounded } from "./model";

const [WIDTH, HEIGHT, EDGE] = [420, 120, 6];

export function lossPath(values: readonly number[]): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = high - low || 1;
  const step = (WIDTH - 2 * EDGE) / Math.max(1, values.length - 1);
  return values.map((value, i) => `${i === 0 ? "M" : "L"}${(EDGE + i * step).toFixed(1)} ${(EDGE + ((high - value) / span) * (HEIGHT - 2 * EDGE)).toFixed(1)}`).join("");
}

export function Loss({ values, label }: { values: readonly number[]; label: string }) {
  const last = values.at(-1);
  if (values.length < 2 || last === undefined) return null;
  return (
    <figure className="loss">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label} preserveAspectRatio="none">
        <path d={lossPath(values)} fill="none" stroke="var(--accent)" strokeWidth="1.6" vectorEffect="non-scaling-stroke" strokeLinejoin="round" />
      </svg>
      <figcaption className="faint small">
        <span>{rounded(Math.max(...values))}</span>
        <span>{rounded(last)}</span>
      </figcaption>
    </figure>
  );
}
