// `npm run test:services [-- --install] [vitest's arguments]`: what needs real brokers. Those that are not installed are left
// out, in so many words; with CI=true they are demanded.
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { SERVICES } from "./services/all.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const wanted = process.argv.slice(2)
const install = wanted.includes("--install")

for (const service of SERVICES) {
  if (install && service.missing() !== undefined) service.install()
  const missing = service.missing()
  if (missing !== undefined) console.log(`${service.title} is left out: ${missing}; with --install it is installed`)
}
const args = ["vitest", "run", "--config", "vitest.services.config.ts", ...wanted.filter((word) => word !== "--install")]
const { status } = spawnSync("npx", ["--no-install", ...args], { cwd: root, stdio: "inherit" })
process.exitCode = status ?? 1
