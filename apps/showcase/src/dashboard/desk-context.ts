import { createContext, useContext } from "react"
import type { Desk } from "./desk.ts"

export const DeskContext = createContext<Desk | undefined>(undefined)

export function useDesk(): Desk {
  const desk = useContext(DeskContext)
  if (desk === undefined) throw new Error("no desk above this component")
  return desk
}
