import type { LanguageTag } from "@magpie/frame"

export interface DashboardFormats {
  /** A figure with as many digits as say something. */
  figure(value: number): string
  /** To the second. */
  time(at: number): string
  /** As short as an axis wants it. */
  axisTime(at: number, withSeconds: boolean): string
}

export function dashboardFormatsOf(tag: LanguageTag): DashboardFormats {
  const coarse = new Intl.NumberFormat(tag, { maximumFractionDigits: 0 })
  const fine = new Intl.NumberFormat(tag, { maximumFractionDigits: 1 })
  const time = new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" })
  const minute = new Intl.DateTimeFormat(tag, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
  return {
    figure: (value) => (Math.abs(value) >= 100 ? coarse : fine).format(value),
    time: (at) => time.format(at),
    axisTime: (at, withSeconds) => (withSeconds ? time : minute).format(at),
  }
}
