import { CLOSE_CODES } from "@magpie/protocol"
import { HOSTILE_USER } from "../simulated-app.ts"
import { Violation } from "./violation.ts"
import type { WatchedLink } from "./watched-link.ts"

const PUBLISH = /"type":"publish".*?"id":(\d+)/g
const WELCOME = /"type":"welcome".*?"user":"([^"]*)"/
const ANSWER = /"type":"(?:published|error)".*?"id":(\d+)/g

/**
 * A node that stops answers what it took from a client before it sends that away [I24]. What the hostile one says cannot always be
 * answered. Nothing is read before that moment, since most links end otherwise.
 */
export function watchDeparture(node: string, reached: (what: string) => void): WatchedLink {
  const heard: string[] = []
  const wrote: (() => string)[] = []
  return {
    heard: (frame) => void heard.push(frame),
    wrote: (frame) => void wrote.push(frame),
    closing(code) {
      if (code !== CLOSE_CODES.SERVICE_RESTART) return
      const written = wrote.map((frame) => frame()).join("\n")
      const user = WELCOME.exec(written)?.[1]
      if (user === undefined || user === HOSTILE_USER) return
      const answered = new Set(Array.from(written.matchAll(ANSWER), ([, id]) => id))
      const open = heard.flatMap((frame) => Array.from(frame.matchAll(PUBLISH), ([, id]) => id)).filter((id) => !answered.has(id))
      if (open.length > 0) throw new Violation("I24", `${node} sent a client away with publishes unanswered: ${open}`)
      reached("sent-away-answered")
    },
  }
}
