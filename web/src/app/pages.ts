/** The pages there are: where, which key, which group, and the code that is fetched when one is opened. */
import { lazy, useMemo } from "react";
import type { ComponentType, LazyExoticComponent } from "react";
import type { IconName } from "../parts/icons";
import type { DeskKey } from "../text/desk";
import { useApp } from "./store";

export interface Page {
  readonly path: string;
  readonly title: DeskKey;
  readonly icon: IconName;
  readonly group: "trade" | "research" | "system";
  /** After `g`. */
  readonly key: string;
  readonly load: () => Promise<{ default: ComponentType }>;
  readonly view: LazyExoticComponent<ComponentType>;
  /** Routes under it, matched by the same page. */
  readonly below?: string;
  /** In the bar at the bottom of a phone. */
  readonly handy?: boolean;
  /** Only for administrators: the server tells nobody else. */
  readonly admin?: boolean;
}

type Load = Page["load"];

const page = (it: Omit<Page, "view">, load: Load = it.load): Page => ({ ...it, view: lazy(load) });

export const PAGES: readonly Page[] = [
  page({ path: "/", title: "page.overview", icon: "overview", group: "trade", key: "o", handy: true, load: () => import("../pages/Overview") }),
  page({ path: "/trade", below: "/trade/:symbol", title: "page.trade", icon: "trade", group: "trade", key: "t", handy: true, load: () => import("../pages/trade/Trade") }),
  page({ path: "/bots", below: "/bots/:id", title: "page.bots", icon: "bots", group: "trade", key: "b", handy: true, load: () => import("../pages/bots/Bots") }),
  page({ path: "/orders", title: "page.orders", icon: "orders", group: "trade", key: "l", handy: true, load: () => import("../pages/Orders") }),
  page({ path: "/backtests", below: "/backtests/:id", title: "page.backtests", icon: "backtests", group: "research", key: "r", load: () => import("../pages/backtests/Backtests") }),
  page({ path: "/sweeps", below: "/sweeps/:id", title: "page.sweeps", icon: "sweeps", group: "research", key: "w", load: () => import("../pages/sweeps/Sweeps") }),
  page({ path: "/models", below: "/models/:id", title: "page.models", icon: "models", group: "research", key: "e", load: () => import("../pages/models/Models") }),
  page({ path: "/analytics", title: "page.analytics", icon: "analytics", group: "research", key: "a", load: () => import("../pages/Analytics") }),
  page({ path: "/monitoring", title: "page.monitoring", icon: "monitoring", group: "system", key: "m", load: () => import("../pages/Monitoring") }),
  page({ path: "/alerts", title: "page.alerts", icon: "alerts", group: "system", key: "n", admin: true, load: () => import("../pages/alerts/Alerts") }),
  page({ path: "/logs", title: "page.logs", icon: "logs", group: "system", key: "j", load: () => import("../pages/Logs") }),
  page({ path: "/settings", title: "page.settings", icon: "settings", group: "system", key: "s", handy: true, load: () => import("../pages/Settings") }),
];

/** The pages of who is logged in. */
export function usePages(): readonly Page[] {
  const admin = useApp((state) => state.session.user?.role === "admin");
  return useMemo(() => PAGES.filter((page) => admin || !page.admin), [admin]);
}

export const GROUPS = ["trade", "research", "system"] as const;
