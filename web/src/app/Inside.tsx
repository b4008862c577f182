/** What is behind the login: the desk's state, what keeps it fresh, the frame, and the pages. */
import { Component, Suspense, useEffect, useState } from "react";
import type { ReactNode } from "react";
import { useStore } from "react-redux";
import { Route, Switch } from "wouter";
import { Empty, ErrorNote, Loading } from "../parts/states";
import { Shell } from "../parts/Shell";
import "../styles/parts.css";
import "../styles/shell.css";
import "../styles/touch.css";
import { useText } from "../text/desk";
import { ActionsContext, makeActions } from "./actions";
import { desk } from "./desk";
import { usePages } from "./pages";
import { Roaming } from "./roaming";
import { withInner } from "./store";
import type { makeStore } from "./store";
import { Sync } from "./sync";
import { toasts } from "./toasts";

function enter(outer: ReturnType<typeof makeStore>) {
  const store = withInner(outer, { desk, toasts });
  const sync = new Sync(store);
  return { sync, roaming: new Roaming(store), actions: makeActions(store, sync) };
}

/** Made once: who logs in again finds it. */
let entered: ReturnType<typeof enter> | null = null;

/** A page that breaks says so and leaves the rest standing. */
class Guard extends Component<{ children: ReactNode; title: string; text: string }, { error: Error | null }> {
  override state = { error: null as Error | null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    if (!this.state.error) return this.props.children;
    return (
      <div className="page">
        <ErrorNote what={this.props.title} detail={`${this.props.text} (${this.state.error.message})`} retry={() => this.setState({ error: null })} />
      </div>
    );
  }
}

function Missing() {
  const t = useText();
  return (
    <div className="page">
      <Empty>{t("page.missingText")}</Empty>
    </div>
  );
}

function Pages() {
  const t = useText();
  const routes = usePages().flatMap((page) => [page.path, ...(page.below ? [page.below] : [])].map((path) => ({ path, page })));
  return (
    <Shell>
      <Suspense
        fallback={
          <div className="page">
            <Loading rows={6} />
          </div>
        }
      >
        <Switch>
          {routes.map(({ path, page }) => (
            <Route key={path} path={path}>
              <Guard key={page.path} title={t("page.broken")} text={t("page.brokenText")}>
                <page.view />
              </Guard>
            </Route>
          ))}
          <Route>
            <Missing />
          </Route>
        </Switch>
      </Suspense>
    </Shell>
  );
}

export default function Inside() {
  const store = useStore() as ReturnType<typeof makeStore>;
  const [{ sync, roaming, actions }] = useState(() => (entered ??= enter(store)));
  useEffect(() => {
    sync.start();
    roaming.start();
    return () => {
      roaming.stop();
      sync.stop();
    };
  }, [sync, roaming]);
  return (
    <ActionsContext.Provider value={actions}>
      <Pages />
    </ActionsContext.Provider>
  );
}
