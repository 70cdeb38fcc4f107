import type { Finding } from "./finding.ts"

/** The oldest that the packages declare in `engines`. */
const OLDEST = [20, 19] as const

export function lookAtNode(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number)
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return { about: "node", state: "ok", told: version }
  return { about: "node", state: "problem", told: `${version} is too old`, remedy: `Install Node ${OLDEST.join(".")} or newer.` }
}
