/** Puts the program together: the store, the login's fate, what keeps data fresh, and the first question to the server. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Provider } from "react-redux";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/shell.css";
import { watchLogin } from "./api/client";
import { ActionsContext, makeActions } from "./app/actions";
import { App } from "./app/App";
import { granted, left } from "./app/session";
import { dress } from "./app/settings";
import { keepSettings, makeStore } from "./app/store";
import { Sync } from "./app/sync";

const store = makeStore();
dress(store.getState().settings, matchMedia("(prefers-color-scheme: dark)").matches);
keepSettings(store);

const sync = new Sync(store);
watchLogin({
  granted: (login) => void store.dispatch(granted(login.user)),
  ended: () => void store.dispatch(left({ ended: true })),
});
let phase = store.getState().session.phase;
store.subscribe(() => {
  const now = store.getState().session.phase;
  if (now === phase) return;
  phase = now;
  if (now === "in") sync.start();
  else sync.stop();
});
const actions = makeActions(store, sync);
void actions.begin();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Provider store={store}>
        <ActionsContext.Provider value={actions}>
          <App />
        </ActionsContext.Provider>
      </Provider>
    </StrictMode>,
  );
}
