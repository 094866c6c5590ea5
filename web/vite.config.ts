import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `npm run dev` shows the page of this folder over the tables of a running server.
const server = process.env.HEADRACE_URL ?? "http://127.0.0.1:14345";
const clients = fileURLToPath(new URL("../clients/react", import.meta.url));

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: { "@headrace/react": `${clients}/src/index.ts` },
    // That package has no node_modules of its own: it takes the page's.
    dedupe: ["apache-arrow", "react", "react-dom"],
  },
  // Everything comes as a file of its own: the page's content policy allows no data: URLs.
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 700 },
  server: { proxy: { "/v1": { target: server, ws: true }, "/metrics": server, "/docs": server }, fs: { allow: [".", clients] } },
  test: { include: ["src/**/*.test.ts", `${clients}/src/**/*.test.ts`] },
});
