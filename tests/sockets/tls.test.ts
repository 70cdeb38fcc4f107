import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect as connectTls } from "node:tls"
import { generate } from "selfsigned"
import { beforeAll, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { until } from "./raw-client.ts"
import { closedAfterEach } from "./test-server.ts"

const { start, closers } = closedAfterEach()

interface Pair {
  readonly cert: string
  readonly key: string
}

async function pairNamed(name: string): Promise<Pair> {
  const { cert, private: key } = await generate([{ name: "commonName", value: name }], { keyType: "ec" })
  return { cert, key }
}

let pairs: readonly [Pair, Pair]
beforeAll(async () => {
  pairs = [await pairNamed("first"), await pairNamed("second")]
})

/** Files for one test, which go with it. */
function filesFor(pair: Pair) {
  const directory = mkdtempSync(join(tmpdir(), "magpie-tls-"))
  closers.push(async () => rmSync(directory, { recursive: true }))
  const [certFile, keyFile] = [join(directory, "cert.pem"), join(directory, "key.pem")]
  const write = ({ cert, key }: Pair): void => {
    writeFileSync(certFile, cert)
    writeFileSync(keyFile, key)
  }
  write(pair)
  return { certFile, keyFile, write }
}

/** The name in the certificate that a newcomer sees. */
function servedName(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.on("error", reject)
  })
}

const aboutTls = (lines: readonly { readonly event: string }[]): string[] =>
  lines.flatMap(({ event }) => (event.startsWith("tls-") ? [event] : []))

/** A link to the echo, with what came back. */
async function openEcho(port: number) {
  const socket = new WebSocket(`wss://127.0.0.1:${port}/`, { rejectUnauthorized: false })
  const heard: string[] = []
  socket.on("message", (data) => heard.push(data.toString()))
  await new Promise((resolve, reject) => {
    socket.on("open", resolve)
    socket.on("error", reject)
  })
  return {
    heard,
    async echo(text: string): Promise<void> {
      const before = heard.length
      socket.send(text)
      await until(() => heard.length > before)
    },
    get open() {
      return socket.readyState === WebSocket.OPEN
    },
    close: () => socket.terminate(),
  }
}

describe("TLS with files", () => {
  it("[F87] shows newcomers the new certificate and drops nobody", async () => {
    const [first, second] = pairs
    const { write, ...files } = filesFor(first)
    const { port, server, lines } = await start({}, { tls: files })
    const link = await openEcho(port)
    await link.echo("before")
    expect(await servedName(port)).toBe("first")
    write(second)
    await server.reloadTls()
    expect(await servedName(port)).toBe("second")
    await link.echo("after")
    expect([link.heard, link.open]).toEqual([["before", "after"], true])
    expect(aboutTls(lines)).toEqual(["tls-reloaded"])
    link.close()
  })

  it("[F87] notices by itself that the files changed", async () => {
    const [first, second] = pairs
    const { write, ...files } = filesFor(first)
    const { port, lines } = await start({}, { tls: { ...files, checkEveryMs: 5 } })
    write(second)
    await until(() => lines.some(({ event }) => event === "tls-reloaded"))
    expect(await servedName(port)).toBe("second")
  })

  it("[F87] keeps the old pair before a bad one, and says so", async () => {
    const [first, second] = pairs
    const { write, ...files } = filesFor(first)
    const { port, server, lines } = await start({}, { tls: files })
    write({ cert: second.cert, key: first.key })
    await expect(server.reloadTls()).rejects.toMatchObject({ code: "INVALID_OPTIONS" })
    expect(await servedName(port)).toBe("first")
    expect(aboutTls(lines)).toEqual(["tls-rejected"])
    write(second)
    await server.reloadTls()
    expect(await servedName(port)).toBe("second")
  })

  it("[F87] is not begun with a pair that cannot be used", async () => {
    const [first, second] = pairs
    await expect(start({}, { tls: { cert: first.cert, key: second.key } })).rejects.toMatchObject({ code: "INVALID_OPTIONS" })
    const { certFile } = filesFor(first)
    await expect(start({}, { tls: { certFile, keyFile: `${certFile}.none` } })).rejects.toMatchObject({ code: "INVALID_OPTIONS" })
  })
})
