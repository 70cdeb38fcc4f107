import { openSupport } from "../conversation/open-support.ts"
import { createTitleNotice, playSound } from "../page/notify.ts"
import { createStore } from "../page/store.ts"
import { AGENT_PREFIX, visitorIdOf } from "../visitor-id.ts"
import { type Desk, openDesk } from "./desk.ts"

const KEY = "magpie.support.agent"

/** Who works in this window; a reload keeps it, another window may be somebody else. */
export const session = createStore<{ readonly desk: Desk | undefined; readonly wrong: boolean }>({ desk: undefined, wrong: false })

export interface AgentCard {
  readonly id: string
  readonly name: string
  readonly key: string
}

/** The same three as in demo-agents.ts, with the keys that everybody may know. */
export const DEMO_CARDS: readonly AgentCard[] = ["Mei", "Ben", "Lin"].map((name) => {
  const id = name.toLowerCase()
  return { id, name, key: `demo-${id}` }
})

const title = createTitleNotice()

export async function signIn({ id, name, key }: AgentCard): Promise<void> {
  // What is kept on this device is kept under the key's hash: one place for each agent.
  const device = `magpie-desk-${await visitorIdOf(key)}`
  const support = openSupport({ server: location.origin.replace(/^http/, "ws"), token: AGENT_PREFIX + key, device })
  const desk = openDesk(support, { id, name }, (place) => {
    if (place.agent !== undefined && place.agent !== id) return
    playSound()
    title.add()
  })
  support.client.on("status", () => {
    const { status } = support.client
    if (status.state === "closed" && status.cause !== undefined) signOut(true)
  })
  sessionStorage.setItem(KEY, JSON.stringify({ id, name, key }))
  session.set({ desk, wrong: false })
}

export function signOut(wrong = false): void {
  sessionStorage.removeItem(KEY)
  void session.get().desk?.support.client.close()
  session.set({ desk: undefined, wrong })
}

const kept = sessionStorage.getItem(KEY)
if (kept !== null) void signIn(JSON.parse(kept) as AgentCard)
