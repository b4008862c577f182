/** From who one is to what one sees. */
import { Component, lazy, Suspense, useEffect } from "react";
import type { ReactNode } from "react";
import { Route, Switch } from "wouter";
import { Empty, ErrorNote, Loading } from "../parts/states";
import { Shell } from "../parts/Shell";
import { speak, useText } from "../text";
import { useActions } from "./actions";
import { PAGES } from "./pages";
import { dress } from "./settings";
import { useApp } from "./store";

const Login = lazy(() => import("../pages/Login"));
const Setup = lazy(() => import("../pages/Setup"));

function useLook(): void {
  const settings = useApp((state) => state.settings);
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const apply = () => dress(settings, dark.matches);
    apply();
    dark.addEventListener("change", apply);
    return () => dark.removeEventListener("change", apply);
  }, [settings]);
  useEffect(() => {
    speak(settings.language).catch(() => speak("en"));
  }, [settings.language]);
}

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
  const routes = PAGES.flatMap((page) => [page.path, ...(page.below ? [page.below] : [])].map((path) => ({ path, page })));
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

export function App() {
  useLook();
  const t = useText();
  const { begin } = useActions();
  const phase = useApp((state) => state.session.phase);
  switch (phase) {
    case "asking":
      return (
        <div className="gate">
          <Loading rows={3} />
        </div>
      );
    case "unreachable":
      return (
        <main className="gate">
          <ErrorNote what={t("gate.unreachable")} detail={t("gate.unreachableText")} retry={() => void begin()} />
        </main>
      );
    case "setup":
    case "out":
      return <Suspense fallback={null}>{phase === "setup" ? <Setup /> : <Login />}</Suspense>;
    case "in":
      return <Pages />;
  }
}
