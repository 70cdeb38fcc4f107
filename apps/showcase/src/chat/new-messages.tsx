import { Icon } from "@magpie/frame"
import { useLanguage } from "../language/language.ts"

export function NewMessages({ count, onClick }: { readonly count: number; readonly onClick: () => void }) {
  const { words } = useLanguage()
  return (
    <button
      type="button"
      className={count > 0 ? "new-messages some" : "new-messages"}
      aria-label={count > 0 ? undefined : words.chat.toNewest}
      onClick={onClick}
    >
      <Icon name="down" />
      {count > 0 && words.chat.newMessages(count)}
    </button>
  )
}
