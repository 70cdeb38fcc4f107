import { fileURLToPath } from "node:url"
import react from "@vitejs/plugin-react"
import { defaultClientConditions, defineConfig } from "vite"

const page = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The pages: an example of a shop that embeds the widget, and the agents' desk. They work under any path. */
export default defineConfig({
  base: "./",
  plugins: [react()],
  resolve: { conditions: ["magpie-source", ...defaultClientConditions] },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    rollupOptions: { input: [page("index.html"), page("desk.html")] },
  },
})
