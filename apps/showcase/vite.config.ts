import react from "@vitejs/plugin-react"
import { defaultClientConditions, defineConfig } from "vite"

export default defineConfig({
  plugins: [react()],
  resolve: { conditions: ["magpie-source", ...defaultClientConditions] },
  // The page is served under a policy without inline scripts and with few sources, so nothing is inlined.
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, sourcemap: false },
})
