import { createContext, useContext, useSyncExternalStore } from "react"
import { DESK_WORDS, type DeskWords } from "../language/desk-words.ts"
import type { Store } from "../page/store.ts"
import type { Desk } from "./desk.ts"

export const DeskContext = createContext<Desk | undefined>(undefined)
export const WordsContext = createContext<DeskWords>(DESK_WORDS.en)

export function useDesk(): Desk {
  const desk = useContext(DeskContext)
  if (desk === undefined) throw new Error("there is no desk around this")
  return desk
}

export const useWords = (): DeskWords => useContext(WordsContext)

export const useStore = <T>(store: Store<T>): T => useSyncExternalStore(store.subscribe, store.get)
