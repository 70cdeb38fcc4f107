import type { ClientStatistics, Status } from "@magpie/client"
import { createContext, useCallback, useContext, useSyncExternalStore } from "react"
import type { Meter } from "./network/meter.ts"
import type { Network, NetworkConditions } from "./network/network.ts"
import type { Store } from "./store.ts"
import { useStore } from "./use-store.ts"

/** What the bar needs of a client, whatever its contract. */
export interface FrameClient {
  readonly status: Status
  readonly statistics: ClientStatistics
  on(event: "status", listener: () => void): () => void
  connect(): void
}

export interface Frame {
  readonly client: FrameClient
  readonly network: Network
  readonly meter: Store<Meter>
}

export const FrameContext = createContext<Frame | undefined>(undefined)

export function useFrame(): Frame {
  const frame = useContext(FrameContext)
  if (frame === undefined) throw new Error("no frame above this component")
  return frame
}

export function useStatus(): Status {
  const { client } = useFrame()
  const subscribe = useCallback((listener: () => void) => client.on("status", listener), [client])
  return useSyncExternalStore(subscribe, () => client.status)
}

export function useConditions(): NetworkConditions {
  const { network } = useFrame()
  return useSyncExternalStore(network.subscribe, () => network.conditions)
}

export function useMeter(): Meter {
  return useStore(useFrame().meter)
}
