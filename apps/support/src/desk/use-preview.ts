import { messageList } from "@magpie/client/changes"
import { useEffect, useState } from "react"
import { useDesk } from "./desk-context.ts"

/** Enough for the newest of them to have said something. */
const LAST = 10
const MOST_LETTERS = 120

/** How the conversation ends, as it says it now: what was edited or deleted is quoted no longer. */
export function usePreview(visitor: string): string {
  const desk = useDesk()
  const [preview, setPreview] = useState("")
  useEffect(() => {
    const list = messageList(desk.support.client.channel(`support/talk/${visitor}`), { last: LAST, keep: 2 * LAST })
    const show = (): void => {
      const newest = list.messages.findLast(({ name }) => name === "say" || name === "file")
      if (newest?.name === "say") setPreview(newest.data.text.slice(0, MOST_LETTERS))
      else setPreview(newest?.name === "file" ? newest.data.title : "")
    }
    list.on("update", show)
    show()
    return () => list.close()
  }, [desk, visitor])
  return preview
}
