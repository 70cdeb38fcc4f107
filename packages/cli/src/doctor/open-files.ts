import { readFileSync } from "node:fs"
import type { Finding } from "./finding.ts"

/** Files that a server has open besides its connections: the storage, pages that are being sent, what Node itself needs. */
const OTHERS = 256

/** How many files this process may open; undefined where nobody says. Node has raised it as far as it may by itself. */
export function openFilesLimit(): number | undefined {
  try {
    const soft = /^Max open files +(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1]
    return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return undefined
  }
}

/** Each connection is an open file. */
export function lookAtOpenFiles(limit: number | undefined, connections: number): Finding {
  if (limit === undefined)
    return { about: "open files", state: "not checked", told: "this system does not say how many files a process may open" }
  const needed = connections + OTHERS
  if (limit >= needed)
    return { about: "open files", state: "ok", told: `${limit} may be open, ${needed} are needed for ${connections} connections` }
  return {
    about: "open files",
    state: "warning",
    told: `${limit} may be open, ${needed} are needed for ${connections} connections`,
    remedy: `Raise it (ulimit -n ${needed}, LimitNOFILE= of a systemd unit), or lower limits.connections.`,
  }
}
