/** Puts the program together: the store, the login's fate, and the first question to the server. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Provider } from "react-redux";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/first.css";
import { watchLogin } from "./api/client";
import { App } from "./app/App";
import { begin, granted, left } from "./app/session";
import { dress } from "./app/settings";
import { keepSettings, makeStore } from "./app/store";

const store = makeStore();
dress(store.getState().settings, matchMedia("(prefers-color-scheme: dark)").matches);
keepSettings(store);

watchLogin({
  granted: (login) => void store.dispatch(granted(login.user)),
  ended: () => void store.dispatch(left({ ended: true })),
});
void begin(store.dispatch);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Provider store={store}>
        <App />
      </Provider>
    </StrictMode>,
  );
}
