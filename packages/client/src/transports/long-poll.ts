import type { Timer } from "@magpie/protocol"
import { thisMachine } from "../environment/fetch-http.ts"
import type { TransportWorld } from "./http-client.ts"
import { LOST, openHttpLink, type StartDown } from "./http-link.ts"
import type { NamedTransport } from "./named-transport.ts"

/** One question after another, each answered when there is something: for networks that hold back everything that lasts. */
export function longPoll(world: Partial<TransportWorld> = {}): NamedTransport {
  const its = { ...thisMachine, ...world }
  return { name: "long-poll", open: (url, _protocols, events) => openHttpLink(url, its, startPolling(its), events) }
}

interface Head {
  readonly n: number
  readonly secret?: string
  readonly replaced?: boolean
  readonly close?: { readonly code: number; readonly reason: string }
}

/** A poll that got no answer is asked again after so long, then after twice as long, so many times. */
const RETRY_MS = 200
const RETRIES = 5

function startPolling({ clock }: Pick<TransportWorld, "clock">): StartDown {
  return (ask, down) => {
    let secret: string | undefined
    let acknowledged = 0
    let failures = 0
    let timer: Timer | undefined
    let stopped = false
    let cancel = (): void => {}

    function poll(): void {
      if (stopped) return
      let status = 0
      const pieces: string[] = []
      cancel = ask(
        "poll",
        { method: "POST", body: secret === undefined ? "" : `${secret} ${acknowledged}` },
        {
          onHead(given) {
            status = given
          },
          onText: (text) => void pieces.push(text),
          onEnd: (complete) => answered(complete ? status : 0, pieces.join("")),
        },
      )
    }

    function answered(status: number, body: string): void {
      if (stopped) return
      const end = body.indexOf("\n")
      const head = status === 200 ? readHead(end < 0 ? body : body.slice(0, end)) : undefined
      if (head === undefined) return failed(status)
      failures = 0
      take(head, end < 0 ? "" : body.slice(end + 1))
    }

    function take(head: Head, frame: string): void {
      if (head.secret !== undefined && secret === undefined) {
        secret = head.secret
        down.opened(secret)
      }
      if (head.n > acknowledged) {
        acknowledged = head.n
        if (frame !== "") down.message(frame)
      }
      if (head.close) down.closed(head.close.code, head.close.reason)
      else if (!head.replaced) poll()
    }

    /** An answer that got lost is given again, where the link is still there. */
    function failed(status: number): void {
      const mayPass = secret !== undefined && (status === 0 || status === 408 || status === 429 || status >= 500)
      if (!mayPass || failures >= RETRIES) return down.closed(LOST, "")
      timer = clock.setTimer(RETRY_MS * 2 ** failures, poll)
      failures += 1
    }

    poll()
    return {
      stop() {
        stopped = true
        timer?.cancel()
        cancel()
      },
    }
  }
}

/** What stands before the frames; undefined where a proxy or somebody else answered in the server's place. */
function readHead(line: string): Head | undefined {
  try {
    const head: Head = JSON.parse(line)
    return typeof head?.n === "number" && (head.close === undefined || typeof head.close?.code === "number") ? head : undefined
  } catch {
    return undefined
  }
}
