import type { Conversation } from "../conversation/conversation.ts"
import type { WidgetWords } from "../language/widget-words.ts"
import { createTitleNotice, playSound } from "../page/notify.ts"

export interface UnreadOptions {
  readonly talk: Conversation
  readonly visitor: string
  readonly words: WidgetWords
  /** Shows how many messages there are that the visitor has not looked at. */
  readonly badge: HTMLElement
  readonly isOpen: () => boolean
}

/** Tells of what is new, and says that it was read while the panel is looked at. Returns what looks again. */
export function followUnread({ talk, visitor, words, badge, isOpen }: UnreadOptions): () => void {
  const titleNotice = createTitleNotice()
  // Up to where this visitor has looked, kept on the device.
  const seenKey = `magpie.support.seen.${visitor}`
  let newest: number | undefined

  function look(): void {
    const { lines, loaded } = talk.view.get()
    const theirs = lines.filter((line) => !line.own && line.kind !== "event" && line.offset !== undefined)
    const last = theirs.at(-1)?.offset ?? 0
    if (loaded) {
      if (newest !== undefined && last > newest) {
        playSound()
        titleNotice.add()
      }
      newest = Math.max(newest ?? 0, last)
      if (isOpen() && !document.hidden) {
        talk.markRead()
        localStorage.setItem(seenKey, String(last))
      }
    }
    const seen = Number(localStorage.getItem(seenKey))
    const unread = theirs.filter((line) => Number(line.offset) > seen).length
    badge.hidden = unread === 0 || isOpen()
    badge.textContent = String(unread)
    badge.setAttribute("aria-label", words.newMessages(unread))
  }

  talk.view.subscribe(look)
  return look
}
