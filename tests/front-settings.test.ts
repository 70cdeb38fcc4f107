import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { LIMITS } from "@magpie/protocol"
import { anonymous } from "@magpie/server"
import { expect, it } from "vitest"
import { checkOptions } from "../packages/server/src/options.ts"
import { ROOT } from "./snippets.ts"

const read = (file: string): string => readFileSync(join(ROOT, "docs", file), "utf8")
const nginx = read("deploy/nginx.conf")
const haproxy = read("deploy/haproxy.cfg")

const SIZES: Readonly<Record<string, number>> = { k: 1_024, m: 1_048_576 }
const bytes = (text: string): number => Number.parseInt(text, 10) * (SIZES[text.at(-1) ?? ""] ?? 1)
const seconds = (text: string): number => Number.parseInt(text, 10) * 1_000

/** What stands behind a name, each time. Fails where it does not stand there. */
function settings(text: string, name: string): readonly string[] {
  const found = [...text.matchAll(new RegExp(`^ *${name} +([^;\\n]+);?$`, "gm"))].map(([, value = ""]) => value)
  expect(found, name).not.toEqual([])
  return found
}
const nginxMs = (name: string): number => Math.min(...settings(nginx, name).map(seconds))
const haproxyMs = (name: string): number => Math.min(...settings(haproxy, `timeout ${name}`).map(seconds))

/** The silence that a link may keep although it is well. */
function longestSilenceMs(): number {
  const { heartbeatMs, pongTimeoutMs } = checkOptions({ auth: anonymous() })
  return Math.max(heartbeatMs + pongTimeoutMs, LIMITS.pollMs.value)
}

it("a load balancer cuts no link that is only quiet", () => {
  const nginxTimeouts = ["proxy_read_timeout", "proxy_send_timeout"].map(nginxMs)
  const haproxyTimeouts = ["client", "server", "tunnel"].map(haproxyMs)
  for (const timeoutMs of [...nginxTimeouts, ...haproxyTimeouts]) expect(timeoutMs).toBeGreaterThanOrEqual(2 * longestSilenceMs())
})

it("a load balancer waits for heads and bodies as long as a node does", () => {
  const { handshakeMs, postMs, apiBodyMs } = LIMITS
  expect(nginxMs("client_header_timeout")).toBe(handshakeMs.value)
  expect(nginxMs("client_body_timeout")).toBe(Math.max(postMs.value, apiBodyMs.value))
  expect(haproxyMs("http-request")).toBeGreaterThanOrEqual(handshakeMs.value)
})

it("a load balancer takes the largest body that a node takes, and nothing larger", () => {
  const { apiBodyBytes, visitBytes, messageBytes, tokenBytes } = LIMITS
  const largest = Math.max(apiBodyBytes.value, visitBytes.value, messageBytes.value)
  expect(settings(nginx, "client_max_body_size").map(bytes)).toEqual([largest])
  expect(haproxy).toContain(`if { req.body_size gt ${largest} }`)
  expect(settings(nginx, "client_body_buffer_size").map(bytes)).toEqual([visitBytes.value])
  const [line = ""] = settings(nginx, "large_client_header_buffers").map((value) => value.split(" ")[1])
  expect(bytes(line)).toBeGreaterThan(tokenBytes.value)
})

it("NGINX lets go of a connection to a node before the node does", () => {
  expect(nginxMs("keepalive_timeout")).toBeLessThan(createServer().keepAliveTimeout)
})

it("both name the same nodes, for newcomers as for links", () => {
  const nodes = (text: string): string[] => [...text.matchAll(/^ *server (?:\S+ )?([\d.]+:\d+)/gm)].map(([, node = ""]) => node)
  const [one, ...others] = [nodes(nginx).slice(0, 3), nodes(nginx).slice(3), nodes(haproxy).slice(0, 3), nodes(haproxy).slice(3)]
  expect(one).toHaveLength(3)
  for (const other of others) expect(other).toEqual(one)
})

it.each(["deploying.md", "deploying.zh-TW.md"])("%s says why each line stands there", (page) => {
  const explained = read(page)
    .split("\n")
    .flatMap((line) => (line.startsWith("| `") ? [line.split(" | ")[0] ?? ""] : []))
    .join("\n")
  const missing = [...directives(nginx), ...directives(haproxy)].filter((words) => !explained.includes(words))
  expect([...new Set(missing)]).toEqual([])
})

/** What each line inside a block or section begins with: its first word, or two where the first says little. */
function directives(text: string): readonly string[] {
  const inside = text.split("\n").flatMap((line) => (/^ +[a-z]/.test(line) ? [line.trim().replace(/;$/, "")] : []))
  return inside.map((line) => /^(?:(?:option|timeout|http-request) )?\S+/.exec(line)?.[0] ?? "")
}
