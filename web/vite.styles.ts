import type { Plugin } from "vite";

/**
 * Take out what no minifier looks into, for it stands in templates: the indentation of every line, and from
 * styles (css`…`, and what is marked as such) the comments and spaces. Words keep the break between them.
 */
export function styles(): Plugin {
  return {
    name: "talktime-styles",
    apply: "build",
    enforce: "pre",
    transform(code, id) {
      if (!/\/src\/.*\.ts$/.test(id)) return null;
      return code
        .replaceAll(/\n[ \t]+/g, "\n")
        .replaceAll(/(\bcss|\/\* css \*\/ )`([^`]*)`/g, (_, tag: string, text: string) => {
          const short = text
            .replaceAll(/\/\*.*?\*\//gs, "")
            .replaceAll(/\s+/g, " ")
            .replaceAll(/ ?([{};,]) ?/g, "$1")
            .replaceAll(";}", "}");
          return `${tag}\`${short.trim()}\``;
        });
    },
  };
}
