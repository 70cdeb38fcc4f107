import type { KeptMessage, PersistentOutbox } from "@magpie/client/persistent"
import { createStore, type Store } from "./store.ts"

/** What a persistent outbox holds, oldest first, as it changes. */
export function createOutboxStore(outbox: PersistentOutbox): Store<readonly KeptMessage[]> {
  const store = createStore<readonly KeptMessage[]>([], () => {
    const look = (): void => store.set(outbox.messages)
    look()
    return outbox.on("change", look)
  })
  return store
}
