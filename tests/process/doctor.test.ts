import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, afterEach, describe, expect, it } from "vitest"
import { temporaryDirectory } from "../snippets.ts"
import { emptyDirectory, jsonLines, magpie, PROCESS_TIMEOUT_MS } from "./magpie.ts"
import { type ServerProcess, startServerProcess } from "./server-process.ts"

const directory = emptyDirectory()
const inside = temporaryDirectory("doctor")
let server: ServerProcess | undefined
afterEach(async () => {
  await server?.kill()
  server = undefined
})
afterAll(() => inside.remove())

interface Finding {
  readonly about: string
  readonly state: string
  readonly told: string
}

const of = (about: string, out: string) => jsonLines<Finding>(out).filter((finding) => finding.about === about)

describe("magpie doctor", { timeout: PROCESS_TIMEOUT_MS }, () => {
  it("looks at everything, changes nothing, and compares clocks with the server that runs here", async () => {
    server = await startServerProcess({ data: join(inside.path, "data") })
    const env = { MAGPIE_PORT: String(server.port), MAGPIE_LIMIT_CONNECTIONS: "1" }
    const { code, out } = await magpie(["doctor", "--json"], { cwd: directory.path, env })
    expect(code, out).toBe(0)
    expect(new Set(jsonLines<Finding>(out).map(({ about }) => about))).toEqual(
      new Set(["node", "configuration", "port", "open files", "certificate", "clock", "disk"]),
    )
    expect(of("port", out)).toMatchObject([{ state: "ok", told: expect.stringContaining("a Magpie server runs") }])
    expect(of("clock", out)).toMatchObject([{ told: expect.stringContaining(`127.0.0.1:${server.port}`) }])
    const words = await magpie(["doctor"], { cwd: directory.path, env: { MAGPIE_PORT: "0" } })
    expect(words.out).toMatch(/^ok {6}node/)
  })

  it("ends with 1 where it finds a problem, and says all of them", async () => {
    writeFileSync(
      join(inside.path, "magpie.config.mjs"),
      'import { anonymous, contract } from "@magpie/server"\nexport default { contract: contract({}), auth: anonymous(), channels: {}, prot: 1, host: 2 }\n',
    )
    const { code, out } = await magpie(["doctor", "--json"], { cwd: inside.path, env: { MAGPIE_PORT: "0" } })
    expect(code).toBe(1)
    expect(of("configuration", out)).toMatchObject([
      { state: "problem", told: "magpie.config.mjs:2: prot is no option; did you mean port?" },
      { state: "problem", told: "magpie.config.mjs:2: host must be text" },
    ])
  })

  it("says what is wrong with a certificate", async () => {
    writeFileSync(join(directory.path, "nothing.pem"), "nothing\n")
    const env = { MAGPIE_PORT: "0", MAGPIE_TLS_CERT: "nothing.pem", MAGPIE_TLS_KEY: "nothing.pem" }
    const { code, out } = await magpie(["doctor", "--json"], { cwd: directory.path, env })
    expect(code).toBe(1)
    expect(of("certificate", out)).toMatchObject([{ state: "problem" }])
  })
})
