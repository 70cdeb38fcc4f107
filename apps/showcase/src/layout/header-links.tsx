import { Icon } from "@magpie/frame"
import { useLanguage } from "../language/language.ts"

/** A second window, which may be told from this one. */
export function HeaderLinks() {
  const { words } = useLanguage()
  return (
    <a
      className="button quiet wide-only"
      href={`?guest${location.hash}`}
      target="_blank"
      rel="noopener"
      title={words.header.secondWindowHint}
    >
      <Icon name="window" />
      <span>{words.header.secondWindow}</span>
    </a>
  )
}
