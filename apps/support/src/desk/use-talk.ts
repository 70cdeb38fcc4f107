import { presence } from "@magpie/client/presence"
import { useEffect, useState } from "react"
import type { Uploads } from "../attachments/uploads.ts"
import { type Conversation, openConversation } from "../conversation/conversation.ts"
import { useDesk } from "./desk-context.ts"
import { type Whereabouts, whereaboutsOf } from "./whereabouts.ts"

export interface Talk {
  readonly conversation: Conversation
  readonly uploads: Uploads
  /** Tells the visitor what becomes of the conversation. */
  readonly sendEvent: (what: "joined" | "handed" | "closed") => void
}

/** The conversation for as long as it is shown. */
export function useTalk(visitor: string): Talk | undefined {
  const desk = useDesk()
  const [talk, setTalk] = useState<Talk>()
  useEffect(() => {
    const conversation = openConversation(desk.support, visitor, "agent")
    setTalk({
      conversation,
      uploads: desk.uploadsOf(visitor),
      sendEvent: (what) =>
        void desk.support.client
          .channel(`support/talk/${visitor}`)
          .send("event", { what })
          .catch(() => {}),
    })
    return () => conversation.close()
  }, [desk, visitor])
  return talk
}

export function useWhereabouts(visitor: string): Whereabouts {
  const desk = useDesk()
  const [now, setNow] = useState<Whereabouts>({ state: "unknown" })
  useEffect(() => {
    const room = presence(desk.support.client.channel(`support/talk/${visitor}`))
    const look = (): void => setNow(whereaboutsOf(room, visitor))
    room.on("change", look)
    room.on("state", look)
    look()
    return () => room.close()
  }, [desk, visitor])
  return now
}
