import { commands, memoryCommands, serveCommands } from "@magpie/client/command"
import { afterEach, expect, it } from "vitest"
import { commandBed } from "./command-bed.ts"

let its: Awaited<ReturnType<typeof commandBed>>
afterEach(async () => {
  await its.bed.close()
  expect(its.bed.clock.pendingTimers).toBe(0)
})

const TEN_MINUTES_MS = 600_000

it.each([TEN_MINUTES_MS, -TEN_MINUTES_MS])(
  "[G9] [F116] clocks that are wrong by %i ms execute nothing too late, and refuse nothing in time",
  async (wrongByMs) => {
    its = await commandBed()
    const { bed, done } = its
    const effects: string[] = []
    const serve = () =>
      serveCommands(bed.connect({ wallClockAheadMs: wrongByMs }).channel("device/7"), {
        store: memoryCommands(),
        handlers: {
          setValve(_input, { id }) {
            effects.push(id)
            return { angle: 90 }
          },
        },
      })
    const first = serve()
    const phone = commands(bed.connect({ wallClockAheadMs: -wrongByMs }).channel("device/7"))
    const inTime = { deadlineMs: 2_000 }
    expect(await done(phone.outcome("setValve", { open: true }, { ...inTime, id: "in-time" }))).toMatchObject({ state: "done" })
    await done(first.close())
    const late = phone.outcome("setValve", { open: true }, { ...inTime, id: "late" })
    await bed.clock.advance(3_000)
    const second = serve()
    expect(await done(late)).toMatchObject({ state: "expired" })
    await bed.clock.until(() => second.state.state === "serving")
    await bed.clock.advance(1_000)
    expect(effects).toEqual(["in-time"])
  },
)

it("[G9] [F116] a report that was captured and is said again, under an older fence or for another device, changes nothing", async () => {
  its = await commandBed()
  const { bed, done } = its
  const server = bed.server.channel("device/7")
  const calls = ["c1", "c2"].map((id) => server.outcome("setValve", { open: true }, { id, deadlineMs: 60_000 }))
  await bed.clock.until(() => server.open().length === 2)
  const raw = bed.raw({ plain: true })
  let asked = 0
  /** What the server answers to a step: its type, or the code of the error. */
  async function say(channel: string, data: object) {
    const id = ++asked
    raw.send({ type: "publish", id, channel, name: "$command", data })
    await bed.clock.until(() => raw.reply(id) !== undefined)
    return raw.reply(id) as Readonly<Record<string, unknown>>
  }
  const { position } = await say("device/7", { action: "serve" })
  const { offset: fence } = position as { readonly offset: number }
  const report = (command: string, state: string, data?: unknown) => ({ action: "report", fence, command, state, data })
  const captured = [report("c1", "started"), report("c1", "done", { angle: 90 })]
  for (const step of captured) expect(await say("device/7", step)).toMatchObject({ type: "published" })
  const version = server.get("c1")?.version

  for (const step of captured.slice(1)) expect(await say("device/7", step)).toMatchObject({ type: "published", duplicate: true })
  expect(await say("device/7", report("c1", "failed", { code: "stuck", data: { angle: 1 } }))).toMatchObject({ code: "CONFLICT" })
  expect(await say("device/8", captured[1] ?? {})).toMatchObject({ code: "UNRECOVERABLE" })
  // Another one serves now: what the first had said in time is worth nothing any more.
  await say("device/7", { action: "serve" })
  expect(await say("device/7", report("c2", "started"))).toMatchObject({ code: "CONFLICT" })
  expect([server.get("c1")?.version, server.get("c2")?.state]).toEqual([version, "queued"])
  await done(server.cancel("c2"))
  expect((await done(Promise.all(calls))).map(({ state }) => state)).toEqual(["done", "cancelled"])
})
