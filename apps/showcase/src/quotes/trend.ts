import { chosenLanguage, createStore, type LanguageTag, type WritableStore } from "@magpie/frame"

export type Trend = "up" | "down" | "flat"

export function trendOf(difference: number): Trend {
  if (difference === 0) return "flat"
  return difference > 0 ? "up" : "down"
}

/** Which colour stands for a price that rises: red in Taiwan, green in most other places. Arrows and signs say it as well. */
export type RisingColour = "red" | "green"

const KEY = "magpie.quotes.rising"

export function usualRising(tag: LanguageTag): RisingColour {
  return tag === "zh-TW" ? "red" : "green"
}

/** The chosen colour, kept in this browser; before a choice, what is usual in the language. */
export const chosenRising: WritableStore<RisingColour> = createStore(keptRising() ?? usualRising(chosenLanguage.get()))

chosenLanguage.subscribe(() => {
  if (keptRising() === undefined) chosenRising.set(usualRising(chosenLanguage.get()))
})

export function chooseRising(colour: RisingColour): void {
  localStorage.setItem(KEY, colour)
  chosenRising.set(colour)
}

function keptRising(): RisingColour | undefined {
  const kept = localStorage.getItem(KEY)
  return kept === "red" || kept === "green" ? kept : undefined
}
