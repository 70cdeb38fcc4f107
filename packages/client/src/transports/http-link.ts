import type { Link, LinkEvents } from "../transport/transport.ts"
import type { HttpEvents, HttpRequest, TransportWorld } from "./http-client.ts"
import { createPosting, type Posting } from "./posting.ts"

/** The way down of a link over HTTP. */
export interface Down {
  /** Nothing is asked any more. */
  stop(): void
}

/** What the way down does with what comes. */
export interface DownEvents {
  /** Its first answer named the link's secret, and perhaps the server: the link is open. */
  opened(secret: string, node?: string): void
  message(frame: string): void
  /** The server asks whether somebody is there. */
  asked(): void
  closed(code: number, reason: string): void
  /** The server that answers does not know the link; with this it said so. */
  unknown(answer: string): void
}

export type StartDown = (
  ask: (path: "sse" | "poll", request: Pick<HttpRequest, "method" | "body">, events: HttpEvents) => () => void,
  down: DownEvents,
) => Down

export const LOST = 1006
/** The close of a link on which nothing comes back. */
export const NO_PONG = 4002
/** Until the welcome has said it: what every server takes. */
const FIRST_LENGTH = 16_384
/** A character of text may take three bytes, and a body has a line in front. */
const BYTES_A_UNIT = 3

/** One link over HTTP: frames come by the way down, and go up by POST. `onElsewhere`: another server than its own has answered. */
export function openHttpLink(
  url: string,
  world: TransportWorld,
  startDown: StartDown,
  events: LinkEvents,
  onElsewhere = (): void => {},
): Link {
  const { clock, http } = world
  const address = addressOf(url, nameOf(world))
  let posting: Posting | undefined
  let own: string | undefined
  let maxLength = FIRST_LENGTH
  let welcomed = false
  let state: "up" | "leaving" | "closed" = "up"

  function closed(code: number, reason: string): void {
    if (state === "closed") return
    state = "closed"
    down.stop()
    posting?.end()
    // Not from within a call of the owner's.
    clock.defer(() => events.onClose(code, reason))
  }

  function unknown(answer: string): void {
    const [, node] = /"node":"([0-9a-f]+)"/.exec(answer) ?? []
    if (node !== undefined && own !== undefined && node !== own) onElsewhere()
    closed(LOST, "")
  }

  const down = startDown((path, request, its) => http.request({ url: address(path), ...request }, its), {
    opened(secret, node) {
      if (state !== "up" || posting) return
      own = node
      const onLost = (code: number, answer: string): void => (code === LOST ? unknown(answer) : closed(code, ""))
      posting = createPosting({ ...world, url: address("up"), secret, maxLength: () => maxLength, onLost })
      events.onOpen()
    },
    message(frame) {
      if (state === "closed") return
      if (!welcomed) {
        welcomed = true
        maxLength = Math.floor(Number(/"messageBytes":(\d{1,15})/.exec(frame)?.[1] ?? FIRST_LENGTH) / BYTES_A_UNIT)
      }
      events.onMessage(frame)
    },
    asked: () => posting?.alive(),
    closed,
    unknown,
  })

  return {
    get bufferedBytes() {
      return posting?.bufferedBytes ?? 0
    },
    send: (frame) => posting?.send(frame),
    close(code, reason) {
      if (state !== "up") return
      if (code === NO_PONG || posting === undefined) return closed(code, reason)
      state = "leaving"
      posting.leave(() => closed(code, reason))
    },
  }
}

/** Names the link in each of its URLs, so that a load balancer can keep them together. */
export function nameOf({ random }: Pick<TransportWorld, "random">): string {
  return Array.from(random.bytes(16), (byte) => byte.toString(16).padStart(2, "0")).join("")
}

/** `wss://host/magpie?query` becomes `https://host/magpie/sse?link=…&query`. */
export function addressOf(url: string, link: string): (path: string) => string {
  const { protocol, host, pathname, search } = new URL(url)
  const query = search === "" ? "" : `&${search.slice(1)}`
  return (path) => `${protocol.replace("ws", "http")}//${host}${pathname}/${path}?link=${link}${query}`
}
