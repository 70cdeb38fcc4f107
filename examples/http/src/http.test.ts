import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, type TestContext, test } from "vitest"
import { createOrdersServer } from "./orders-server.ts"

const BACK_END_KEY = "the key of the shop's back end"
const CUSTOMER_KEY = "the key of a customer, ann"

let server: ReturnType<typeof createOrdersServer>
let url: string
beforeEach(async () => {
  server = createOrdersServer(BACK_END_KEY, CUSTOMER_KEY)
  const { port } = await server.listen({ port: 0, host: "127.0.0.1" })
  url = `http://127.0.0.1:${port}`
})
afterEach(() => server.close({ spreadMs: 0 }))

/** What a program printed, by lines. Where it is not installed, the report says that it was not run. */
async function run({ skip }: TestContext, needed: string, command: readonly [program: string, file: string]): Promise<readonly string[]> {
  const [program, file] = command
  if (spawnSync(needed, ["--version"]).error !== undefined) skip(`${needed} is not installed here: ${file} was not run`)
  const child = spawn(program, [fileURLToPath(new URL(file, import.meta.url))], {
    env: { ...process.env, MAGPIE_URL: url, MAGPIE_KEY: BACK_END_KEY, NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1" },
    stdio: ["ignore", "pipe", "inherit"],
  })
  let printed = ""
  child.stdout.on("data", (chunk: Buffer) => {
    printed += chunk.toString()
  })
  const [code] = await once(child, "close")
  expect(code, printed).toBe(0)
  return printed.trimEnd().split("\n")
}

describe("back ends in other languages", () => {
  test("the Python one publishes, reads back, is refused and revokes", async (context) => {
    expect(await run(context, "python3", ["python3", "back_end.py"])).toEqual([
      "published 1 memory",
      "published [2, 3]",
      "refused 400 BAD_REQUEST",
      "label done 1",
      "kept [17, 18, 19]",
      "online 0",
      "revoked ann",
    ])
    expect(server.channel("orders/ann").history({ last: 1 })).toMatchObject([{ data: { order: 19, parcel: "TW-2" }, from: undefined }])
  })

  test("the Python one goes on after what is no longer kept", async (context) => {
    for (let order = 1; order <= 150; order++) await server.channel("orders/ann").publish("shipped", { order, parcel: "TW-0" })
    const lines = await run(context, "python3", ["python3", "back_end.py"])
    expect(lines[0]).toBe("published 151 memory")
    const kept = JSON.parse(lines[4]?.replace("kept ", "") ?? "") as number[]
    expect(kept.at(-1)).toBe(19)
    expect(kept.length).toBeLessThan(153)
    expect(kept.slice(0, -3)).toEqual(Array.from({ length: kept.length - 3 }, (_, index) => index + 154 - kept.length))
  })

  test("the shell script publishes once what it sends twice", async (context) => {
    const [ready, first, again, batch, label, sameLabel, history, connections] = (await run(context, "curl", ["sh", "back-end.sh"])).map(
      (line) => JSON.parse(line),
    )
    expect(ready).toEqual({ status: "ready" })
    expect(first).toMatchObject({ position: { offset: 1 }, duplicate: false })
    expect(again).toEqual({ ...first, duplicate: true })
    expect(batch.results).toMatchObject([{ position: { offset: 2 } }, { position: { offset: 3 } }])
    expect(label).toMatchObject({ id: "label-17", state: "done", output: { pages: 1 } })
    expect(sameLabel).toEqual(label)
    expect(history).toMatchObject({ messages: [{ data: { order: 18 } }, { data: { order: 19 } }], more: true })
    expect(connections).toEqual({ connections: [] })
  })
})
