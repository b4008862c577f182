import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds the program. */
const SERVER = process.env["TRADEWIND_API"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  // Packages may be linked from a cache: what is built must not depend on where that is.
  resolve: { preserveSymlinks: true },
  build: {
    target: "es2022",
    sourcemap: false,
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: {
      "/api": SERVER,
      "/auth": SERVER,
      "/ws": { target: SERVER, ws: true },
    },
  },
  test: {
    environment: "happy-dom",
    include: ["test/**/*.test.ts", "test/**/*.test.tsx"],
    setupFiles: ["test/setup.ts"],
  },
});
