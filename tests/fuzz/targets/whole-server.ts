import { memoryStorage, openDurableLog } from "@magpie/journal"
import { broadcast, contract, json, stream } from "@magpie/protocol"
import { type CoreOptions, checkOptions, createCore, retentionOf } from "@magpie/server/core"
import { fakeCrypto, fakeEnv } from "@magpie/testing"
import { insist } from "../target.ts"

const messages = { say: json(), move: json() }
const app = contract({ "chat/:room": stream({ messages }), "typing/:room": broadcast({ messages }) })

/** A whole server without sockets, where everybody may do everything. */
export async function wholeServer(given: CoreOptions) {
  const options = checkOptions(given)
  const env = fakeEnv({ seed: 1 })
  const settings = { retention: retentionOf(app), deduplicationMs: options.deduplicationMs }
  const opening = openDurableLog({ storage: memoryStorage(), env, settings })
  await env.clock.settle()
  const core = createCore(app, options, await opening, { ...env, crypto: fakeCrypto })
  core.channel("chat/:room", { authorize: () => true })
  core.channel("typing/:room", { authorize: () => true })
  return {
    env,
    core,
    options,
    /** Closes it, and looks whether it went well all the time. */
    async close(withinMs: number): Promise<void> {
      const closing = core.close({ spreadMs: 0 })
      await env.clock.advance(withinMs)
      await closing
      const failures = env.lines.filter(({ level }) => level === "error").map(({ event }) => event)
      insist(failures.length === 0, `fails in nothing of its own (${failures.join()})`)
    },
  }
}
