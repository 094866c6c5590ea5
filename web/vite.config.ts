import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `npm run dev` shows the page of this folder over the tables of a running server.
const server = process.env.HEADRACE_URL ?? "http://127.0.0.1:14345";

export default defineConfig({
  plugins: [react()],
  // Everything comes as a file of its own: the page's content policy allows no data: URLs.
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 700 },
  server: { proxy: { "/v1": server, "/metrics": server, "/docs": server } },
});
