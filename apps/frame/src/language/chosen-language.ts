import { createStore } from "../store.ts"

export const LANGUAGE_TAGS = ["en", "zh-TW"] as const
export type LanguageTag = (typeof LANGUAGE_TAGS)[number]

const LANGUAGE_KEY = "magpie.language"

/** The chosen language, kept in this browser; before a choice, the browser's own. */
export const chosenLanguage = createStore<LanguageTag>(firstLanguage())

chosenLanguage.subscribe(() => localStorage.setItem(LANGUAGE_KEY, chosenLanguage.get()))

function firstLanguage(): LanguageTag {
  const kept = localStorage.getItem(LANGUAGE_KEY)
  return LANGUAGE_TAGS.find((tag) => tag === kept) ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh-TW" : "en")
}
