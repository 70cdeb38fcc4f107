import { createContext, useContext } from "react"
import type { FleetDesk } from "./fleet/fleet-desk.ts"

export const FleetContext = createContext<FleetDesk | undefined>(undefined)

export function useFleet(): FleetDesk {
  const desk = useContext(FleetContext)
  if (desk === undefined) throw new Error("no fleet above this component")
  return desk
}
