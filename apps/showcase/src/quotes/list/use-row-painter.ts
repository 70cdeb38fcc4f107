import { useStore } from "@magpie/frame"
import { useEffect, useMemo, useState } from "react"
import { useDesk } from "../desk-context.ts"
import { useQuoteLanguage } from "../language/quote-language.ts"
import { createRowPainter, type RowPainter, type RowWords } from "./row-painter.ts"

/** The painter of this page's rows; undefined until the page stands. */
export function useRowPainter(): RowPainter | undefined {
  const { board, now, staleMs: staleStore } = useDesk()
  const { words, formats, quoteFormats } = useQuoteLanguage()
  const staleMs = useStore(staleStore)
  const rowWords = useMemo(
    (): RowWords => ({
      formats: quoteFormats,
      trends: words.trends,
      age: (ms) => (ms < 1_000 ? words.list.now : formats.seconds(Math.floor(ms / 1_000))),
    }),
    [words, formats, quoteFormats],
  )
  const [painter, setPainter] = useState<RowPainter>()

  // biome-ignore lint/correctness/useExhaustiveDependencies: other words are told to the painter that there is
  useEffect(() => {
    const prefersStillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches
    const its = createRowPainter({ board, words: rowWords, now, prefersStillness })
    setPainter(its)
    return its.close
  }, [board, now])

  useEffect(() => painter?.setWords(rowWords), [painter, rowWords])
  useEffect(() => painter?.setStaleAfter(staleMs), [painter, staleMs])
  return painter
}
