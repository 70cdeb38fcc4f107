import { chosenLanguage, type Formats, useStore } from "@magpie/frame"
import { useMemo } from "react"
import { useLanguage } from "../../language/language.ts"
import type { DeviceView } from "../fleet/device-view.ts"
import { type DeviceWords, english } from "./english.ts"
import { traditionalChinese } from "./traditional-chinese.ts"

const DICTIONARIES = { en: english, "zh-TW": traditionalChinese } as const

export interface DeviceFormats {
  percent(value: number): string
  degrees(value: number): string
  /** “3 minutes ago”. */
  ago(milliseconds: number): string
  /** To the second. */
  time(at: number): string
  /** “10 sec”, “5 min”. */
  duration(milliseconds: number): string
}

export interface DeviceLanguage {
  readonly words: DeviceWords
  readonly formats: Formats & DeviceFormats
  /** A device in a few words. */
  readonly summaryOf: (device: Pick<DeviceView, "kind" | "state">) => string
  /** A field's value as people read it. */
  readonly fieldValue: (field: string, value: unknown) => string
}

const MINUTE_MS = 60_000

function deviceFormatsOf(tag: string): DeviceFormats {
  const percent = new Intl.NumberFormat(tag, { style: "percent", maximumFractionDigits: 0 })
  const degrees = new Intl.NumberFormat(tag, { style: "unit", unit: "celsius", minimumFractionDigits: 1, maximumFractionDigits: 1 })
  const relative = new Intl.RelativeTimeFormat(tag, { numeric: "auto" })
  const time = new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" })
  const unit = (name: string) => new Intl.NumberFormat(tag, { style: "unit", unit: name, unitDisplay: "short" })
  const [seconds, minutes] = [unit("second"), unit("minute")]
  return {
    percent: (value) => percent.format(value / 100),
    degrees: (value) => degrees.format(value),
    ago(milliseconds) {
      const [count, name] = parts(Math.max(0, milliseconds))
      return relative.format(-count, name)
    },
    time: (at) => time.format(at),
    duration: (milliseconds) =>
      milliseconds < MINUTE_MS ? seconds.format(milliseconds / 1_000) : minutes.format(milliseconds / MINUTE_MS),
  }
}

function parts(milliseconds: number): readonly [number, Intl.RelativeTimeFormatUnit] {
  const seconds = Math.floor(milliseconds / 1_000)
  if (seconds < 60) return [seconds, "second"]
  if (seconds < 3_600) return [Math.floor(seconds / 60), "minute"]
  return seconds < 86_400 ? [Math.floor(seconds / 3_600), "hour"] : [Math.floor(seconds / 86_400), "day"]
}

export function useDeviceLanguage(): DeviceLanguage {
  const { formats } = useLanguage()
  const tag = useStore(chosenLanguage)
  return useMemo(() => {
    const words = DICTIONARIES[tag]
    const its = { ...formats, ...deviceFormatsOf(tag) }
    return { words, formats: its, summaryOf: summariesIn(words, its), fieldValue: valuesIn(words, its) }
  }, [tag, formats])
}

function summariesIn({ summary }: DeviceWords, { percent, degrees }: DeviceFormats): DeviceLanguage["summaryOf"] {
  return ({ kind, state }) => {
    if (kind === "lamp") return summary.lamp(state.on === true, percent(Number(state.brightness)))
    if (kind === "thermostat") return summary.thermostat(degrees(Number(state.temperature)), degrees(Number(state.target)))
    return summary.valve(percent(Number(state.position)), state.moving === true, state.jammed === true)
  }
}

function valuesIn({ flags }: DeviceWords, { percent, degrees }: DeviceFormats): DeviceLanguage["fieldValue"] {
  return (field, value) => {
    if (typeof value === "boolean") return field === "on" ? (value ? flags.on : flags.off) : value ? flags.yes : flags.no
    if (typeof value !== "number") return String(value)
    return field === "target" || field === "temperature" ? degrees(value) : percent(value)
  }
}
