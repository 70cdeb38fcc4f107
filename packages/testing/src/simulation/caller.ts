import type { Client } from "@magpie/client"
import { type Commands, commands } from "@magpie/client/command"
import { type KindOf, toMagpieError } from "@magpie/protocol"
import type { Judge } from "./judge/judge.ts"
import { messageId } from "./judge/message-id.ts"
import { DEVICE, type Errand, type SimulatedApp } from "./simulated-app.ts"

/** Somebody who has a device do things. */
export interface Caller {
  /** Something of what a user does, as `move` says. */
  act(move: number): void
  readonly commands: Commands<KindOf<SimulatedApp, "device/:id">>
}

const TAKES_MS = [0, 20, 400, 2_500]
const DEADLINES_MS = [300, 2_000, 8_000]

export function createCaller(client: Client<SimulatedApp>, publisher: string, judge: Judge): Caller {
  const its: Caller["commands"] = commands(client.channel(DEVICE))
  const called: { readonly id: string; readonly errand: Errand; readonly deadlineMs: number }[] = []
  its.onStep(({ command, state }) => {
    if (command !== undefined && state !== undefined) judge.commands.told(publisher, command, state)
  })

  function call({ id, errand, deadlineMs }: (typeof called)[number]): void {
    judge.commands.called(id)
    its.outcome("run", errand, { id, deadlineMs }).then(
      (outcome) => judge.commands.ended(publisher, outcome.id, outcome.state),
      (failure: unknown) => judge.commands.failed(publisher, toMagpieError(failure)),
    )
  }

  return {
    commands: its,
    act(move) {
      const kind = move % 10
      const rest = Math.floor(move / 10)
      const earlier = called[called.length - 1 - (rest % 3)]
      if (kind === 8 && earlier !== undefined) return call(earlier)
      if (kind === 9 && earlier !== undefined) {
        its.cancel(earlier.id).catch((failure: unknown) => judge.commands.failed(publisher, toMagpieError(failure)))
        return
      }
      const errand = { takesMs: TAKES_MS[rest % TAKES_MS.length] ?? 0 }
      const next = { id: messageId(publisher, called.length + 1), errand, deadlineMs: DEADLINES_MS[rest % DEADLINES_MS.length] ?? 0 }
      called.push(next)
      call(next)
    },
  }
}
