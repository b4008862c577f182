/** From who one is to what one sees. What is behind the login is code of its own, asked for while the server is asked who one is. */
import { lazy, Suspense, useEffect } from "react";
import { ErrorNote, Loading } from "../parts/states";
import { speak, useText } from "../text";
import { begin } from "./session";
import { dress } from "./settings";
import { useAct, useApp } from "./store";

const Login = lazy(() => import("../pages/Login"));
const Setup = lazy(() => import("../pages/Setup"));
const ask = () => import("./Inside");
const early = ask();
const Inside = lazy(() => early.catch(ask));

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

export function App() {
  useLook();
  const t = useText();
  const act = useAct();
  const phase = useApp((state) => state.session.phase);
  switch (phase) {
    case "asking":
      return <Waiting />;
    case "unreachable":
      return (
        <main className="gate">
          <ErrorNote what={t("gate.unreachable")} detail={t("gate.unreachableText")} retry={() => void begin(act)} />
        </main>
      );
    case "setup":
    case "out":
      return <Suspense fallback={null}>{phase === "setup" ? <Setup /> : <Login />}</Suspense>;
    case "in":
      return (
        <Suspense fallback={<Waiting />}>
          <Inside />
        </Suspense>
      );
  }
}

function Waiting() {
  return (
    <div className="gate">
      <Loading rows={3} />
    </div>
  );
}
