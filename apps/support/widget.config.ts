import { fileURLToPath } from "node:url"
import { defaultClientConditions, defineConfig } from "vite"

/** The widget: one script without imports, for pages of any kind. Built after the pages, beside them. */
export default defineConfig({
  resolve: { conditions: ["magpie-source", ...defaultClientConditions] },
  publicDir: false,
  build: {
    target: "es2023",
    emptyOutDir: false,
    sourcemap: false,
    rolldownOptions: { optimization: { inlineConst: { mode: "all", pass: 3 } } },
    lib: {
      entry: fileURLToPath(new URL("src/widget/main.ts", import.meta.url)),
      formats: ["iife"],
      name: "magpieSupport",
      fileName: () => "widget.js",
    },
  },
})
