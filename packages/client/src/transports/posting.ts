import type { Encoded, Timer } from "@magpie/protocol"
import type { TransportWorld } from "./http-client.ts"

/** The way up of a link over HTTP: frames by POST, in order, each taken once however often it has to be sent. */
export interface Posting {
  readonly bufferedBytes: number
  send(frame: Encoded): void
  /** Says that this side is there, unless something on its way says so anyway. */
  alive(): void
  /** Sends what is left and that this side leaves; `done` follows, also where it takes too long. */
  leave(done: () => void): void
  /** Forgets what is left. */
  end(): void
}

export interface PostingOptions extends TransportWorld {
  readonly url: string
  readonly secret: string
  /** The most that one body may hold, in units of text. */
  readonly maxLength: () => number
  /** Nothing more gets through. `answer` is what the server said to that. */
  readonly onLost: (code: number, answer: string) => void
}

const LOST = 1006
const TOO_BIG = 1009
/** A repeated POST waits so long, each further one twice as long, so many times. */
const RETRY_MS = 200
const RETRIES = 5
/** Frames of ours hold at most 128 messages and servers take 1,024 in one. */
const JOINED_FRAMES = 8
const LEAVE_MS = 1_000

export function createPosting({ http, clock, url, secret, maxLength, onLost }: PostingOptions): Posting {
  let waiting: string[] = []
  let body: string | undefined
  let number = 0
  let failures = 0
  let state: "up" | "leaving" | "ended" = "up"
  let left: (() => void) | undefined
  let timer: Timer | undefined
  let limit: Timer | undefined
  const cancels = new Set<() => void>()

  /** Asks, and tells the status; 0 where nothing came back. */
  function post(content: string, then: (status: number, answer: string) => void): void {
    let status = 0
    let answer = ""
    const cancel = http.request(
      { method: "POST", url, body: content },
      {
        onHead: (given) => {
          status = given
        },
        onText(text) {
          answer += text
        },
        onEnd(complete) {
          cancels.delete(cancel)
          if (state !== "ended") then(complete ? status : 0, answer)
        },
      },
    )
    cancels.add(cancel)
  }

  /** The next frames as one, within the bounds of a body. */
  function gather(): string {
    let count = 0
    let length = 0
    while (count < waiting.length && count < JOINED_FRAMES) {
      length += (waiting[count]?.length ?? 0) + 1
      if (count > 0 && length > maxLength()) break
      count++
    }
    const frame = waiting.slice(0, count).join("\n")
    waiting = waiting.slice(count)
    return frame
  }

  function next(): void {
    if (body !== undefined || state === "ended") return
    if (waiting.length > 0) {
      number += 1
      body = `${secret} ${number}\n${gather()}`
      return attempt()
    }
    if (state === "leaving") post(`${secret} 0\nclose`, () => left?.())
  }

  function attempt(): void {
    if (body !== undefined) post(body, settled)
  }

  function settled(status: number, answer: string): void {
    if (status === 204) {
      body = undefined
      failures = 0
      return next()
    }
    const mayPass = status === 0 || status === 408 || status === 429 || status >= 500
    if (!mayPass || failures >= RETRIES) return onLost(status === 413 ? TOO_BIG : LOST, answer)
    timer = clock.setTimer(RETRY_MS * 2 ** failures, attempt)
    failures += 1
  }

  function end(): void {
    state = "ended"
    timer?.cancel()
    limit?.cancel()
    waiting = []
    for (const cancel of cancels) cancel()
    cancels.clear()
  }

  return {
    get bufferedBytes() {
      return waiting.reduce((sum, frame) => sum + frame.length, body?.length ?? 0)
    },
    send(frame) {
      if (state !== "up") return
      waiting.push(String(frame))
      next()
    },
    alive() {
      if (state === "up" && body === undefined) post(`${secret} 0`, () => {})
    },
    leave(done) {
      if (state !== "up") return
      state = "leaving"
      limit = clock.setTimer(LEAVE_MS, () => left?.())
      left = () => {
        left = undefined
        end()
        done()
      }
      next()
    },
    end,
  }
}
