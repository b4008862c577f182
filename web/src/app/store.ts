/** The store of slow state. Market data is not in here: see market/channel.ts. What is behind the login joins it with that code. */
import { combineReducers, configureStore } from "@reduxjs/toolkit";
import type { Reducer } from "@reduxjs/toolkit";
import { useDispatch, useSelector } from "react-redux";
import type { Desk } from "./desk";
import { session } from "./session";
import type { Session } from "./session";
import { keep, settings } from "./settings";
import type { Settings } from "./settings";
import type { Toasts } from "./toasts";

const first = { session, settings };

export const makeStore = () => configureStore({ reducer: first });

/** What joins when somebody is in; until then nothing reads it. */
interface Inner {
  desk: Desk;
  toasts: Toasts;
}
export type Root = { session: Session; settings: Settings } & Inner;
export type Dispatch = ReturnType<typeof makeStore>["dispatch"];

export interface Store {
  dispatch: Dispatch;
  getState: () => Root;
  subscribe: (listener: () => void) => () => void;
}

export function withInner(store: ReturnType<typeof makeStore>, inner: { [K in keyof Inner]: Reducer<Inner[K]> }): Store {
  store.replaceReducer(combineReducers({ ...first, ...inner }) as unknown as Parameters<typeof store.replaceReducer>[0]);
  return store as unknown as Store;
}

export const useApp = useSelector.withTypes<Root>();
export const useAct = useDispatch.withTypes<Dispatch>();

/** Keeps the settings whenever they change; nothing else is ever written to the browser. */
export function keepSettings(store: ReturnType<typeof makeStore>): void {
  let last = store.getState().settings;
  store.subscribe(() => {
    const now = store.getState().settings;
    if (now !== last) {
      last = now;
      keep(now);
    }
  });
}
