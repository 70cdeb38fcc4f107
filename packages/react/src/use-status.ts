import type { Status } from "@magpie/client"
import { useCallback, useSyncExternalStore } from "react"

/** Anything with a status: a client of any contract. */
interface WithStatus {
  readonly status: Status
  on(event: "status", listener: () => void): () => void
}

/** Where the connection is in its life. */
export function useStatus(client: WithStatus): Status {
  const status = (): Status => client.status
  const subscribe = useCallback((listener: () => void) => client.on("status", listener), [client])
  return useSyncExternalStore(subscribe, status, status)
}
