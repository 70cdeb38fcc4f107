import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Client } from "@magpie/client"
import type { AnyContract } from "@magpie/protocol"
import type { Server } from "@magpie/server"
import { afterEach, describe, expect, test } from "vitest"
import { capturePrinted } from "../examples/guide/src/fixtures/printed.ts"
import { closeAllWscats, startWscat } from "../examples/guide/src/fixtures/wscat.ts"
import { ROOT, snippetsOf, temporaryDirectory, writeFiles } from "./snippets.ts"

const READMES = ["README.md", "README.zh-TW.md"]

afterEach(closeAllWscats)

describe.each(READMES)("%s", (readme) => {
  test("the first snippets run as they stand, but for the port and the directory", async () => {
    const directory = temporaryDirectory("readme")
    const printed = capturePrinted()
    try {
      const files = new Map(snippetsOf(readme).map(({ name, text }) => [name, text]))
      expect([...files.keys()]).toEqual(["contract.ts", "server.ts", "client.ts"])

      const server = `${replaced(replaced(files.get("server.ts"), "port: 8080", "port: 0"), '"data"', JSON.stringify(join(directory.path, "data")))}\nexport { server }\n`
      writeFiles(directory.path, new Map([...files, ["server.ts", server]]))
      const serving: { readonly server: Server<AnyContract> } = await import(join(directory.path, "server.ts"))
      const url = /ws:\S+/.exec(await printed.line(/ws:/))?.[0] ?? ""

      const client = `${replaced(files.get("client.ts"), "ws://localhost:8080", url)}\nexport { magpie }\n`
      writeFiles(directory.path, new Map([["client.ts", client]]))
      const connected: { readonly magpie: Client<AnyContract> } = await import(join(directory.path, "client.ts"))
      await printed.line("connecting -> online")
      await printed.line("你好")

      await connected.magpie.close()
      await serving.server.close({ spreadMs: 0 })
    } finally {
      printed.restore()
      directory.remove()
    }
  })

  test("the lines for wscat work against what `npm start` serves", async () => {
    const directory = temporaryDirectory("start")
    const showcase = await startShowcase(directory.path)
    try {
      const commands = wscatCommands(readFileSync(join(ROOT, readme), "utf8"))
      expect(commands).toHaveLength(3)
      const [plain, subscribe, publish] = commands.map(({ url, line }) => startWscat(url.replace("localhost:8080", showcase.host), line))
      await plain?.shows("伺服器已收到您的訊息")
      await subscribe?.shows('"type":"subscribed"')
      await publish?.shows('"type":"published"')
      await subscribe?.shows('"text":"hello"')
    } finally {
      await closeAllWscats()
      await showcase.close()
      directory.remove()
    }
  })
})

test("both READMEs show the same code", () => {
  const [english, chinese] = READMES.map((readme) => snippetsOf(readme).map(({ text }) => withoutProse(text)))
  expect(chinese).toEqual(english)
})

function replaced(text: string | undefined, from: string, to: string): string {
  if (text === undefined || !text.includes(from)) throw new Error(`the README no longer has ${from}`)
  return text.replace(from, to)
}

function withoutProse(code: string): string {
  return code.replaceAll(/\/\/ .*$/gm, "").replaceAll(/`[^`]*\$\{url\}[^`]*`/g, "")
}

function wscatCommands(markdown: string): { readonly url: string; readonly line: string }[] {
  return [...markdown.matchAll(/^npx wscat -c (\S+) -x '([^']+)'/gm)].map(([, url = "", line = ""]) => ({ url, line }))
}

/** The command behind `npm start`, on a free port. */
async function startShowcase(data: string): Promise<{ readonly host: string; close(): Promise<void> }> {
  const command = ["packages/cli/dist/main.js", "serve", "--config", "apps/showcase/magpie.config.ts", "--port", "0", "--data", data]
  const child = spawn(process.execPath, command, { cwd: ROOT })
  const gone = new Promise<void>((resolve) => child.on("close", () => resolve()))
  let shown = ""
  const host = await new Promise<string>((resolve, reject) => {
    const hear = (chunk: unknown): void => {
      shown += String(chunk)
      const port = /ws:\/\/[^\s/]+:(\d+)\/magpie/.exec(shown)?.[1]
      if (port !== undefined) resolve(`127.0.0.1:${port}`)
    }
    child.stdout.setEncoding("utf8").on("data", hear)
    child.stderr.setEncoding("utf8").on("data", hear)
    void gone.then(() => reject(new Error(`the server ended:\n${shown}`)))
  })
  return {
    host,
    close() {
      child.kill("SIGTERM")
      return gone
    },
  }
}
