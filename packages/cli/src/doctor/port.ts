import { createServer } from "node:net"
import type { Finding } from "./finding.ts"

export interface PortQuestion {
  readonly port: number
  readonly host: string | undefined
  /** Whether a Magpie server answers there. */
  readonly answers: () => Promise<boolean>
}

/** `runs`: a Magpie server has it. */
export async function lookAtPort({ port, host, answers }: PortQuestion): Promise<{ readonly finding: Finding; readonly runs: boolean }> {
  const code = await tryToListen(port, host)
  const where = host === undefined ? `port ${port}` : `port ${port} of ${host}`
  const runs = code === "EADDRINUSE" && (await answers())
  return { runs, finding: { about: "port", ...(runs ? { state: "ok", told: `a Magpie server runs on ${where}` } : judge(code, where)) } }
}

function judge(code: string | undefined, where: string): Omit<Finding, "about"> {
  if (code === undefined) return { state: "ok", told: `${where} is free` }
  if (code === "EADDRINUSE")
    return { state: "problem", told: `${where} is taken by somebody else`, remedy: "Choose another port, or stop what listens there." }
  const remedy =
    code === "EACCES"
      ? "Ports below 1024 need a right: choose another, or let a proxy listen there."
      : "Name an address of this machine as host, or none."
  return { state: "problem", told: `cannot listen on ${where}: ${code}`, remedy }
}

/** Undefined where it can. */
function tryToListen(port: number, host: string | undefined): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once("error", (failure: NodeJS.ErrnoException) => resolve(failure.code ?? "unknown"))
    server.listen({ port, ...(host === undefined ? undefined : { host }) }, () => server.close(() => resolve(undefined)))
  })
}
