import { useQuoteLanguage } from "../language/quote-language.ts"
import { SYMBOLS } from "../symbols.ts"

interface EmptyListProps {
  readonly isSearch: boolean
  /** Undefined where all were searched. */
  readonly onSearchAll: (() => void) | undefined
}

export function EmptyList({ isSearch, onSearchAll }: EmptyListProps) {
  const { words, formats } = useQuoteLanguage()
  return (
    <div className="empty-list" role="status">
      <p>{isSearch ? words.list.nothingFound : words.list.nothingWatched}</p>
      {onSearchAll && (
        <button type="button" className="button" onClick={onSearchAll}>
          {isSearch ? words.list.searchAll : words.list.all(formats.number(SYMBOLS.length))}
        </button>
      )}
    </div>
  )
}
