import type { Client, Status } from "@magpie/client"
import { messageList } from "@magpie/client/changes"
import { type MagpieError, toMagpieError } from "@magpie/protocol"
import { onScopeDispose, type ShallowRef, shallowRef } from "vue"
import type { app } from "./contract.ts"

export type Magpie = Client<typeof app>

function roomOf(magpie: Magpie, room: string) {
  return magpie.channel(`chat/${room}`)
}

type Room = ReturnType<typeof roomOf>
interface Said {
  readonly name: string
  readonly text: string
}

/** A message of this page that is not in the room yet: on its way, or refused. */
export interface Sending {
  readonly data: Said
  readonly error: MagpieError | undefined
}

/** The state of the connection, for as long as the component is there. */
export function useStatus(magpie: Magpie): ShallowRef<Status> {
  const status = shallowRef(magpie.status)
  const stop = magpie.on("status", (change) => {
    status.value = change.status
  })
  onScopeDispose(stop)
  return status
}

/** A room's newest messages, oldest first; more of its history on demand; and what this page sends, until it is stored. */
export function useRoom(magpie: Magpie, name: string) {
  const room: Room = roomOf(magpie, name)
  const list = messageList(room, { last: 20 })
  const messages = shallowRef(list.messages)
  const hasOlder = shallowRef(list.hasOlder)
  const sending = shallowRef<readonly Sending[]>([])

  const stop = list.on("update", () => {
    messages.value = list.messages
    hasOlder.value = list.hasOlder
  })
  onScopeDispose(() => {
    stop()
    list.close()
  })

  async function send(data: Said): Promise<void> {
    const mine: Sending = { data, error: undefined }
    sending.value = [...sending.value, mine]
    try {
      await room.send("say", data)
      sending.value = sending.value.filter((one) => one !== mine)
    } catch (thrown) {
      const error = toMagpieError(thrown)
      sending.value = sending.value.map((one) => (one === mine ? { data, error } : one))
    }
  }

  return { messages, hasOlder, sending, send, loadOlder: list.loadOlder }
}
