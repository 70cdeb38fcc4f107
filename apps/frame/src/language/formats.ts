/** Numbers, times and lists as a language writes them. */
export interface Formats {
  number(value: number): string
  bytes(value: number): string
  milliseconds(value: number): string
  seconds(value: number, digits?: 0 | 1): string
  time(at: number): string
  dateTime(at: number): string
  /** “Today”, “Yesterday”, or the date. */
  day(at: number, now: number): string
  names(names: readonly string[]): string
}

const BYTE_UNITS = ["kilobyte", "megabyte", "gigabyte"] as const
const DAY_MS = 86_400_000

export function formatsOf(tag: string): Formats {
  const unit = (name: string, digits: number) =>
    new Intl.NumberFormat(tag, {
      style: "unit",
      unit: name,
      unitDisplay: "short",
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    })
  const numbers = new Intl.NumberFormat(tag)
  const bytes = BYTE_UNITS.map((name) => unit(name, 1))
  const milliseconds = unit("millisecond", 0)
  const seconds = [unit("second", 0), unit("second", 1)]
  const time = new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
  const dateTime = new Intl.DateTimeFormat(tag, { dateStyle: "full", timeStyle: "medium" })
  const day = new Intl.DateTimeFormat(tag, { weekday: "long", day: "numeric", month: "long" })
  const dayOfYear = new Intl.DateTimeFormat(tag, { day: "numeric", month: "long", year: "numeric" })
  const relative = new Intl.RelativeTimeFormat(tag, { numeric: "auto" })
  const list = new Intl.ListFormat(tag, { type: "conjunction" })

  return {
    number: (value) => numbers.format(value),
    bytes(value) {
      const power = value < 1_000_000 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log10(value) / 3) - 1)
      return bytes[power]?.format(value / 1_000 ** (power + 1)) ?? ""
    },
    milliseconds: (value) => milliseconds.format(value),
    seconds: (value, digits = 0) => seconds[digits]?.format(value) ?? "",
    time: (at) => time.format(at),
    dateTime: (at) => dateTime.format(at),
    day(at, now) {
      const daysAgo = Math.round((startOfDay(now) - startOfDay(at)) / DAY_MS)
      if (daysAgo === 0 || daysAgo === 1) return capitalised(relative.format(-daysAgo, "day"), tag)
      return (daysAgo < 180 ? day : dayOfYear).format(at)
    },
    names: (names) => list.format(names),
  }
}

export function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0)
}

function capitalised(text: string, tag: string): string {
  return text.slice(0, 1).toLocaleUpperCase(tag) + text.slice(1)
}
