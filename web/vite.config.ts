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

/** A style without comments and line breaks, and without the blanks that mean nothing. */
function small(css: string): string {
  return css
    .replaceAll(/\/\*.*?\*\//gs, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/ ?([{};,]) ?/g, "$1")
    .replaceAll(";}", "}")
    .replaceAll(/(?<=[{;][a-z-]+): /g, ":");
}

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
      // Nobody reads the indentation of styles in a browser.
      name: "talktime-styles",
      transform(code, id) {
        if (!id.includes("/src/") || !id.endsWith(".ts")) return null;
        return code.replaceAll(/\bcss`([^`$]*)`/g, (_, css: string) => `css\`${small(css)}\``);
      },
      generateBundle(_options, bundle) {
        // After the minifier, what begins with an indentation stands in a template, where HTML takes it for a blank.
        for (const each of Object.values(bundle))
          if (each.type === "chunk") each.code = each.code.replaceAll(/\s*\n\s+/g, "\n");
      },
    },
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
