import { createStore } from "./store.ts"

export type LanguageTag = "en" | "zh-TW"

const LANGUAGE_KEY = "magpie.language"

/** The chosen language, kept in this browser; before a choice, the browser's own. */
export const chosenLanguage = createStore<LanguageTag>(firstLanguage())

chosenLanguage.subscribe(() => localStorage.setItem(LANGUAGE_KEY, chosenLanguage.get()))

function firstLanguage(): LanguageTag {
  const kept = localStorage.getItem(LANGUAGE_KEY)
  if (kept === "en" || kept === "zh-TW") return kept
  return navigator.language.toLowerCase().startsWith("zh") ? "zh-TW" : "en"
}
