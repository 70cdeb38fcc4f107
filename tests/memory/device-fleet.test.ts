import { memoryCommands, serveCommands } from "@magpie/client/command"
import { table as follow } from "@magpie/client/table"
import { command, contract, json, table } from "@magpie/protocol"
import { anonymous } from "@magpie/server/core"
import { createTestBed } from "@magpie/testing"
import { expect, it } from "vitest"

const FLEET = 1_000
const TIMEOUT_MS = 120_000

const app = contract({
  "device/:id": command({ set: { input: json<number>(), output: json<number>() } }),
  desired: table({ key: json<string>(), value: json<{ readonly on: boolean }>() }),
})

it("[F117] 1,000 devices that come back after a power cut are let in, told their last values once each, and do what waits once", {
  timeout: TIMEOUT_MS,
}, async () => {
  const bed = await createTestBed(app, {
    auth: anonymous(),
    rules: { "device/:id": { authorize: () => true }, desired: { authorize: () => true } },
    limits: { handshakesPerSecond: 200 },
  })
  const { clock, server, network } = bed
  const effects: string[] = []
  const told: string[] = []
  const fleet = Array.from({ length: FLEET }, (_, index) => {
    const address = `10.${index >> 8}.1.${index & 255}`
    const client = bed.connect({ address })
    const row = follow(client.channel("desired"), { keys: [`${index}`] })
    row.on("change", ({ keys }) => told.push(...keys.map((key) => `${key}=${row.rows.get(key)?.value.on}`)))
    const serving = serveCommands(client.channel(`device/${index}`), {
      store: memoryCommands(),
      handlers: {
        set(value, { id }) {
          effects.push(id)
          return value
        },
      },
    })
    return { address, row, serving }
  })
  const isThere = (): boolean => fleet.every(({ serving, row }) => serving.state.state === "serving" && row.state.state === "live")
  await clock.until(isThere)

  for (const { address } of fleet) network.cut(true, address)
  await clock.until(() => fleet.every(({ serving }) => serving.state.state === "connecting"))
  const calls = fleet.map((_, index) => server.channel(`device/${index}`).call("set", index, { id: `c${index}`, deadlineMs: 3_600_000 }))
  // Written twice while nobody is there: the last value is what they are told.
  for (const on of [false, true]) await clock.done(Promise.all(fleet.map((_, index) => server.channel("desired").set(`${index}`, { on }))))
  expect(told).toEqual([])

  for (const { address } of fleet) network.cut(false, address)
  const outputs = await clock.done(Promise.all(calls))
  await clock.until(() => isThere() && told.length >= FLEET)
  expect(outputs).toEqual(fleet.map((_, index) => index))
  expect(new Set(effects).size).toBe(FLEET)
  expect(effects).toHaveLength(FLEET)
  expect([...told].sort()).toEqual(fleet.map((_, index) => `${index}=true`).sort())
  // The crowd was let in a few at a time, as in F79.
  expect(server.counters["turnedAway{overloaded}"]).toBeGreaterThan(0)
  await bed.close()
  expect(clock.pendingTimers).toBe(0)
})
