import { createStore } from "../store.ts"

export const THEMES = ["auto", "light", "dark"] as const
export type Theme = (typeof THEMES)[number]

const THEME_KEY = "magpie.theme"

/** The chosen colours, kept in this browser and put on the document. */
export const chosenTheme = createStore<Theme>(THEMES.find((theme) => theme === localStorage.getItem(THEME_KEY)) ?? "auto")

const apply = () => {
  const theme = chosenTheme.get()
  if (theme === "auto") delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
}

apply()
chosenTheme.subscribe(() => {
  apply()
  localStorage.setItem(THEME_KEY, chosenTheme.get())
})
