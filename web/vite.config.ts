import { readdirSync } from "node:fs";
import { basename, resolve } from "node:path";
import { defineConfig } from "vite";
import { styles } from "./vite.styles";

const root = import.meta.dirname;
const pages = readdirSync(root).filter((file) => file.endsWith(".html"));

/** The server gives these pages at paths of their own; in development Vite has to be told. */
const routes: readonly [RegExp, string][] = [
  [/^\/call\//, "/call.html"],
  [/^\/embed\//, "/embed.html"],
  [/^\/sites\/?($|\?)/, "/sites.html"],
  [/^\/(expert\/?($|\?)|console(\/|$|\?))/, "/expert.html"],
  [/^\/sign-in\/?($|\?)/, "/sign-in.html"],
  [/^\/integrations\/?($|\?)/, "/integrations.html"],
  [/^\/wallet\/?($|\?)/, "/wallet.html"],
  [/^\/paid\/?($|\?)/, "/paid.html"],
  [/^\/account(\/|$|\?)/, "/account.html"],
  [/^\/logins\/?($|\?)/, "/logins.html"],
  [/^\/development\/mail\/?($|\?)/, "/development.html"],
  [/^\/operator(\/|$|\?)/, "/operator.html"],
  [/^\/receipts?\//, "/receipt.html"],
  [/^\/(start|expert\/profile)\/?($|\?)/, "/start.html"],
];

// The API and the socket of a server that runs beside `npm run dev`.
const backend = process.env["TALKTIME_BACKEND"] ?? "http://localhost:8080";

export default defineConfig({
  build: {
    outDir: resolve(root, "../server/static"),
    emptyOutDir: true,
    // The first browsers with light-dark(), constructable stylesheets and requestVideoFrameCallback.
    target: ["chrome123", "firefox132", "safari17.5"],
    cssTarget: ["chrome123", "firefox132", "safari17.5"],
    // All of them know modulepreload.
    modulePreload: { polyfill: false },
    // A data: URL would need a hole in the Content-Security-Policy.
    assetsInlineLimit: 0,
    rollupOptions: {
      input: Object.fromEntries(pages.map((file) => [basename(file, ".html"), resolve(root, file)])),
    },
  },
  server: {
    proxy: {
      "/api": backend,
      // Written by the server, from the page that was built last.
      "/e/": backend,
      "/photos/": backend,
      "/socket.io": { target: backend, ws: true },
    },
  },
  plugins: [
    styles(),
    {
      name: "talktime-routes",
      configureServer(server) {
        server.middlewares.use((request, _response, next) => {
          const page = routes.find(([path]) => path.test(request.url ?? ""));
          if (page) request.url = page[1];
          next();
        });
      },
    },
  ],
});
