/** The few icons, drawn on a 16 grid with one stroke weight. All are decoration beside a word. */
const PATHS = {
  overview: "M2.5 7.5 8 3l5.5 4.5V13h-4V9.5h-3V13h-4z",
  trade: "M2 11.5 6 7.5l2.5 2.5L14 4.5M10 4.5h4v4",
  orders: "M2.5 4h11M2.5 8h11M2.5 12h7",
  bots: "M3 6.5h10V13H3zM8 3.5v3M6 9.5v.5M10 9.5v.5M1.5 9v2M14.5 9v2",
  backtests: "M2.5 2.5v11h11M5 10.5l2.5-3 2 1.5 3.5-5",
  sweeps: "M2.5 2.5h3v3h-3zM6.5 2.5h3v3h-3zM10.5 2.5h3v3h-3zM2.5 6.5h3v3h-3zM6.5 6.5h3v3h-3zM10.5 6.5h3v3h-3zM2.5 10.5h3v3h-3zM6.5 10.5h3v3h-3z",
  alerts: "M8 2.2a4 4 0 0 0-4 4v3l-1.2 2.3h10.4L12 9.2v-3a4 4 0 0 0-4-4zM6.6 13.2a1.5 1.5 0 0 0 2.8 0",
  models: "M8 2v3M8 11v3M2 8h3M11 8h3M3.8 3.8l2.1 2.1M10.1 10.1l2.1 2.1M12.2 3.8l-2.1 2.1M5.9 10.1l-2.1 2.1",
  analytics: "M3 13.5V8M6.3 13.5V3M9.7 13.5V6M13 13.5v-3",
  monitoring: "M1.5 8.5h3l2-5 3 9 2-4h3",
  logs: "M3 2.5h10v11H3zM5.5 5.5h5M5.5 8h5M5.5 10.5h3",
  settings: "M8 5.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4zM8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6 5 5M11 11l1.4 1.4M12.4 3.6 11 5M5 11l-1.4 1.4",
  search: "M7 2.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4zM10.2 10.2l3.3 3.3",
  check: "M3 8.5 6.5 12 13 4.5",
  cross: "M4 4l8 8M12 4l-8 8",
  more: "M4 8h.01M8 8h.01M12 8h.01",
  down: "M4 6l4 4 4-4",
  alert: "M8 2.5 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.2",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.3"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Mark({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" aria-hidden="true">
      <path d="M2 7.5h9.5A2.4 2.4 0 1 0 9 5M2 11h13a2.6 2.6 0 1 1-2.6 2.6M2 14.5h5.5" />
    </svg>
  );
}
