import type { Serving } from "./serve.ts"

/** What a person sees when the server is ready: where to go, and where the data is. */
export function banner({ host, port, secure, endpoints, pages, data }: Serving): string {
  const at = `${host}:${port}`
  const socket = secure ? "wss" : "ws"
  const rows = [
    ...(pages ? [["page", `${secure ? "https" : "http"}://${at}/`]] : []),
    ["magpie", `${socket}://${at}/magpie`],
    ...endpoints.map((path) => ["plain", `${socket}://${at}${path}`]),
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
