import { Violation } from "./violation.ts"

/**
 * Of the links that one node has of one session only the newest is given anything: from its welcome on, the ones before are
 * silent [I9]. A link left behind on another node goes on until that node notices, and its client no longer listens.
 */
export interface Sessions {
  /** A node has taken a link. What is returned is told of each frame that the node writes to it. */
  accepted(node: string): (frame: () => string) => void
}

interface Watched {
  /** As its welcome named it; undefined before. */
  session: string | undefined
  superseded: boolean
}

export function createSessions(): Sessions {
  /** By node and session. */
  const newest = new Map<string, Watched>()

  function welcomed(node: string, link: Watched, session: string): void {
    const key = `${node} ${session}`
    const before = newest.get(key)
    if (before !== undefined) before.superseded = true
    link.session = session
    newest.set(key, link)
  }

  return {
    accepted(node) {
      const link: Watched = { session: undefined, superseded: false }
      return (frame) => {
        if (link.superseded) throw new Violation("I9", `${node} wrote to a link whose session another one has taken over: ${frame()}`)
        if (link.session !== undefined) return
        const session = sessionIn(frame())
        if (session !== undefined) welcomed(node, link, session)
      }
    },
  }
}

/** The session that a welcome in this frame names. */
function sessionIn(frame: string): string | undefined {
  const welcome = frame.split("\n").find((line) => line.startsWith('{"type":"welcome"'))
  return welcome === undefined ? undefined : (JSON.parse(welcome) as { session: string }).session
}
