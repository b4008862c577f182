/** What is read out of a model: its scores beside the naive forecast's, and what it is doing. Floats: for reading only. */
import type { Schemas } from "../../api/client";
import * as F from "../../market/format";

export type Model = Schemas["Model"];
export type Training = Schemas["Training"];
export type LiveScores = Schemas["LiveScores"];
export type Forecast = Schemas["Prediction"];

export const ALGORITHMS = ["auto", "arima", "ets", "prophet", "lstm"] as const;

/** Scores on bars that the training had not seen. The naive forecast repeats the last price. */
export interface Scores {
  readonly count: number;
  readonly mae: number;
  readonly rmse: number;
  readonly pinball: number;
  readonly direction: number | null;
  readonly coverage: number;
  readonly naive: { readonly mae: number; readonly rmse: number; readonly pinball: number };
  /** How much smaller the mean absolute error is than the naive forecast's, per cent; below zero it is larger. */
  readonly skill: number;
  readonly verdict: string;
}

const number = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);

/** Null before the first training, and for a document that this page does not know. */
export function scores(model: Model): Scores | null {
  const it = model.metrics as Record<string, unknown>;
  const [count, mae, rmse, pinball, coverage] = ["count", "mae", "rmse", "pinball", "coverage"].map((name) => number(it[name]));
  const ratio = number(it["mae_ratio"]);
  if (count == null || mae == null || rmse == null || pinball == null || coverage == null || ratio == null) return null;
  const over = (value: number, by: unknown) => value / (number(by) || 1);
  return {
    count,
    mae,
    rmse,
    pinball,
    coverage,
    direction: number(it["direction"]),
    naive: { mae: over(mae, ratio), rmse: over(rmse, it["rmse_ratio"]), pinball: over(pinball, it["pinball_ratio"]) },
    skill: (1 - ratio) * 100,
    verdict: typeof it["verdict"] === "string" ? it["verdict"] : "",
  };
}

export function isTraining(model: Model): boolean {
  return model.status === "queued" || model.status === "running";
}

/** Fitted parameters and what was asked for, flat, for a list. Nested objects are joined by a dot. */
export function facts(value: unknown, prefix = ""): [string, string][] {
  if (value === null || value === undefined) return [];
  if (typeof value !== "object") return [[prefix, typeof value === "number" ? rounded(value) : String(value)]];
  if (Array.isArray(value) && value.length === 0) return [];
  if (Array.isArray(value)) {
    const flat = value.every((each) => typeof each !== "object");
    return flat && value.length <= 8 ? [[prefix, value.map((each) => (typeof each === "number" ? rounded(each) : String(each))).join(", ")]] : [[prefix, `[${value.length}]`]];
  }
  return Object.entries(value).flatMap(([name, each]) => facts(each, prefix ? `${prefix}.${name}` : name));
}

/** At most five digits that count, a true minus. */
export function rounded(value: number): string {
  const text = Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)));
  return text.replace("-", "−");
}

/** Losses that were told, in their order; one that did not change is not told again. */
export function withLoss(known: readonly number[], loss: number | null | undefined): readonly number[] {
  return loss == null || !Number.isFinite(loss) || known.at(-1) === loss ? known : [...known, loss];
}

/** `about 40 s` from seconds; nothing when it is not known. */
export function left(training: Training | null | undefined): string | null {
  return training?.remaining_s == null ? null : F.age(training.remaining_s);
}

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** Seconds of a bar like `15m`; 60 when it is not one. */
export function barSeconds(interval: string): number {
  const found = /^(\d+)([smhdw])$/.exec(interval);
  return found ? Number(found[1]) * (UNITS[found[2] ?? ""] ?? 60) : 60;
}

/** The forecast as bars to come: each step is told by its close, a bar is drawn at its opening. */
export function outlook(forecast: Forecast, interval: string): { time: number; mean: number; low: number; high: number }[] {
  const length = barSeconds(interval);
  const opening = (close: string) => Math.round(Date.parse(close) / 1000 / length) * length - length;
  return forecast.steps.map(({ at, mean, low, high }) => ({ time: opening(at), mean, low, high }));
}
