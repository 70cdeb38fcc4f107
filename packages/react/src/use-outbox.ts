import type { KeptMessage, PersistentOutbox } from "@magpie/client/persistent"
import { createOutboxStore } from "./outbox-store.ts"
import { createMemory } from "./remembered.ts"
import type { Store } from "./store.ts"
import { useStore } from "./use-store.ts"

const stores = createMemory<Store<readonly KeptMessage[]>>()

/** What a persistent outbox holds, oldest first: also what an earlier page has left. */
export function useOutbox(outbox: PersistentOutbox): readonly KeptMessage[] {
  return useStore(stores(outbox, "", () => createOutboxStore(outbox)))
}
