import { createContext, useContext } from "react"
import { DESK_WORDS, type DeskWords } from "../language/desk-words.ts"
import type { Desk } from "./desk.ts"

export const DeskContext = createContext<Desk | undefined>(undefined)
export const WordsContext = createContext<DeskWords>(DESK_WORDS.en)

export function useDesk(): Desk {
  const desk = useContext(DeskContext)
  if (desk === undefined) throw new Error("there is no desk around this")
  return desk
}

export const useWords = (): DeskWords => useContext(WordsContext)
