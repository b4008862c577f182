/** The kept document of a sweep (version 1), read with care, and what is drawn of it. */
import type { Schemas } from "../../api/client";

export type Sweep = Schemas["Sweep"];

export interface Trial {
  readonly point: readonly number[];
  readonly value: number;
  readonly sharpe: number;
  readonly total_return: number;
  readonly max_drawdown: number;
  readonly trades: number;
}

export interface Chosen {
  readonly by: string;
  readonly params: readonly (readonly [string, string])[];
  readonly point: readonly number[];
  readonly value: number;
  readonly neighbours: number;
  readonly peak_point: readonly number[];
  readonly peak_value: number;
  readonly peak_neighbours: number;
}

export interface Fold {
  readonly test_from: number;
  readonly test_to: number;
  readonly params: readonly (readonly [string, string])[];
  readonly sharpe_seen: number;
  readonly sharpe_unseen: number;
  readonly return_seen: number;
  readonly return_unseen: number;
}

export interface Kept {
  readonly axes: readonly (readonly [string, readonly string[]])[];
  readonly trials: readonly Trial[];
  readonly chosen: Chosen | null;
  readonly folds: readonly Fold[];
  /** Probability that the choice's Sharpe ratio is more than the luck of the best of all different trials. */
  readonly deflated: number | null;
  /** The yearly Sharpe ratio that luck alone would show. */
  readonly luck: number | null;
  /** Probability of overfitting, by cross-validation. */
  readonly overfit: number | null;
  /** Different trials over the same days, those of earlier sweeps included. */
  readonly distinct: number;
}

const finite = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);

/** Null when the sweep has no result yet or it is of a version that this page does not know. */
export function kept(sweep: Sweep | null): Kept | null {
  const it = sweep?.result as (Partial<Kept> & { v?: number; deflated_sharpe?: unknown; luck_sharpe?: unknown }) | null | undefined;
  if (!it || it.v !== 1 || !Array.isArray(it.axes) || !Array.isArray(it.trials)) return null;
  return {
    axes: it.axes,
    trials: it.trials,
    chosen: it.chosen ?? null,
    folds: Array.isArray(it.folds) ? it.folds : [],
    deflated: finite(it.deflated_sharpe),
    luck: finite(it.luck_sharpe),
    overfit: finite(it.overfit),
    distinct: finite(it.distinct) ?? 0,
  };
}

export interface Cell {
  readonly x: number;
  readonly y: number;
  readonly value: number;
}

/** The plane of the first two axes through the chosen point; a single axis is one row. */
export function plane(it: Kept): Cell[] {
  const through = it.chosen?.point ?? it.trials[0]?.point ?? [];
  return it.trials
    .filter((trial) => trial.point.slice(2).every((place, i) => place === through[i + 2]))
    .map((trial) => ({ x: trial.point[0] ?? 0, y: trial.point[1] ?? 0, value: trial.value }));
}

/** `fast 12, slow 48` */
export function named(it: Kept, point: readonly number[]): string {
  return it.axes.map(([name, values], i) => `${name.replaceAll("_", " ")} ${values[point[i] ?? 0] ?? "?"}`).join(", ");
}

/** The yearly Sharpe ratio of the chosen point. */
export function sharpeOf(it: Kept): number {
  const at = it.chosen?.point.join();
  return it.trials.find((trial) => trial.point.join() === at)?.sharpe ?? 0;
}
