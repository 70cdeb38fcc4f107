import { useLanguage } from "../language/language.ts"
import type { Timeline } from "./timeline.ts"
import { useNewest } from "./use-newest.ts"

/** Says to a screen reader what others have just said, and what is missing. */
export function Announcer({ timeline }: { readonly timeline: Timeline }) {
  const { words } = useLanguage()
  const newest = useNewest(timeline)
  return (
    <div className="visually-hidden" aria-live="polite">
      {newest.map((item) => (
        <p key={item.key}>
          {item.type === "stored"
            ? words.chat.said(item.author, item.text)
            : item.missing === undefined
              ? words.chat.gapUnknown
              : words.chat.gap(item.missing)}
        </p>
      ))}
    </div>
  )
}
