import { pluralOf } from "@magpie/frame"
import type { PanelId, Unit } from "../panels.ts"
import type { BoardName } from "../schemas.ts"

const plural = pluralOf("en")

/** The words of the dashboard. The other languages have the type of this one. */
export const english = {
  boards: {
    label: "Dashboards",
    all: "All",
    server: { name: "Server", about: "What this server measures of itself" },
    visits: {
      name: "Visits",
      about: "How many have this showcase open now. No cookies, nothing kept in your browser for it, and nobody is told apart.",
    },
    line: { name: "Factory line", about: "Simulated: a made-up line inside this server, with a fault now and then" },
  } satisfies Record<BoardName, { name: string; about: string }> & Record<string, unknown>,
  simulated: "simulated",
  panels: {
    connections: { name: "Connections", about: "Open connections to this server" },
    messages: { name: "Messages", about: "Messages of the protocol, all connections together" },
    delay: { name: "Event-loop delay", about: "99th percentile of how late the server's event loop is" },
    log: { name: "Log latency", about: "From the dashboard's own write until it was stored" },
    heap: { name: "Memory", about: "JavaScript heap of the server, and what hangs on it" },
    visitors: { name: "Live visitors", about: "Open pages of this showcase" },
    devices: { name: "Devices", about: "By width and pointer" },
    temperature: { name: "Temperature", about: "Of the bearing" },
    pressure: { name: "Pressure", about: "In the cooling circuit" },
    units: { name: "Output", about: "Units that leave the line" },
  } satisfies Record<PanelId, { name: string; about: string }>,
  series: {
    in: "in",
    out: "out",
    "device/desktop": "desktop",
    "device/tablet": "tablet",
    "device/phone": "phone",
  } as Readonly<Record<string, string>>,
  units: {
    count: (value: string) => value,
    perSecond: (value: string) => `${value}/s`,
    milliseconds: (value: string) => `${value} ms`,
    megabytes: (value: string) => `${value} MB`,
    celsius: (value: string) => `${value} °C`,
    bar: (value: string) => `${value} bar`,
    perMinute: (value: string) => `${value}/min`,
  } satisfies Record<Unit, (value: string) => string>,
  unknown: "–",
  lists: {
    pages: "Pages",
    referrers: "Where from",
    referrersAbout: "the host of the link, nothing more of it",
    direct: "direct",
    other: "others",
    empty: "Nobody is here.",
  },
  time: {
    label: "What time is shown",
    span: "Show",
    lookBack: "Look back",
    pause: "Pause",
    live: "Live",
    followed: (time: string) => `Live · ${time}`,
    stopped: (time: string) => `Stopped at ${time}`,
    lastKnown: (time: string) => `Last known: ${time}`,
    waiting: "Waiting for figures …",
    minutes: (count: number) => plural(count, { one: (n) => `${n} minute`, other: (n) => `${n} minutes` }),
  },
  shared: (count: number) => plural(count, { one: (n) => `${n} channel, one connection`, other: (n) => `${n} channels, one connection` }),
  sharedHint: "Each dashboard follows a table and a stream. All of them share this page's only connection.",
  chart: {
    said: (name: string, now: string, least: string, most: string) => `${name}: ${now}; between ${least} and ${most} in the time shown`,
    nothing: (name: string) => `${name}: nothing is known of the time shown`,
    empty: "Nothing is known of this time.",
    loading: "Loading the past …",
    failed: "The past could not be loaded.",
    retry: "Try again",
  },
  threshold: {
    above: "Alert above",
    below: "Alert below",
    of: (name: string) => `Threshold of ${name}`,
    none: "none",
  },
  alerts: {
    label: "Alerts",
    about: "By your thresholds, which this browser keeps",
    none: "Nothing in the time that is known.",
    above: (threshold: string) => `above ${threshold}`,
    below: (threshold: string) => `below ${threshold}`,
    lasts: (from: string) => `since ${from}`,
    lasted: (from: string, to: string) => `${from} to ${to}`,
    worst: (value: string) => `worst ${value}`,
    look: (name: string) => `Show ${name} at that time`,
    active: (count: number) => plural(count, { one: (n) => `${n} active`, other: (n) => `${n} active` }),
    began: (name: string, what: string) => `Alert: ${name} ${what}`,
    ended: (name: string) => `Alert over: ${name}`,
  },
}

export type DashboardWords = typeof english
