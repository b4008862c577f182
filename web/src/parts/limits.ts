/** The names of an account's limits in words. */
import type { Text } from "../text/lists";

const NAMES = ["order_quantity", "order_value", "price_band", "position", "exposure", "orders_per_minute", "daily_loss", "drawdown"] as const;

export function limitWord(t: Text, name: string): string {
  const known = NAMES.find((each) => each === name);
  return known ? t(`limit.${known}`) : name.replaceAll("_", " ");
}
