/** What is read out of alerts and rules. Floats: for reading only. */
import type { Schemas } from "../../api/client";

export type Alert = Schemas["Alert"];
export type Rule = Schemas["AlertRule"];
export type Silence = Schemas["AlertSilence"];
export type Channel = Schemas["AlertChannel"];
export type Delivery = Schemas["AlertDelivery"];

export const SEVERITIES = ["critical", "high", "medium", "low"] as const;

/** `HighAPILatency` as `High API latency`. */
export function ruleWords(rule: string): string {
  const parts = rule.match(/[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|\d+/g) ?? [rule];
  return parts.map((part, i) => (i === 0 || part.length > 1 && part === part.toUpperCase() ? part : part.toLowerCase())).join(" ");
}

/** A number of a rule with three digits that count. */
export function bounded(value: number): string {
  const size = Math.abs(value);
  const text = size >= 1_000 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(3)));
  return text.replace("-", "−");
}

export type Block = { readonly kind: "head" | "text" | "item" | "code"; readonly text: string };

/** A runbook's Markdown as blocks: headings, paragraphs, items, fenced code. More is not in them. */
export function blocks(markdown: string): Block[] {
  const out: Block[] = [];
  let fence: string[] | null = null;
  let open = false;
  for (const line of markdown.split(/\r?\n/)) {
    if (line.startsWith("```")) {
      if (fence) out.push({ kind: "code", text: fence.join("\n") });
      fence = fence ? null : [];
      open = false;
      continue;
    }
    if (fence) {
      fence.push(line);
      continue;
    }
    const head = /^#+\s+(.*)$/.exec(line);
    const item = /^\s*(?:[-*]|\d+\.)\s+(.*)$/.exec(line);
    const last = out.at(-1);
    if (line.trim() === "") open = false;
    else if (head) [open] = [false, out.push({ kind: "head", text: head[1] ?? "" })];
    else if (item) [open] = [true, out.push({ kind: "item", text: item[1] ?? "" })];
    else if (open && last) out[out.length - 1] = { ...last, text: `${last.text} ${line.trim()}` };
    else [open] = [true, out.push({ kind: "text", text: line.trim() })];
  }
  if (fence) out.push({ kind: "code", text: fence.join("\n") });
  return out;
}
