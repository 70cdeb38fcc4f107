import { presence } from "@magpie/client/presence"
import { createMeter, createNetwork, type Frame } from "@magpie/frame"
import { createStore } from "@magpie/frame/store"
import { openSupport, type SupportClient } from "../conversation/open-support.ts"
import { createTitleNotice, playSound } from "../page/notify.ts"
import { AGENT_PREFIX, visitorIdOf } from "../visitor-id.ts"
import { type Desk, openDesk } from "./desk.ts"

const KEY = "magpie.support.agent"

/** An agent at work, and what the bar shows of the connection. */
interface Work {
  readonly desk: Desk
  readonly frame: Frame
}

/** Who works in this window; a reload keeps it, another window may be somebody else. `wrong`: the last key was not known. */
export const session = createStore<{ readonly work: Work | undefined; readonly wrong: boolean }>({ work: undefined, wrong: false })

const network = createNetwork()

export interface AgentCard {
  readonly id?: string
  readonly name: string
  readonly key: string
}

/** The same three as in demo-agents.ts, with the keys that everybody may know. */
export const DEMO_CARDS: readonly Required<AgentCard>[] = ["Mei", "Ben", "Lin"].map((name) => {
  const id = name.toLowerCase()
  return { id, name, key: `demo-${id}` }
})

const title = createTitleNotice()

/** Without an id it is asked of the server: who a key belongs to is its word. */
export async function signIn({ id: known, name, key }: AgentCard): Promise<void> {
  // What is kept on this device is kept under the key's hash: one place for each agent.
  const device = `magpie-desk-${await visitorIdOf(key)}`
  const support = openSupport({
    server: location.origin.replace(/^http/, "ws"),
    token: AGENT_PREFIX + key,
    device,
    link: { transport: network.transport, heartbeatMs: 2_000 },
  })
  support.client.on("status", () => {
    const { status } = support.client
    if (status.state === "closed" && status.cause !== undefined) signOut(true)
  })
  const id = known ?? (await ownId(support, name))
  const desk = openDesk(support, { id, name }, (place) => {
    if (place.agent !== undefined && place.agent !== id) return
    playSound()
    title.add()
  })
  sessionStorage.setItem(KEY, JSON.stringify({ id, name, key }))
  const { client } = support
  session.set({ work: { desk, frame: { client, network, meter: createMeter(() => client.statistics) } }, wrong: false })
}

async function ownId({ client }: SupportClient, name: string): Promise<string> {
  const room = presence(client.channel("support/desk"))
  try {
    await room.enter({ name, open: false, load: 0 })
    return await new Promise((resolve) => {
      const look = (): void => {
        const user = room.self === undefined ? undefined : room.members.get(room.self)?.user
        if (user !== undefined) resolve(user)
      }
      room.on("change", look)
      look()
    })
  } finally {
    room.close()
  }
}

export function signOut(wrong = false): void {
  sessionStorage.removeItem(KEY)
  void session.get().work?.desk.support.client.close()
  session.set({ work: undefined, wrong })
}

const kept = sessionStorage.getItem(KEY)
if (kept !== null) void signIn(JSON.parse(kept) as AgentCard).catch(() => signOut(true))
