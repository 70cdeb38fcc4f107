// A core in this process, with links that are no sockets: as many members as two servers beside each other have no room for.
import { memoryStorage, openDurableLog } from "@magpie/journal"
import { broadcast, contract } from "@magpie/protocol"
import { anonymous, checkOptions, createCore, payloadOf, retentionOf } from "@magpie/server/core"
import { fakeCrypto, fakeEnv } from "@magpie/testing"
import { z } from "zod"
import { presenceWires } from "./wires.mjs"

const app = contract({
  "hall/:name": broadcast({ messages: {}, presence: z.object({ name: z.string().max(100), away: z.boolean() }) }),
})
const MANY = 10_000_000
const PER_TURN = 1_000
/** On a clock that nobody else moves. */
const OPENING_MS = 1_000
const REQUEST = { address: "127.0.0.1", origin: undefined, userAgent: undefined, plain: false }
const wire = presenceWires.magpie
const text = new TextDecoder()

/**
 * Rooms with so many members each, and somebody who looks. The first so many are in both.
 * @param {{ big: number, small: number }} members
 */
export async function createSampledRooms({ big, small }) {
  const env = fakeEnv()
  const limits = { messagesPerSecond: MANY, messagesPerUserPerSecond: MANY, messagesPerAddressPerSecond: MANY, connectionsPerAddress: MANY }
  const options = checkOptions({ auth: anonymous(), limits })
  const settings = { retention: retentionOf(app), deduplicationMs: options.deduplicationMs }
  const opening = openDurableLog({ storage: memoryStorage(), env, settings })
  await env.clock.advance(OPENING_MS)
  const log = await opening
  const core = createCore(app, options, log, { ...env, crypto: fakeCrypto })
  core.channel("hall/:name", { authorize: () => true })

  /** Opens a link that keeps the last thing it was told. */
  function open() {
    const link = { last: "" }
    const socket = {
      queuedBytes: 0,
      send(/** @type {readonly import("@magpie/server/core").Batch[]} */ batches) {
        for (const batch of batches) link.last = text.decode(payloadOf(batch))
      },
      ping() {},
      pause() {},
      resume() {},
      close() {
        throw new Error(`closed after ${link.last}`)
      },
      terminate() {},
    }
    const events = core.accept(socket, REQUEST, {})
    events.onMessage('{"type":"hello","version":1}')
    return Object.assign(link, { say: (/** @type {string} */ line) => events.onMessage(line) })
  }

  for (let number = 0; number < big; number++) {
    const member = open()
    member.say(wire.enter("big", number))
    if (number < small) member.say(wire.enter("small", number))
    if (number % PER_TURN === 0) await env.clock.settle()
  }
  await env.clock.settle()
  const watcher = open()
  await env.clock.settle()
  const counted = { big, small }

  return {
    /** Looks at a room so many times, each time as the only one who does: nothing that was told before is at hand. Resolves with the CPU-µs of a look. */
    async look(/** @type {"big" | "small"} */ room, /** @type {number} */ count) {
      const before = process.cpuUsage()
      for (let look = 1; look <= count; look++) {
        watcher.say(wire.watchSampled(room, look))
        await env.clock.settle()
        if (look === 1) check(watcher.last, counted[room])
        if (!wire.answersWatch(watcher.last)) throw new Error(`no answer: ${watcher.last}`)
        watcher.say(wire.unwatch(room))
        await env.clock.settle()
      }
      const { user, system } = process.cpuUsage(before)
      return (user + system) / count
    },
  }
}

function check(/** @type {string} */ answer, /** @type {number} */ members) {
  const { mode, counts, page } = JSON.parse(answer)
  if (mode !== "sampled" || counts.members !== members || page.length !== Math.min(100, members))
    throw new Error(`not a sample: ${answer.slice(0, 300)}`)
}
