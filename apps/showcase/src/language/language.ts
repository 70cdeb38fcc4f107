import { type Formats, formatsOf, type LanguageTag } from "@magpie/frame"
import { createContext, useContext } from "react"
import { type Dictionary, english } from "./english.ts"
import { traditionalChinese } from "./traditional-chinese.ts"

const DICTIONARIES = { en: english, "zh-TW": traditionalChinese } as const

export interface Language {
  readonly words: Dictionary
  readonly formats: Formats
}

export function languageOf(tag: LanguageTag): Language {
  return { words: DICTIONARIES[tag], formats: formatsOf(tag) }
}

export const LanguageContext = createContext<Language>(languageOf("en"))

export function useLanguage(): Language {
  return useContext(LanguageContext)
}
