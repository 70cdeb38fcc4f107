import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { connect } from "@magpie/client"
import { MagpieError } from "@magpie/protocol"
import { anonymous, createServer } from "@magpie/server"
import { Window } from "happy-dom"
import { build } from "vite"
import { afterAll, beforeAll, expect, test, vi } from "vitest"
import { WebSocket } from "ws"
import { app } from "./contract.ts"

/** The build and a page of its own take a while on a busy machine. */
const TIMEOUT_MS = 120_000
const SEEN = { timeout: 30_000 }

const root = fileURLToPath(new URL("..", import.meta.url))
const server = createServer(app, { auth: anonymous(), origins: "any", log: () => {} })
/** While it is closed, what is published waits. */
let gate: { readonly opened: Promise<void>; open(): void }
let directory: string
let page: Window
let host: string

function closeGate(): void {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  gate = { opened, open }
}

/** Builds the page as `npm run build` does, and opens it in a window without a screen. */
async function openPage(): Promise<void> {
  directory = await mkdtemp(join(tmpdir(), "magpie-vue-"))
  await build({ root, logLevel: "error", build: { outDir: directory, emptyOutDir: true } })
  const [script = ""] = (await readdir(join(directory, "assets"))).filter((file) => file.endsWith(".js"))
  expect(await readFile(join(directory, "assets", script), "utf8")).not.toMatch(/react-dom|__REACT/)
  page = new Window({ url: `http://${host}/?server=ws://${host}` })
  page.document.write('<div id="app"></div>')
  // What a page has and Node has not.
  for (const name of Object.getOwnPropertyNames(page)) if (!(name in globalThis)) vi.stubGlobal(name, Reflect.get(page, name))
  for (const name of ["addEventListener", "removeEventListener"] as const) vi.stubGlobal(name, page[name].bind(page))
  for (const name of ["document", "location"] as const) vi.stubGlobal(name, page[name])
  vi.stubGlobal("WebSocket", WebSocket)
  await import(/* @vite-ignore */ pathToFileURL(join(directory, "assets", script)).href)
}

beforeAll(async () => {
  closeGate()
  gate.open()
  server.channel("chat/:room", {
    authorize: ({ action }) => action !== "publish" || gate.opened.then(() => true),
    accept: {
      say({ data }) {
        if (data.text === "spam") throw new MagpieError("FORBIDDEN", "no spam")
      },
    },
  })
  const { port } = await server.listen({ port: 0, host: "127.0.0.1" })
  host = `127.0.0.1:${port}`
  for (let number = 1; number <= 30; number++) await server.channel("chat/lobby").publish("say", { name: "server", text: `${number}` })
  await openPage()
}, TIMEOUT_MS)

afterAll(async () => {
  await server.close({ spreadMs: 0 })
  vi.unstubAllGlobals()
  await page.happyDOM.close()
  await rm(directory, { recursive: true })
}, TIMEOUT_MS)

const all = (selector: string): readonly string[] => [...page.document.querySelectorAll(selector)].map((one) => one.textContent.trim())
const said = () => all("ol span")
const sending = () => all("ul li")
const status = () => all('[role="status"]')[0]

async function say(text: string): Promise<void> {
  const input = page.document.querySelector<import("happy-dom").HTMLInputElement>('[aria-label="Message"]')
  if (input === null) throw new Error("there is nowhere to write")
  input.value = text
  input.dispatchEvent(new page.Event("input"))
  page.document.querySelector("form")?.dispatchEvent(new page.Event("submit", { cancelable: true }))
}

test("the page that was built shows the newest messages, and more of its history when asked", { timeout: TIMEOUT_MS }, async () => {
  await vi.waitFor(() => expect(said()).toHaveLength(20), SEEN)
  expect([status(), said()[0], said().at(-1)]).toEqual(["online", "11", "30"])
  page.document.querySelector("button")?.dispatchEvent(new page.Event("click"))
  await vi.waitFor(() => expect(said()).toHaveLength(30), SEEN)
  expect(said()).toEqual(Array.from({ length: 30 }, (_, index) => `${index + 1}`))
})

test("a message is shown as pending until it is stored, then stands among the others, for everybody", { timeout: TIMEOUT_MS }, async () => {
  const other = connect(`ws://${host}`, { contract: app })
  const heard: string[] = []
  other.channel("chat/lobby").on("say", ({ data }) => heard.push(data.text))
  await other.channel("chat/lobby").subscribe()
  closeGate()
  await say("from the page")
  await vi.waitFor(() => expect(sending()).toEqual(["from the page pending"]), SEEN)
  expect(said()).not.toContain("from the page")
  gate.open()
  await vi.waitFor(() => expect([said().at(-1), sending()]).toEqual(["from the page", []]), SEEN)
  await vi.waitFor(() => expect(heard).toEqual(["from the page"]), SEEN)
  await other.channel("chat/lobby").send("say", { name: "other", text: "to the page" })
  await vi.waitFor(() => expect(said().at(-1)).toBe("to the page"), SEEN)
  await other.close()
})

test("what the server refuses stays, with the reason", { timeout: TIMEOUT_MS }, async () => {
  await say("spam")
  await vi.waitFor(() => expect(sending()).toEqual(["spam refused: no spam"]), SEEN)
})

test("the status follows the connection", { timeout: TIMEOUT_MS }, async () => {
  await server.close({ spreadMs: 0 })
  await vi.waitFor(() => expect(status()).toBe("reconnecting"), SEEN)
})
