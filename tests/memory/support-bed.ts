import { createHash } from "node:crypto"
import type { Client, ConnectOptions } from "@magpie/client"
import { createTestBed, type TestBed } from "@magpie/testing"
import {
  type Support,
  type SupportRulesOptions,
  type SupportUser,
  support,
  supportAuth,
  supportRules,
} from "../../apps/support/src/index.ts"
import { EMPTY_QUEUE, foldQueue, type Queue, type QueueEntry } from "../../apps/support/src/queue.ts"
import { AGENT_PREFIX, VISITOR_PREFIX, visitorIdOf } from "../../apps/support/src/visitor-id.ts"

const SECRET = "a-secret-that-a-device-has-drawn"
export const OTHER_SECRET = "another-secret-of-another-device"
const AGENTS = ["Mei", "Ben"].map((name) => {
  const id = name.toLowerCase()
  return { id, name, keySha256: createHash("sha256").update(`key-of-${id}`).digest("hex") }
})

export interface SupportBed extends TestBed<Support, SupportUser> {
  /** The visitor whose secret is the default. */
  readonly me: string
  visitor(secret?: string, options?: Pick<ConnectOptions, "outbox">): Client<Support>
  agent(id: "mei" | "ben"): Client<Support>
  /** The result, as soon as the clock has brought it. */
  told<T>(promise: Promise<T>): Promise<T>
  asks(client: Client<Support>, visitor?: string, page?: string): Promise<{ readonly position: { readonly offset: number } }>
  /** What the whole log adds up to. */
  queueOf(client: Client<Support>): Promise<Queue>
}

/** The support chat's server with its rules, two agents, and any number of visitors. */
export async function createSupportBed(options?: SupportRulesOptions): Promise<SupportBed> {
  const me = await visitorIdOf(SECRET)
  const bed = await createTestBed<Support, SupportUser>(support, { auth: supportAuth({ agents: AGENTS }), rules: supportRules(options) })

  async function told<T>(promise: Promise<T>): Promise<T> {
    let over = false
    const done = promise.finally(() => {
      over = true
    })
    done.catch(() => {})
    await bed.clock.until(() => over)
    return done
  }

  return Object.assign(Object.create(bed) as TestBed<Support, SupportUser>, {
    me,
    told,
    visitor: (secret = SECRET, options = {}) => bed.connect({ token: VISITOR_PREFIX + secret, ...options }),
    agent: (id: string) => bed.connect({ token: `${AGENT_PREFIX}key-of-${id}` }),
    asks: (client: Client<Support>, visitor = me, page = "/") =>
      client.channel("support/queue").send("asks", { visitor, name: "Visitor", page, language: "en" }),
    async queueOf(client: Client<Support>): Promise<Queue> {
      const page = await told(client.channel("support/queue").history({ limit: 500 }))
      return foldQueue(EMPTY_QUEUE, page.messages as readonly QueueEntry[])
    },
  })
}

export const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "done",
    (error: { readonly code?: unknown }) => error.code,
  )
