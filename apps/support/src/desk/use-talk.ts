import { presence } from "@magpie/client/presence"
import { useEffect, useState } from "react"
import type { Uploads } from "../attachments/uploads.ts"
import { type Conversation, openConversation } from "../conversation/conversation.ts"
import { useDesk } from "./desk-context.ts"

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

export type Whereabouts = { readonly state: "here" | "away"; readonly page: string } | { readonly state: "gone" }

/** Whether the visitor has a page open, and which. */
export function useWhereabouts(visitor: string): Whereabouts {
  const desk = useDesk()
  const [now, setNow] = useState<Whereabouts>({ state: "gone" })
  useEffect(() => {
    const room = presence(desk.support.client.channel(`support/talk/${visitor}`))
    const look = (): void => {
      const states = [...room.members.values()].filter(({ user }) => user === visitor).map(({ state }) => state)
      const shown = states.find(({ away }) => !away) ?? states[0]
      setNow(shown === undefined ? { state: "gone" } : { state: shown.away ? "away" : "here", page: shown.page })
    }
    room.on("change", look)
    look()
    return () => room.close()
  }, [desk, visitor])
  return now
}
