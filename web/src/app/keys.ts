/** Keys that work everywhere: Ctrl-K, `g` and a page's letter, `?`, `/`. Never while somebody types. */
import { useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { usePages } from "./pages";

/** How long `g` waits for its letter, ms. */
const CHORD_MS = 1_200;

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function useKeys(open: (what: "palette" | "keys") => void): void {
  const [, go] = useLocation();
  const pages = usePages();
  const chord = useRef(-Infinity);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        open("palette");
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector("dialog[open]")) return;
      const now = performance.now();
      if (now - chord.current < CHORD_MS) {
        chord.current = -Infinity;
        const page = pages.find((page) => page.key === event.key);
        if (page) {
          event.preventDefault();
          go(page.path);
          return;
        }
      }
      if (event.key === "g") chord.current = now;
      if (event.key === "?") open("keys");
      if (event.key === "/") {
        const filter = document.querySelector<HTMLInputElement>("[data-filter]");
        if (!filter) return;
        event.preventDefault();
        filter.focus();
      }
    };
    // Before a page's own keys: the letter after `g` is a page's.
    addEventListener("keydown", pressed, true);
    return () => removeEventListener("keydown", pressed, true);
  }, [go, open, pages]);
}
