import type { Setup } from "../plan.ts"
import { ACCESS_FAULTS } from "./access-faults.ts"
import { BROKER_FAULTS } from "./broker-faults.ts"
import { CLIENT_FAULTS } from "./client-faults.ts"
import type { FaultRow } from "./fault-row.ts"
import { NETWORK_FAULTS } from "./network-faults.ts"
import { NODE_FAULTS } from "./node-faults.ts"
import { TRANSPORT_FAULTS } from "./transport-faults.ts"

/** Everything that can go wrong here, by name. */
export const FAULT_KINDS = { ...CLIENT_FAULTS, ...NETWORK_FAULTS, ...NODE_FAULTS, ...BROKER_FAULTS, ...ACCESS_FAULTS } as const

/** Those too that meet clients with several transports. */
export const ALL_FAULT_KINDS = { ...FAULT_KINDS, ...TRANSPORT_FAULTS } as const

export type FaultKind = keyof typeof ALL_FAULT_KINDS

/** The kinds that a setup can draw: a clock that walks away from the issuer's makes every short token void. */
export function faultKindsOf({ tokenLifeMs, nodes, transports }: Setup): FaultKind[] {
  const kinds = Object.keys(transports ? ALL_FAULT_KINDS : FAULT_KINDS) as FaultKind[]
  return kinds.filter((kind) => {
    const row: FaultRow = ALL_FAULT_KINDS[kind]
    return (kind !== "node-clock" || tokenLifeMs > 60_000) && (!row.cluster || nodes > 1) && row.weight > 0
  })
}
