import { createStore } from "@magpie/frame/store"
import { isMagpieError } from "@magpie/protocol"
import type { ShowcaseClient } from "../../connection/open-connection.ts"
import type { Order } from "../channels.ts"
import { COMMAND_OF, commandsOf } from "./device-commands.ts"
import type { DeviceView } from "./device-view.ts"

/** What becomes of a command whose device is not there. */
export type Offline = { readonly wait: true; readonly deadlineMs: number } | { readonly wait: false }

/** How a call stands: a state of the ledger, or why it is in none. */
export type CallState =
  | "sending"
  | "queued"
  | "delivered"
  | "started"
  | "progress"
  | "done"
  | "failed"
  | "expired"
  | "cancelled"
  | "indeterminate"
  /** It was not said, because the device is not there. */
  | "absent"
  /** The server did not take it. */
  | "refused"

export interface CallView {
  /** The command's id. */
  readonly id: string
  readonly device: string
  readonly name: string
  readonly input: Order
  readonly state: CallState
  /** From 0 to 1. */
  readonly progress: number | undefined
  /** The code that it failed or was refused with. */
  readonly code: string | undefined
  /** Which of those that were said together; each batch has its own. */
  readonly batch: string
  readonly calledAt: number
  readonly deadlineMs: number
}

const MOST_KEPT = 20
/** Without waiting for a device: long enough for one that is there. */
const AT_ONCE_MS = 5_000
const OPEN = new Set<CallState>(["sending", "queued", "delivered", "started", "progress"])

export const isOpen = ({ state }: Pick<CallView, "state">): boolean => OPEN.has(state)

export type Calls = ReturnType<typeof createCalls>

/** The commands that this page has called, the newest first. */
export function createCalls(client: ShowcaseClient, now: () => number, newId: () => string) {
  const calls = createStore<readonly CallView[]>([])
  const stops = new Map<string, AbortController>()

  function change(id: string, change: Partial<CallView>): void {
    calls.update((all) => all.map((call) => (call.id === id ? { ...call, ...change } : call)))
  }

  function newCall(device: DeviceView, input: Order, offline: Offline, batch: string): CallView {
    return {
      id: newId(),
      device: device.id,
      name: COMMAND_OF[device.kind],
      input,
      state: offline.wait || device.isOnline ? "sending" : "absent",
      progress: undefined,
      code: undefined,
      batch,
      calledAt: now(),
      deadlineMs: offline.wait ? offline.deadlineMs : AT_ONCE_MS,
    }
  }

  async function follow(device: DeviceView, call: CallView): Promise<void> {
    const stop = new AbortController()
    stops.set(call.id, stop)
    const from = Number(device.state.position ?? 0)
    try {
      const outcome = await commandsOf(client, device).outcome(call.name, call.input, {
        id: call.id,
        deadlineMs: call.deadlineMs,
        signal: stop.signal,
        onState: (state) => change(call.id, { state }),
        onProgress: ({ position }) => change(call.id, { progress: shareOf(from, position, call.input) }),
      })
      change(call.id, { state: outcome.state, code: outcome.state === "failed" ? outcome.error.code : undefined })
    } catch (failure) {
      change(call.id, { state: "refused", code: isMagpieError(failure) ? failure.code : "INTERNAL" })
    } finally {
      stops.delete(call.id)
    }
  }

  return {
    calls,
    /** One command for each of the devices, all of one kind; returns their ids. Where nobody waits for a device that is not there, it is told nothing. */
    call(devices: readonly DeviceView[], input: Order, offline: Offline): readonly string[] {
      const batch = newId()
      const said = devices.map((device) => ({ device, call: newCall(device, input, offline, batch) }))
      calls.update((all) => [...said.map(({ call }) => call), ...all.filter((each, index) => index < MOST_KEPT || isOpen(each))])
      for (const { device, call } of said) if (isOpen(call)) void follow(device, call)
      return said.map(({ call }) => call.id)
    },
    cancel: (id: string): void => stops.get(id)?.abort(),
  }
}

function shareOf(from: number, position: number, input: Order): number | undefined {
  if (!("position" in input) || input.position === from) return undefined
  return Math.min(1, Math.max(0, (position - from) / (input.position - from)))
}

/** The calls of each batch, as they stand. */
export function batchesOf(calls: readonly CallView[]): readonly (readonly CallView[])[] {
  const batches = new Map<string, CallView[]>()
  for (const call of calls) batches.set(call.batch, [...(batches.get(call.batch) ?? []), call])
  return [...batches.values()]
}
