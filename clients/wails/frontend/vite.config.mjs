// Builds this page with the packages, the chart and the colours of web/: see docs/clients.md.
const at = (path) => new URL(path, import.meta.url).pathname;
const web = at("../../../web");

export default {
  root: at("."),
  base: "./",
  resolve: {
    alias: [
      { find: "@headrace/react", replacement: at("../../react/src/index.ts") },
      { find: "@web", replacement: `${web}/src` },
      { find: /^(apache-arrow|react|react-dom|uplot)(?=\/|$)/, replacement: `${web}/node_modules/$1` },
    ],
  },
  build: { outDir: at("../desktop/dist"), emptyOutDir: true, chunkSizeWarningLimit: 700 },
};
