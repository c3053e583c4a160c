import { resolve } from "node:path";
import { defineConfig } from "vite";
import { styles } from "./vite.styles";

const root = import.meta.dirname;

/** The widget's script: one file under a name that never changes, with nothing beside it. */
export default defineConfig({
  publicDir: false,
  plugins: [styles()],
  build: {
    outDir: resolve(root, "../server/static"),
    emptyOutDir: false,
    target: ["chrome123", "firefox132", "safari17.5"],
    modulePreload: false,
    rollupOptions: {
      input: resolve(root, "src/embed/widget.ts"),
      output: { entryFileNames: "embed.js" },
    },
  },
});
