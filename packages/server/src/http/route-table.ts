import { MagpieError } from "@magpie/protocol"
import { preflightHeaders } from "./origins.ts"
import { refusal } from "./refusal.ts"
import type { Answer, Route } from "./route.ts"

/** Finds what answers a method and path, or says why nothing does. */
export interface RouteTable {
  find(method: string, path: string): { readonly route: Route } | { readonly answer: Answer }
}

/** @param prefix what stands before each route's own path */
export function createRouteTable(prefix: string, routes: readonly Route[]): RouteTable {
  const paths = new Map<string, Map<string, Route>>()
  for (const route of routes) {
    const methods = paths.get(prefix + route.path) ?? new Map<string, Route>()
    paths.set(prefix + route.path, methods.set(route.method, route))
  }
  return {
    find(method, path) {
      const methods = paths.get(path)
      if (methods === undefined) return { answer: refusal(new MagpieError("BAD_REQUEST", "the API has no such path"), { status: 404 }) }
      const route = methods.get(method === "HEAD" ? "GET" : method)
      if (route !== undefined) return { route }
      const allow = [...methods.keys(), ...(methods.has("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ")
      if (method === "OPTIONS") return { answer: { status: 204, body: "", headers: { Allow: allow, ...preflightHeaders(allow) } } }
      return { answer: refusal(new MagpieError("BAD_REQUEST", `this path takes ${allow}`), { status: 405, headers: { Allow: allow } }) }
    },
  }
}
