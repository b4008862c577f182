/** What a person can set off from anywhere, with what is said about it afterwards. */
import { createContext, useContext } from "react";
import { api, body } from "../api/client";
import { asFailure } from "../api/problem";
import type { Schemas } from "../api/client";
import { currentText } from "../text/desk";
import { accountsRead, orderChanged } from "./desk";
import { left, logout as endLogin } from "./session";
import type { Store } from "./store";
import type { Sync } from "./sync";
import { told } from "./toasts";

export interface Actions {
  haltAll: () => Promise<void>;
  resumeAll: () => Promise<void>;
  cancel: (id: string) => Promise<void>;
  place: (order: Schemas["NewOrder"], key: string) => Promise<Schemas["Order"] | null>;
  logout: () => Promise<void>;
  done: (text: string) => void;
  failed: (what: string, error: unknown) => void;
  refresh: () => void;
}

export function makeActions(store: Store, sync: Sync): Actions {
  const dispatch = store.dispatch;
  const t = () => currentText();
  const done = (text: string) => void dispatch(told({ kind: "done", text }));
  const failed = (what: string, error: unknown) => {
    const failure = asFailure(error);
    const id = failure.requestId ? ` · ${failure.requestId}` : "";
    dispatch(told({ kind: "failed", text: what, detail: failure.detail + id }));
  };
  const switchAll = async (halt: boolean) => {
    try {
      const path = halt ? "/api/halt" : "/api/resume";
      const request = halt ? { reason: "halt all" } : {};
      const accounts = await body(api.POST(path, { body: request }));
      dispatch(accountsRead(accounts));
      done(t()(halt ? "halt.done" : "halt.released"));
    } catch (error) {
      failed(t()(halt ? "halt.failed" : "halt.releaseFailed"), error);
    }
    sync.soon();
  };
  return {
    haltAll: () => switchAll(true),
    resumeAll: () => switchAll(false),
    cancel: async (id) => {
      try {
        dispatch(orderChanged(await body(api.DELETE("/api/orders/{order_id}", { params: { path: { order_id: id } } }))));
        done(t()("order.canceled"));
      } catch (error) {
        failed(t()("order.cancelFailed"), error);
      }
      sync.soon();
    },
    place: async (order, key) => {
      try {
        const placed = await body(api.POST("/api/orders", { body: order, params: { header: { "Idempotency-Key": key } } }));
        dispatch(orderChanged(placed));
        sync.soon();
        return placed;
      } catch (error) {
        failed(t()("order.refused"), error);
        sync.soon();
        return null;
      }
    },
    logout: async () => {
      try {
        await endLogin();
        dispatch(left({ ended: false }));
      } catch (error) {
        failed(t()("session.logoutFailed"), error);
      }
    },
    done,
    failed,
    refresh: () => void sync.everything(),
  };
}

export const ActionsContext = createContext<Actions | null>(null);

export function useActions(): Actions {
  const actions = useContext(ActionsContext);
  if (!actions) throw new Error("no actions above this component");
  return actions;
}
