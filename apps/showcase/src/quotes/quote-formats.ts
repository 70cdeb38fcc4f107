import type { LanguageTag } from "@magpie/frame"

export interface QuoteFormats {
  readonly locale: LanguageTag
  price(value: number): string
  /** With its sign. */
  difference(value: number): string
  percent(part: number): string
  date(day: string): string
  rate(perSecond: number): string
}

export function quoteFormatsOf(tag: LanguageTag): QuoteFormats {
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 }
  const price = new Intl.NumberFormat(tag, digits)
  const difference = new Intl.NumberFormat(tag, { ...digits, signDisplay: "exceptZero" })
  const percent = new Intl.NumberFormat(tag, { ...digits, style: "percent", signDisplay: "exceptZero" })
  const date = new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeZone: "UTC" })
  const rate = new Intl.NumberFormat(tag, { maximumFractionDigits: 2 })
  return {
    locale: tag,
    price: (value) => price.format(value),
    difference: (value) => difference.format(value),
    percent: (part) => percent.format(part),
    date: (day) => date.format(Date.parse(day)),
    rate: (perSecond) => rate.format(perSecond),
  }
}
