import { Icon, useStore } from "@magpie/frame"
import { useDeferredValue, useId, useMemo, useState } from "react"
import { useDesk } from "../desk-context.ts"
import { useQuoteLanguage } from "../language/quote-language.ts"
import { SYMBOLS } from "../symbols.ts"
import { EmptyList } from "./empty-list.tsx"
import { QuoteGrid } from "./quote-grid.tsx"
import { search } from "./watch-list.ts"

interface QuoteListProps {
  readonly shown: string | undefined
  /** Opens what may be chosen, where it does not stand beside the list. */
  readonly onPanels?: () => void
}

/** The symbols that one watches, or all of them; the server is asked for these rows and no others. */
export function QuoteList({ shown, onPanels }: QuoteListProps) {
  const { words, formats, titleOf } = useQuoteLanguage()
  const { scope: chosenScope, watchList } = useDesk()
  const watched = useStore(watchList.symbols)
  const scope = useStore(chosenScope)
  const [text, setText] = useState("")
  const wanted = useDeferredValue(text)
  const found = useMemo(() => search(scope === "all" ? SYMBOLS : watched, wanted, titleOf), [scope, watched, wanted, titleOf])
  const group = useId()

  return (
    <section className="quote-list" aria-label={words.list.label}>
      <div className="list-tools">
        <label className="search">
          <Icon name="search" />
          <span className="visually-hidden">{words.list.search}</span>
          <input
            className="input"
            type="search"
            placeholder={words.list.search}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        {onPanels && (
          <button type="button" className="button square" aria-label={words.list.openPanel} title={words.list.openPanel} onClick={onPanels}>
            <Icon name="gauge" />
          </button>
        )}
        <fieldset className="segments">
          <legend className="visually-hidden">{words.list.scope}</legend>
          {(["watched", "all"] as const).map((each) => (
            <label key={each}>
              <input type="radio" name={group} checked={scope === each} onChange={() => chosenScope.set(each)} />
              <span>{each === "all" ? words.list.all(formats.number(SYMBOLS.length)) : words.list.watched}</span>
            </label>
          ))}
        </fieldset>
      </div>
      {found.length > 0 ? (
        <QuoteGrid symbols={found} shown={shown} watched={watched} />
      ) : (
        <EmptyList isSearch={wanted.trim() !== ""} onSearchAll={scope === "watched" ? () => chosenScope.set("all") : undefined} />
      )}
    </section>
  )
}
