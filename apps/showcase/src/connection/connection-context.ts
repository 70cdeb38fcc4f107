import { createContext, useContext } from "react"
import type { Identity } from "../identity.ts"
import type { Rooms } from "../rooms/rooms.ts"
import type { ShowcaseClient } from "./open-connection.ts"

export interface Connection {
  readonly client: ShowcaseClient
  readonly rooms: Rooms
  readonly me: Identity
}

export const ConnectionContext = createContext<Connection | undefined>(undefined)

export function useConnection(): Connection {
  const connection = useContext(ConnectionContext)
  if (connection === undefined) throw new Error("no connection above this component")
  return connection
}
