import { connect, type LinkEvents, type Transport, webSocketTransport } from "@magpie/client"
import type { AnyContract } from "@magpie/protocol"
import { credentialsOf } from "../connecting.ts"
import type { Finding } from "./finding.ts"

/** What a token may be issued too late by: what `jwt()` forgives. */
const TOLERATED_MS = 5_000
const NOTICED_MS = 1_000
const TIMEOUT_MS = 5_000

export interface ClockQuestion {
  readonly url: string | undefined
  readonly token: string | undefined
  readonly key: string | undefined
}

/** Compares this machine's clock with a server's. Tokens are judged by both. */
export async function lookAtClock({ url, token, key }: ClockQuestion): Promise<Finding> {
  const about = "clock"
  if (url === undefined) return { about, state: "not checked", told: "no server to compare with: name one by --url" }
  const ahead = await serverAheadMs(url, credentialsOf({ token, key }))
  if (typeof ahead === "string") return { about, state: "not checked", told: `${url}: ${ahead}` }
  const apart = Math.abs(Math.round(ahead))
  const told = `${apart} ms ${ahead < 0 ? "ahead of" : "behind"} the server at ${url}`
  if (apart < NOTICED_MS) return { about, state: "ok", told }
  const remedy = "Set both clocks by NTP: tokens and tickets are judged by them."
  return { about, state: apart < TOLERATED_MS ? "warning" : "problem", told, remedy }
}

/** How far the server's clock is ahead, in milliseconds, give or take half a round trip; or why that is not known. */
async function serverAheadMs(url: string, credentials: ReturnType<typeof credentialsOf>): Promise<number | string> {
  let ahead: number | undefined
  const client = connect<AnyContract>(url, {
    ...credentials,
    transport: listeningTransport((at, sentAt) => {
      ahead = at - (sentAt + Date.now()) / 2
    }),
  })
  let late: NodeJS.Timeout | undefined
  try {
    return await new Promise<number | string>((resolve) => {
      late = setTimeout(() => resolve("no answer"), TIMEOUT_MS)
      client.on("status", ({ to, cause }) => {
        if (to === "online") resolve(ahead ?? "its welcome says no time")
        else if (cause !== undefined) resolve(cause.message)
      })
    })
  } finally {
    clearTimeout(late)
    await client.close()
  }
}

/** The usual transport, with an ear for the welcome: when it was written, and when the hello before it was sent. */
function listeningTransport(onWelcome: (at: number, sentAt: number) => void): Transport {
  const transport = webSocketTransport()
  return {
    open(url, protocols, events) {
      let sentAt = Date.now()
      const listening: LinkEvents = {
        ...events,
        onOpen: () => events.onOpen(),
        onMessage(frame) {
          const at = welcomeTime(String(frame))
          if (at !== undefined) onWelcome(at, sentAt)
          events.onMessage(frame)
        },
        onClose: (...close) => events.onClose(...close),
      }
      const link = transport.open(url, protocols, listening)
      return {
        get bufferedBytes() {
          return link.bufferedBytes
        },
        send(frame) {
          sentAt = Date.now()
          link.send(frame)
        },
        close: (code, reason) => link.close(code, reason),
      }
    },
  }
}

function welcomeTime(frame: string): number | undefined {
  const [first = ""] = frame.split("\n", 1)
  if (!first.includes('"welcome"')) return undefined
  const { type, at } = JSON.parse(first) as { readonly type?: unknown; readonly at?: unknown }
  return type === "welcome" && typeof at === "number" ? at : undefined
}
