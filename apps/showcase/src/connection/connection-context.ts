import type { Status } from "@magpie/client"
import { createContext, useCallback, useContext, useSyncExternalStore } from "react"
import type { Identity } from "../identity.ts"
import type { Rooms } from "../rooms/rooms.ts"
import { type Store, useStore } from "../store.ts"
import type { Meter } from "./meter.ts"
import type { Network, NetworkConditions } from "./network.ts"
import type { ShowcaseClient } from "./open-connection.ts"

export interface Connection {
  readonly client: ShowcaseClient
  readonly network: Network
  readonly meter: Store<Meter>
  readonly rooms: Rooms
  readonly me: Identity
}

export const ConnectionContext = createContext<Connection | undefined>(undefined)

export function useConnection(): Connection {
  const connection = useContext(ConnectionContext)
  if (connection === undefined) throw new Error("no connection above this component")
  return connection
}

export function useStatus(): Status {
  const { client } = useConnection()
  const subscribe = useCallback((listener: () => void) => client.on("status", listener), [client])
  return useSyncExternalStore(subscribe, () => client.status)
}

export function useConditions(): NetworkConditions {
  const { network } = useConnection()
  return useSyncExternalStore(network.subscribe, () => network.conditions)
}

export function useMeter(): Meter {
  return useStore(useConnection().meter)
}
