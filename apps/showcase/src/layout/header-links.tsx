import { Icon } from "@magpie/frame"
import { useLanguage } from "../language/language.ts"

/** The ways from this page to others. */
export function HeaderLinks() {
  const { words } = useLanguage()
  return (
    <>
      <a className="button quiet wide-only" href="support/" title={words.header.supportHint}>
        <Icon name="rooms" />
        <span>{words.header.support}</span>
      </a>
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
    </>
  )
}
