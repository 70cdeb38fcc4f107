import { broadcast, contract, json, stream, table } from "@magpie/protocol"
import { createTestBed, type TestBed } from "@magpie/testing"
import { act, createElement, type FunctionComponent, StrictMode, Suspense } from "react"
import { createRoot, type Root } from "react-dom/client"
import { afterEach } from "vitest"

export const app = contract({
  "chat/:room": stream({
    messages: { say: json<{ text: string }>() },
    changes: { say: { edit: true, delete: true, append: "text" } },
    presence: json<{ name: string }>(),
  }),
  "cursor/:room": broadcast({ messages: { move: json<{ x: number }>() } }),
  "prices/:desk": table({ key: json<string>(), value: json<number>(), presence: json<{ name: string }>() }),
})
interface User {
  readonly id: string
}

export type Bed = TestBed<typeof app, User>

// What React asks of a test.
Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })

const beds: Bed[] = []
const roots: Root[] = []

afterEach(async () => {
  for (const root of roots.splice(0)) await act(async () => root.unmount())
  for (const bed of beds.splice(0)) await bed.close()
})

interface Asked {
  readonly user: User | undefined
  readonly action: string
}

/** A token is its user's name. `mallory` has no right to anything. */
export async function startBed(
  authorize: (asked: Asked) => boolean | Promise<boolean> = ({ user }) => user?.id !== "mallory",
): Promise<Bed> {
  const rules = { authorize }
  const auth = {
    authenticate: ({ token }: { readonly token: string | undefined }) =>
      token === undefined ? { user: undefined } : { user: { id: token } },
  }
  const bed = await createTestBed<typeof app, User>(app, {
    auth,
    rules: { "chat/:room": rules, "cursor/:room": rules, "prices/:desk": rules },
  })
  beds.push(bed)
  return bed
}

/** Puts messages into a stream, behind each other. */
export async function say(bed: Bed, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    await act(async () => {
      const stored = bed.server.channel("chat/a").publish("say", { text })
      await bed.clock.settle()
      await stored
    })
  }
}

export interface Mounted<View> {
  /** What the hook gave at the latest rendering. */
  readonly view: View
  /** How often it rendered to its end. */
  readonly renders: number
  /** The text that a user sees. */
  readonly text: string
  show(is: boolean): Promise<void>
}

/** A component that is what the hook in it says. */
export const Probe: FunctionComponent<{ readonly use: () => string }> = ({ use }) => use()

/** Renders a component in StrictMode that uses the hook and shows what it gives as JSON; "waiting" while it is suspended. */
export async function mount<View>(hook: () => View, write: (view: View) => unknown = () => ""): Promise<Mounted<View>> {
  const container = document.createElement("div")
  const root = createRoot(container)
  roots.push(root)
  let view: View | undefined
  let renders = 0
  const use = (): string => {
    view = hook()
    renders++
    return JSON.stringify(write(view))
  }
  const show = (is: boolean): Promise<void> =>
    act(async () => {
      const inside = is ? createElement(Probe, { use }) : null
      root.render(createElement(StrictMode, null, createElement(Suspense, { fallback: "waiting" }, inside)))
    })
  await show(true)
  return {
    get view() {
      if (view === undefined) throw new Error("nothing was rendered to its end")
      return view
    },
    get renders() {
      return renders
    },
    get text() {
      return container.textContent ?? ""
    },
    show,
  }
}

/** Lets everything happen that is to happen within so many milliseconds. */
export function pass(bed: Bed, ms = 0): Promise<void> {
  return act(async () => {
    await bed.clock.settle()
    if (ms > 0) await bed.clock.advance(ms)
  })
}
