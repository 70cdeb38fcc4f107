import { Icon, type IconName } from "@magpie/frame"
import { useLanguage } from "../language/language.ts"
import type { OutgoingItem, StoredItem } from "./timeline.ts"

/** What is known of an own message, as a shape; the words are beside it on hover, and read aloud. */
export function DeliveryMark({ item }: { readonly item: StoredItem | OutgoingItem }) {
  const { words, formats } = useLanguage()
  const { delivery } = words
  const state = item.type === "stored" ? "sent" : item.delivery.state
  const icon: IconName = state === "sending" ? "clock" : state === "sent" ? "check" : "alert"

  const explain = () => {
    if (state === "sending") return delivery.sendingHint
    if (state === "failed") return delivery.failed
    const receipt = item.type === "stored" ? item.receipt : item.delivery.state === "sent" ? item.delivery.receipt : undefined
    const offset = item.type === "stored" ? item.offset : (receipt?.position.offset ?? 0)
    const stored = delivery.stored(formats.number(offset))
    return receipt === undefined ? stored : `${stored} · ${delivery.levels[receipt.level]}`
  }

  return (
    <span className={`hint delivery ${state} at-end above`}>
      <Icon name={icon} />
      <span className="visually-hidden">{delivery[state]}</span>
      <span className="hint-text" role="tooltip">
        {explain()}
      </span>
    </span>
  )
}
