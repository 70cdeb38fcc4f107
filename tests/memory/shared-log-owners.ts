import type { ClaimAnswer, Fence, SharedLog } from "@magpie/journal"
import { isMagpieError } from "@magpie/protocol"
import type { SeededRandom } from "@magpie/testing"
import type { SharedLogBed } from "./shared-log-bed.ts"

const THINGS = ["race/1", "race/2"]
const TICKETS = 20

/** Somebody said that this node owned this thing under this fence. */
export interface Owned {
  readonly thing: string
  readonly owner: string
  readonly fence: Fence
}

/** Nodes that claim, renew, give back and spend, and everything that anybody said of it. */
export interface Owners {
  /** What was said from answers, from changes that were told and from what could be asked. */
  readonly said: readonly Owned[]
  /** Those to which a node said that they are the first to spend it, by scope. */
  readonly spent: readonly string[]
  /** By code, why something was refused. */
  readonly refused: ReadonlyMap<string, number>
  watch(log: SharedLog): void
  work(rounds: number): Promise<void>
}

export function createOwners({ env, logs }: SharedLogBed, random: SeededRandom): Owners {
  const said: Owned[] = []
  const spent: string[] = []
  const refused = new Map<string, number>()

  /** A node that is killed answers nothing any more. */
  async function ask<T>(question: (log: SharedLog) => Promise<T>): Promise<T | undefined> {
    const [, log] = random.pick([...logs])
    const dead = sleep(30_000).then(() => undefined)
    return Promise.race([question(log).catch(refusal), dead])
  }

  function refusal(error: unknown): undefined {
    if (!isMagpieError(error)) throw error
    refused.set(error.code, (refused.get(error.code) ?? 0) + 1)
  }

  const sleep = (ms: number): Promise<void> => new Promise((resolve) => void env.clock.setTimer(ms, resolve))

  async function claim(thing: string): Promise<void> {
    const leaseMs = random.integer(1_000, 8_000)
    const answer = await ask<ClaimAnswer>(({ control }) => control.claim(thing, leaseMs))
    if (answer !== undefined) said.push({ thing, owner: answer.owner, fence: answer.fence })
  }

  async function spend(ticket: string): Promise<void> {
    const until = Math.floor(env.clock.now()) + 3_600_000
    const used = await ask(async ({ control }) => ((await control.spend(ticket, until)) ? control.spendScope : undefined))
    if (used !== undefined) spent.push(`${used} ${ticket}`)
  }

  async function round(): Promise<void> {
    const what = random.float()
    const thing = random.pick(THINGS)
    if (what < 0.6) await claim(thing)
    else if (what < 0.8) await ask(({ control }) => control.release(thing))
    else await spend(`ticket-${random.integer(1, TICKETS)}`)
  }

  return {
    said,
    spent,
    refused,
    watch({ control }) {
      control.onChange((change) => {
        if (change.type === "claimed") said.push({ thing: change.name, owner: change.owner, fence: change.fence })
      })
    },
    async work(rounds) {
      for (let number = 0; number < rounds; number++) {
        // Several at a time, so that they meet.
        await Promise.all(Array.from({ length: random.integer(1, 3) }, round))
        for (const [, { control }] of logs) {
          for (const thing of THINGS) {
            try {
              const owner = control.ownerOf(thing)
              if (owner !== undefined) said.push({ thing, owner: owner.owner, fence: owner.fence })
            } catch (error) {
              refusal(error)
            }
          }
        }
        await sleep(random.integer(0, 400))
      }
    },
  }
}
