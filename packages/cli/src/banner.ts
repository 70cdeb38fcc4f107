import type { Serving } from "./serve.ts"

/** What a person sees when the server is ready: where to go, and where the data is. */
export function banner({ url, api, endpoints, pages, data }: Serving): string {
  const { protocol, host } = new URL(url)
  const rows = [
    ...(pages ? [["page", `${protocol === "wss:" ? "https" : "http"}://${host}/`]] : []),
    ["magpie", url],
    ...(api === undefined ? [] : [["api", api]]),
    ...endpoints.map((path) => ["plain", `${protocol}//${host}${path}`]),
    ["data", data],
  ]
  return [
    "",
    "  鵲橋 Magpie is ready",
    "",
    ...rows.map(([name, value]) => `  ${(name ?? "").padEnd(8)}${value}`),
    "",
    "  Stop with Ctrl+C",
    "",
  ].join("\n")
}
