import type { Encoded, Timer } from "@magpie/protocol"
import { thisMachine } from "../environment/fetch-http.ts"
import type { Link, LinkEvents } from "../transport/transport.ts"
import type { TransportWorld } from "./http-client.ts"
import { LOST, openHttpLink, type StartDown } from "./http-link.ts"
import { jsonOnly } from "./json-only.ts"
import type { NamedTransport } from "./named-transport.ts"
import { type Head, readHead } from "./poll-head.ts"
import { openVisits } from "./visits.ts"

/**
 * One question after another, each answered when there is something: for networks that hold back everything that lasts. Where
 * requests come to several servers by turns, it notices, and brings everything along that a server has to know, until one answers all.
 */
export function longPoll(world: Partial<TransportWorld> = {}): NamedTransport {
  const its = { ...thisMachine, ...world }
  let roams = false
  const onSettled = (): void => {
    roams = false
  }
  const keep = (url: string, events: LinkEvents): Link => {
    const onElsewhere = (): void => {
      roams = true
    }
    return openHttpLink(url, its, startPolling(its), events, onElsewhere)
  }
  return {
    name: "long-poll",
    open: jsonOnly((url, events) => {
      const visit = (own: LinkEvents): Link => openVisits(url, its, own, onSettled)
      return roams
        ? visit(events)
        : openInstead(
            (own) => keep(url, own),
            () => (roams ? visit : undefined),
            events,
          )
    }),
  }
}

/** A link in whose place another comes, where it ends before it has said anything. */
function openInstead(
  first: (events: LinkEvents) => Link,
  instead: () => ((events: LinkEvents) => Link) | undefined,
  events: LinkEvents,
): Link {
  const frames: Encoded[] = []
  let heard = false
  let opened = false
  let closing = false
  const onMessage = (frame: Encoded): void => {
    heard = true
    frames.length = 0
    events.onMessage(frame)
  }
  let link = first({
    ...events,
    onMessage,
    onClose(code, reason, cause) {
      const other = heard || closing ? undefined : instead()
      if (other === undefined) return events.onClose(code, reason, cause)
      link = other({
        onOpen() {
          if (!opened) events.onOpen()
          for (const frame of frames) link.send(frame)
        },
        onMessage,
        onClose: events.onClose,
      })
    },
    onOpen() {
      opened = true
      events.onOpen()
    },
  })
  return {
    get bufferedBytes() {
      return link.bufferedBytes
    },
    send(frame) {
      if (!heard) frames.push(frame)
      link.send(frame)
    },
    close(code, reason) {
      closing = true
      link.close(code, reason)
    },
  }
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
      if (head === undefined) return status === 410 ? down.unknown(body) : failed(status)
      failures = 0
      take(head, end < 0 ? "" : body.slice(end + 1))
    }

    function take(head: Head, frame: string): void {
      if (head.secret !== undefined && secret === undefined) {
        secret = head.secret
        down.opened(secret, head.node)
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
