import { chosenLanguage, useStore } from "@magpie/frame"
import { useMemo } from "react"
import { type DashboardFormats, dashboardFormatsOf } from "../dashboard-formats.ts"
import type { Unit } from "../panels.ts"
import { type DashboardWords, english } from "./english.ts"
import { traditionalChinese } from "./traditional-chinese.ts"

const DICTIONARIES = { en: english, "zh-TW": traditionalChinese } as const

export interface DashboardLanguage {
  readonly words: DashboardWords
  readonly formats: DashboardFormats
  /** A figure with its unit; a dash where nothing is known. */
  readonly said: (value: number | undefined, unit: Unit) => string
}

export function useDashboardLanguage(): DashboardLanguage {
  const tag = useStore(chosenLanguage)
  return useMemo(() => {
    const words = DICTIONARIES[tag]
    const formats = dashboardFormatsOf(tag)
    return { words, formats, said: (value, unit) => (value === undefined ? words.unknown : words.units[unit](formats.figure(value))) }
  }, [tag])
}
