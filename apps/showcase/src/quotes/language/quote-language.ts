import { chosenLanguage, type Formats, useStore } from "@magpie/frame"
import { useMemo } from "react"
import { useLanguage } from "../../language/language.ts"
import { type QuoteFormats, quoteFormatsOf } from "../quote-formats.ts"
import { nameOf, originOf } from "../symbols.ts"
import { english, type QuoteWords } from "./english.ts"
import { traditionalChinese } from "./traditional-chinese.ts"

const DICTIONARIES = { en: english, "zh-TW": traditionalChinese } as const

export interface QuoteLanguage {
  readonly words: QuoteWords
  readonly formats: Formats
  readonly quoteFormats: QuoteFormats
  readonly titleOf: (symbol: string) => string
}

export function useQuoteLanguage(): QuoteLanguage {
  const { formats } = useLanguage()
  const tag = useStore(chosenLanguage)
  return useMemo(() => {
    const words = DICTIONARIES[tag]
    const titleOf = (symbol: string) => (originOf(symbol) === "made-up" ? words.madeUpName(nameOf(symbol)) : nameOf(symbol))
    return { words, formats, quoteFormats: quoteFormatsOf(tag), titleOf }
  }, [tag, formats])
}
