import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Browser } from "playwright-core"
import { afterAll, beforeAll } from "vitest"
import { type ServerProcess, startServerProcess } from "../process/server-process.ts"
import { launchChromium } from "./chromium.ts"

const CONFIG = fileURLToPath(new URL("../../apps/showcase/magpie.config.ts", import.meta.url))

interface ShowcaseServer {
  readonly process: ServerProcess
  readonly page: string
  /** Kills it with -9 and starts it again on its data and port. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export interface ShowcaseInBrowser {
  readonly showcase: ShowcaseServer
  readonly browser: Browser
}

/** What `npm start` runs and a browser, for all tests of a file. */
export function showcaseInBrowser(): ShowcaseInBrowser {
  let showcase: ShowcaseServer
  let browser: Browser
  beforeAll(async () => {
    showcase = await startShowcase()
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await showcase?.stop()
  })
  return {
    get showcase() {
      return showcase
    },
    get browser() {
      return browser
    },
  }
}

/** As a process of its own with its own data. */
async function startShowcase(): Promise<ShowcaseServer> {
  const data = mkdtempSync(join(tmpdir(), "magpie-showcase-"))
  let server = await startServerProcess({ data, config: CONFIG })
  const { port } = server
  return {
    get process() {
      return server
    },
    page: `http://localhost:${port}/`,
    async restart() {
      await server.kill()
      server = await startServerProcess({ data, config: CONFIG, port })
    },
    async stop() {
      await server.kill()
      rmSync(data, { recursive: true, force: true })
    },
  }
}
