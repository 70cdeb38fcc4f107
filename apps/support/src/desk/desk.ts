import { type Presence, type PresentMember, presence } from "@magpie/client/presence"
import { type KindOf, toMagpieError } from "@magpie/protocol"
import { createUploads, type Uploads } from "../attachments/uploads.ts"
import type { Support } from "../contract.ts"
import type { SupportClient } from "../conversation/open-support.ts"
import { previewOf } from "../limits.ts"
import { createStore } from "../page/store.ts"
import { EMPTY_QUEUE, foldQueue, type Place, type Queue, type QueueEntry } from "../queue.ts"

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
  const channel = client.channel("support/queue")
  const view = createStore<DeskView>({ queue: EMPTY_QUEUE, loaded: false, refused: false, colleagues: [] })
  const put = (some: Partial<DeskView>): void => view.set({ ...view.get(), ...some })
  const colleagues: DeskPresence = presence(client.channel("support/desk"))
  const opened = presence(client.channel("support/open"), { watch: false })
  let isOpen = true
  let reads = 0
  let following = false
  /** Entries that came while the log was being read. */
  const early: QueueEntry[] = []
  const uploads = new Map<string, Uploads>()

  const load = (): number => [...view.get().queue.values()].filter(({ state, agent }) => state === "taken" && agent === me.id).length
  function present(): void {
    void colleagues.enter({ name: me.name, open: isOpen, load: load() }).catch(() => {})
    void (isOpen ? opened.enter({}) : opened.leave()).catch(() => {})
  }

  function hear(message: QueueEntry): void {
    if (!view.get().loaded) return void early.push(message)
    const before = load()
    put({ queue: foldQueue(view.get().queue, [message]) })
    if (load() !== before) present()
    const place = message.name === "asks" ? view.get().queue.get(message.data.visitor) : undefined
    if (place !== undefined) onAsked(place)
  }

  /** Reads the log from its beginning; what comes meanwhile is put behind it. */
  async function read(): Promise<void> {
    const run = ++reads
    early.length = 0
    put({ loaded: false })
    let queue = EMPTY_QUEUE
    let page = await channel.history({ after: 0, limit: 500 })
    for (;;) {
      queue = foldQueue(queue, page.messages as readonly QueueEntry[])
      const next = page.next()
      if (next === undefined) break
      page = await next
    }
    if (run !== reads) return
    const { position } = page
    queue = foldQueue(
      queue,
      early.filter(({ offset }) => Number(offset) > position.offset),
    )
    put({ queue, loaded: true })
    present()
    if (following) return
    following = true
    // From the last page's position on, every entry comes, or a gap says that the log must be read anew.
    const subscribed = channel.subscribe({ position })
    channel.onAny((message) => hear(message as QueueEntry))
    await subscribed
  }

  const fail = (error: unknown): void => put({ refused: !toMagpieError(error).retryable })
  channel.subscription.on("gap", () => void read().catch(fail))
  colleagues.on("change", () => put({ colleagues: colleaguesOf(colleagues.members.values()) }))
  void read().catch(fail)

  const quietly = (sent: Promise<unknown>): void => void sent.catch(() => {})
  const answered = (visitor: string, text: string): void => quietly(channel.send("answers", { visitor, preview: previewOf(text) }))

  return {
    support,
    me,
    view,
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
      const onDone = ({ title }: { readonly title: string }): void => answered(visitor, title)
      const made = createUploads({ client, visitor, device: `magpie-desk-${me.id}`, onDone })
      uploads.set(visitor, made)
      return made
    },
  }
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
