import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import type { Server as HttpServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { type Client, connect } from "@magpie/client"
import { contract, json, stream } from "@magpie/protocol"
import { describe, expect, type TestContext, test } from "vitest"
import { runSnippets } from "./running-snippets.ts"
import { ROOT, snippetsOf, writeFiles } from "./snippets.ts"

const PAGES = ["docs/migrating-from-socket-io.md", "docs/migrating-from-socket-io.zh-TW.md"]
const BENCH = join(ROOT, "bench")

/** The part of Socket.IO's client that the page uses. */
interface Socket {
  readonly connected: boolean
  on(event: string, listener: (message: { readonly from: string; readonly text: string }) => void): void
  emitWithAck(event: string, ...args: readonly unknown[]): Promise<unknown>
  close(): void
}

interface BeforeServer {
  readonly http: HttpServer
  readonly io: { close(): Promise<void> }
}

interface BothServer extends BeforeServer {
  readonly magpie: { close(options: object): Promise<void>; readonly ready: boolean }
  readonly bridge: Client<never>
}

/** The JavaScript blocks of a page, by the name in their first line. */
function scriptsOf(page: string): ReadonlyMap<string, string> {
  const blocks = readFileSync(join(ROOT, page), "utf8").matchAll(/^```js\n(\/\/ (\S+\.js)\n[\s\S]*?)^```$/gm)
  return new Map([...blocks].map(([, text = "", name = ""]) => [name, text]))
}

/** Runs part of a page where Socket.IO can be found, on a free port. */
async function withSocketIo(
  page: string,
  { skip, onTestFinished }: TestContext,
): Promise<{ load<T>(name: string, port?: number): Promise<T> }> {
  if (!existsSync(join(BENCH, "node_modules/socket.io"))) skip("Socket.IO is not here: the first `npm run bench` installs it")
  const directory = mkdtempSync(join(BENCH, ".data-"))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  writeFiles(directory, new Map(snippetsOf(page).map(({ name, text }) => [name, text])))
  return {
    async load(name, port = 0) {
      const text = scriptsOf(page).get(name)?.replaceAll("listen(8080", `listen(${port}`).replace("localhost:8080", `localhost:${port}`)
      if (text === undefined) throw new Error(`${page} has no ${name}`)
      writeFiles(directory, new Map([[name, text]]))
      return import(join(directory, name))
    },
  }
}

const portOf = (http: HttpServer): number => (http.address() as AddressInfo).port

/** Waits for a fact, looking again at each turn of the event loop; the test's own time limit bounds it. */
async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await new Promise<void>((resolve) => setImmediate(resolve))
}

describe.each(PAGES)("%s", { timeout: 120_000 }, (page) => {
  test("its first chat works on Socket.IO", async (context) => {
    const { load } = await withSocketIo(page, context)
    const { http, io } = await load<BeforeServer>("before/server.js")
    const { socket } = await load<{ socket: Socket }>("before/client.js", portOf(http))
    const heard: string[] = []
    socket.on("say", ({ from, text }) => heard.push(`${from}: ${text}`))
    await until(() => socket.connected)
    await socket.emitWithAck("join", "lobby")
    await socket.emitWithAck("say", "lobby", "hello")
    await until(() => heard.length > 0)
    expect(heard).toEqual(["ann: hello"])
    socket.close()
    await io.close()
  })

  test("[G3] both sides hear each other in one order while they run on one port", async (context) => {
    const { load } = await withSocketIo(page, context)
    const { http, io, magpie, bridge } = await load<BothServer>("both/server.js")
    const { socket } = await load<{ socket: Socket }>("before/client.js", portOf(http))
    const app = contract({ "chat/:room": stream({ messages: { say: json<{ text: string }>() } }) })
    const bob = connect(`ws://localhost:${portOf(http)}`, { contract: app, token: "token-of-bob" })
    const lobby = bob.channel("chat/lobby")
    const [old, young]: [string[], string[]] = [[], []]
    socket.on("say", ({ from, text }) => old.push(`${from}: ${text}`))
    lobby.on("say", ({ from, data }) => young.push(`${from}: ${data.text}`))
    await lobby.subscribe()
    await until(() => socket.connected && bridge.status.state === "online")
    await socket.emitWithAck("join", "lobby")
    for (let index = 0; index < 5; index++) {
      await socket.emitWithAck("say", "lobby", `old ${index}`)
      await lobby.send("say", { text: `new ${index}` })
    }
    await until(() => old.length === 10 && young.length === 10)
    expect(young).toEqual([0, 1, 2, 3, 4].flatMap((index) => [`ann: old ${index}`, `bob: new ${index}`]))
    expect(old).toEqual(young)
    socket.close()
    await Promise.all([bob.close(), bridge.close()])
    await magpie.close({ spreadMs: 0 })
    await io.close()
  })

  test("its last chat works without", async () => {
    const files = new Map(snippetsOf(page).map(({ name, text }) => [name, text]))
    const { printed, close } = await runSnippets(files)
    await printed.line("bob: hello from Magpie")
    await printed.line("stored as 1")
    await close()
  })
})

test("both pages show the same code", () => {
  const [english, chinese] = PAGES.map((page) =>
    [...snippetsOf(page).map(({ text }) => text), ...scriptsOf(page).values()].map(withoutComments),
  )
  expect(chinese).toEqual(english)
})

function withoutComments(code: string): string {
  return code.replaceAll(/\/\*\*.*?\*\/|\/\/ .*$/gm, "")
}
