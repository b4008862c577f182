/** The store of slow state. Market data is not in here: see market/channel.ts. */
import { configureStore } from "@reduxjs/toolkit";
import { useDispatch, useSelector } from "react-redux";
import { desk } from "./desk";
import { session } from "./session";
import { keep, settings } from "./settings";
import { toasts } from "./toasts";

export const makeStore = () => configureStore({ reducer: { session, settings, desk, toasts } });

export type Store = ReturnType<typeof makeStore>;
export type Root = ReturnType<Store["getState"]>;
export type Dispatch = Store["dispatch"];

export const useApp = useSelector.withTypes<Root>();
export const useAct = useDispatch.withTypes<Dispatch>();

/** Keeps the settings whenever they change; nothing else is ever written to the browser. */
export function keepSettings(store: Store): void {
  let last = store.getState().settings;
  store.subscribe(() => {
    const now = store.getState().settings;
    if (now !== last) {
      last = now;
      keep(now);
    }
  });
}
