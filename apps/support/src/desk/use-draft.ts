import { type RefObject, useEffect, useState } from "react"
import type { Conversation } from "../conversation/conversation.ts"
import type { Line } from "../conversation/lines.ts"

/** What stands in the field: the answer that is begun, which outlives a reload, or the message that is being edited. */
export function useDraft(conversation: Conversation, editing: Line | undefined, field: RefObject<HTMLTextAreaElement | null>) {
  const key = `magpie.support.draft.${conversation.visitor}`
  const [text, setText] = useState(() => sessionStorage.getItem(key) ?? "")

  useEffect(() => {
    if (editing === undefined) return
    setText(editing.text)
    field.current?.focus()
  }, [editing, field])

  return {
    text,
    write(value: string): void {
      setText(value)
      if (editing !== undefined) return
      sessionStorage.setItem(key, value)
      if (value !== "") conversation.typing(true)
    },
    clear(): void {
      if (editing === undefined) sessionStorage.removeItem(key)
      setText(sessionStorage.getItem(key) ?? "")
    },
  }
}
