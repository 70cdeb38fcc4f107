import { type CommandRequestData, MagpieError, type Published } from "@magpie/protocol"
import type { Extension } from "../extension.ts"
import { type Moment, momentOf } from "./moment.ts"

export interface Report {
  readonly command: string
  readonly state: NonNullable<CommandRequestData["state"]>
  readonly data?: unknown
}

/** What was answered to a report, and when it was said. */
export interface Told {
  readonly reply: Published
  readonly saidAt: Moment
}

/** Says what becomes of commands until the server has it, over all links. */
export interface Reporting {
  /** Resolves when the server has stored it, or had it before. Fails with what it refuses it with, and with what ended the reporting. */
  tell(report: Report): Promise<Told>
  /** The channel is served under this fence, on this link. */
  begin(fence: number): void
  pause(): void
  end(error: MagpieError): void
}

type Outcome = Published | MagpieError

export function createReporting({ name: channel, ask, clock, schedule }: Extension): Reporting {
  let fence: number | undefined
  let ended: MagpieError | undefined
  const waiting = new Set<() => void>()

  function wake(): void {
    for (const each of [...waiting]) each()
  }

  /** Resolves when it may be tried again: after a while, or when the channel is served anew. */
  function pause(retryAfterMs: number | undefined, failures: number): Promise<void> {
    return new Promise((resolve) => {
      const wait = schedule.createWait()
      wait.failures = failures
      const done = (): void => {
        wait.cancel()
        waiting.delete(done)
        resolve()
      }
      waiting.add(done)
      if (fence !== undefined) wait.again(done, retryAfterMs)
    })
  }

  function say(report: Report, under: number): Promise<Outcome> {
    return new Promise((resolve) => {
      const data = { action: "report", fence: under, ...report }
      const asked = ask({ type: "publish", channel, name: "$command", data }, "published", resolve)
      if (asked === undefined) resolve(new MagpieError("UNAVAILABLE", "there is no link to the server"))
    })
  }

  return {
    async tell(report) {
      for (let failures = 0; ; failures++) {
        if (ended !== undefined) throw ended
        if (fence === undefined) {
          await pause(undefined, failures)
          continue
        }
        const saidAt = momentOf(clock)
        const reply = await say(report, fence)
        if (!(reply instanceof MagpieError)) return { reply, saidAt }
        if (!reply.retryable) throw reply
        await pause(reply.retryAfterMs, failures)
      }
    },
    begin(under) {
      fence = under
      wake()
    },
    pause() {
      fence = undefined
    },
    end(error) {
      ended ??= error
      fence = undefined
      wake()
    },
  }
}
