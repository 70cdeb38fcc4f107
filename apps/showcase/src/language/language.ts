import { createContext, useContext } from "react"
import { createStore } from "../store.ts"
import { type Dictionary, english } from "./english.ts"
import { type Formats, formatsOf } from "./formats.ts"
import { traditionalChinese } from "./traditional-chinese.ts"

export const DICTIONARIES = { en: english, "zh-TW": traditionalChinese } as const
export type LanguageTag = keyof typeof DICTIONARIES

export interface Language {
  readonly words: Dictionary
  readonly formats: Formats
}

const LANGUAGE_KEY = "magpie.language"

/** The chosen language, kept in this browser; before a choice, the browser's own. */
export const chosenLanguage = createStore<LanguageTag>(firstLanguage())

chosenLanguage.subscribe(() => localStorage.setItem(LANGUAGE_KEY, chosenLanguage.get()))

export function languageOf(tag: LanguageTag): Language {
  return { words: DICTIONARIES[tag], formats: formatsOf(tag) }
}

export const LanguageContext = createContext<Language>(languageOf("en"))

export function useLanguage(): Language {
  return useContext(LanguageContext)
}

function firstLanguage(): LanguageTag {
  const kept = localStorage.getItem(LANGUAGE_KEY)
  if (kept === "en" || kept === "zh-TW") return kept
  return navigator.language.toLowerCase().startsWith("zh") ? "zh-TW" : "en"
}
