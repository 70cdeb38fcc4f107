import { createStore, type WritableStore } from "@magpie/frame"

/** Who this visitor is. There is no account: the name is only a name, and the id tells own messages from others'. */
export interface Identity {
  readonly name: WritableStore<string>
  readonly guest: boolean
  newRef(): string
  owns(ref: string | undefined): boolean
}

export const MAX_NAME_LENGTH = 40

/** Kept for this browser; `?guest` in the address makes another person, kept for this window. */
export function loadIdentity(randomName: () => string): Identity {
  const guest = new URLSearchParams(location.search).has("guest")
  const kept = guest ? sessionStorage : localStorage
  const id = kept.getItem("magpie.id") ?? Math.random().toString(36).slice(2, 12)
  kept.setItem("magpie.id", id)
  const name = createStore(kept.getItem("magpie.name") ?? randomName())
  const keep = () => kept.setItem("magpie.name", name.get())
  keep()
  name.subscribe(keep)

  let count = 0
  const window = Date.now().toString(36) + Math.random().toString(36).slice(2, 6)
  return {
    name,
    guest,
    newRef() {
      count += 1
      return `${id}.${window}.${count}`
    },
    owns: (ref) => ref?.startsWith(`${id}.`) ?? false,
  }
}
