import { type Presence, type PresentMember, presence } from "@magpie/client/presence"
import { createStore } from "@magpie/frame/store"
import type { KindOf } from "@magpie/protocol"
import { createUploads, type Uploads } from "../attachments/uploads.ts"
import type { Support } from "../contract.ts"
import type { SupportClient } from "../conversation/open-support.ts"
import { EMPTY_QUEUE, type Place, type Queue } from "../queue.ts"
import { followQueue } from "./queue-log.ts"

type DeskPresence = Presence<KindOf<Support, "support/desk">>

export interface Me {
  readonly id: string
  readonly name: string
}

/** An agent at work, whatever number of windows is open. */
export interface Colleague {
  readonly id: string
  readonly name: string
  readonly open: boolean
  readonly load: number
}

export interface DeskView {
  readonly queue: Queue
  readonly loaded: boolean
  readonly refused: boolean
  readonly colleagues: readonly Colleague[]
}

export type Desk = ReturnType<typeof openDesk>

/** The queue as its log has it, who is at work, and what an agent may wish for. A wish is an entry of the log; the log decides. */
export function openDesk(support: SupportClient, me: Me, onAsked: (place: Place) => void) {
  const { client } = support
  const view = createStore<DeskView>({ queue: EMPTY_QUEUE, loaded: false, refused: false, colleagues: [] })
  const put = (some: Partial<DeskView>): void => view.set({ ...view.get(), ...some })
  const colleagues: DeskPresence = presence(client.channel("support/desk"))
  const opened = presence(client.channel("support/open"), { watch: false })
  let isOpen = true
  let toldLoad: number | undefined
  const uploads = new Map<string, Uploads>()

  function present(): void {
    toldLoad = loadOf(view.get().queue, me.id)
    void colleagues.enter({ name: me.name, open: isOpen, load: toldLoad }).catch(() => {})
    void (isOpen ? opened.enter({}) : opened.leave()).catch(() => {})
  }

  const log = followQueue({
    client,
    me: me.id,
    onQueue(queue) {
      put({ queue, loaded: true })
      if (loadOf(queue, me.id) !== toldLoad) present()
    },
    onLoading: () => put({ loaded: false }),
    onAsked,
    onRefused: () => put({ refused: true }),
  })
  const { channel } = log
  colleagues.on("change", () => put({ colleagues: colleaguesOf(colleagues.members.values()) }))

  const quietly = (sent: Promise<unknown>): void => void sent.catch(() => {})
  const answered = (visitor: string): void => quietly(channel.send("answers", { visitor }))

  return {
    support,
    me,
    view,
    olderPlaces: log.older,
    recall: log.recall,
    isOpen: () => isOpen,
    setOpen(open: boolean): void {
      isOpen = open
      present()
      put({})
    },
    nameOf: (id: string | undefined): string => view.get().colleagues.find((each) => each.id === id)?.name ?? id ?? "",
    /** Resolves to whether the log gave the conversation to this agent. */
    async take({ visitor, turn, agent }: Place): Promise<boolean> {
      const { position } = await channel.send("takes", { visitor, turn, ...(agent === undefined ? undefined : { over: agent }) })
      await reached(channel.subscription, position.offset, view)
      const place = view.get().queue.get(visitor)
      return place?.state === "taken" && place.agent === me.id
    },
    hand: (visitor: string, to: string | undefined, note: string): void =>
      quietly(channel.send("hands", { visitor, note, ...(to === undefined ? undefined : { to }) })),
    close: (visitor: string): void => quietly(channel.send("closes", { visitor })),
    answered,
    /** The same for one conversation, whichever of them is shown: a file goes on being sent. */
    uploadsOf(visitor: string): Uploads {
      const known = uploads.get(visitor)
      if (known !== undefined) return known
      const made = createUploads({ client, visitor, device: `magpie-desk-${me.id}`, onDone: () => answered(visitor) })
      uploads.set(visitor, made)
      return made
    },
  }
}

/** How many conversations an agent has. */
function loadOf(queue: Queue, id: string): number {
  return [...queue.values()].filter(({ state, agent }) => state === "taken" && agent === id).length
}

interface Followed {
  readonly position: { readonly offset: number } | undefined
}

/** Resolves when the log was followed up to that entry. */
function reached(subscription: Followed, offset: number, view: { subscribe(listener: () => void): () => void }): Promise<void> {
  const isThere = (): boolean => (subscription.position?.offset ?? 0) >= offset
  if (isThere()) return Promise.resolve()
  return new Promise((resolve) => {
    const stop = view.subscribe(() => {
      if (!isThere()) return
      stop()
      resolve()
    })
  })
}

function colleaguesOf(members: Iterable<PresentMember<{ name: string; open: boolean; load: number }>>): Colleague[] {
  const byId = new Map<string, Colleague>()
  for (const { user = "", state } of members) {
    const open = state.open || byId.get(user)?.open === true
    byId.set(user, { id: user, name: state.name, open, load: state.load })
  }
  return [...byId.values()].sort((a, b) => a.name.localeCompare(b.name))
}
