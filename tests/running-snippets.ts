import { join } from "node:path"
import type { Client } from "@magpie/client"
import type { AnyContract } from "@magpie/protocol"
import type { Server } from "@magpie/server"
import { capturePrinted, type Printed } from "../examples/guide/src/fixtures/printed.ts"
import { temporaryDirectory, writeFiles } from "./snippets.ts"

export interface RunningSnippets {
  readonly printed: Printed
  close(): Promise<void>
}

const PORT = "port: 8080"
const URL = "ws://localhost:8080"
const DATA = '"data"'

/**
 * Runs `contract.ts`, `server.ts`, `device.ts` where there is one, and `client.ts` of a page as they stand, but for the port, which is a free one, and the
 * directory of the data. The server prints where it listens; what all print can be waited for.
 */
export async function runSnippets(files: ReadonlyMap<string, string>): Promise<RunningSnippets> {
  const directory = temporaryDirectory("run")
  const printed = capturePrinted()
  const live: { close(): Promise<void> }[] = []

  async function close(): Promise<void> {
    for (const one of live.reverse()) await one.close()
    printed.restore()
    directory.remove()
  }

  try {
    const data = JSON.stringify(join(directory.path, "data"))
    const server = `${textOf(files, "server.ts", PORT).replace(PORT, "port: 0").replaceAll(DATA, data)}\nexport { server }\n`
    writeFiles(directory.path, new Map([...files, ["server.ts", server]]))
    const serving: { readonly server: Server<AnyContract> } = await import(join(directory.path, "server.ts"))
    live.push({ close: () => serving.server.close({ spreadMs: 0 }) })
    const url = /ws:\S+/.exec(await printed.line(/ws:/))?.[0] ?? ""

    for (const name of ["device.ts", "client.ts"].filter((file) => files.has(file))) {
      const text = `${textOf(files, name, URL).replace(URL, url)}\nexport { magpie }\n`
      writeFiles(directory.path, new Map([[name, text]]))
      const connected: { readonly magpie: Client<AnyContract> } = await import(join(directory.path, name))
      live.push({ close: () => connected.magpie.close() })
    }
    return { printed, close }
  } catch (failure) {
    await close()
    throw failure
  }
}

function textOf(files: ReadonlyMap<string, string>, name: string, needed: string): string {
  const text = files.get(name)
  if (text === undefined || !text.includes(needed)) throw new Error(`the page has no ${name} with ${needed}`)
  return text
}
