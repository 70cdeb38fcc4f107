import type { Command } from "./command.ts"

/** A command by its name; what it needs is loaded when it is called. */
export interface CommandEntry {
  readonly name: string
  readonly summary: string
  load(): Promise<Command>
}

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "init",
    summary: "begin a project: contract, server, page and a test",
    load: async () => (await import("./commands/init.ts")).initCommand,
  },
  {
    name: "serve",
    summary: "run a server from magpie.config.ts, or an open one on this machine without it",
    load: async () => (await import("./commands/serve.ts")).serveCommand,
  },
  {
    name: "check",
    summary: "look over magpie.config.ts without serving",
    load: async () => (await import("./commands/check.ts")).checkCommand,
  },
  {
    name: "doctor",
    summary: "find out whether this machine can serve: configuration, port, limits, certificate, clock, disk",
    load: async () => (await import("./commands/doctor.ts")).doctorCommand,
  },
  {
    name: "publish",
    summary: "publish a message, or one for each line of standard input",
    load: async () => (await import("./commands/publish.ts")).publishCommand,
  },
  {
    name: "tail",
    summary: "print messages as they come",
    load: async () => (await import("./commands/tail.ts")).tailCommand,
  },
  {
    name: "history",
    summary: "print what a stream holds",
    load: async () => (await import("./commands/history.ts")).historyCommand,
  },
  {
    name: "call",
    summary: "call a command of a device or of the server, and wait for its end",
    load: async () => (await import("./commands/call.ts")).callCommand,
  },
  {
    name: "device",
    summary: "be a simulated device: a lamp, a thermostat or a valve",
    load: async () => (await import("./commands/device.ts")).deviceCommand,
  },
  {
    name: "audit",
    summary: "verify the signed record of who called which command",
    load: async () => (await import("./commands/audit.ts")).auditCommand,
  },
  {
    name: "token",
    summary: "sign a JWT for a user (HS256), for trying things out",
    load: async () => (await import("./commands/token.ts")).tokenCommand,
  },
  {
    name: "completion",
    summary: "print what makes a shell complete this command",
    load: async () => (await import("./commands/completion.ts")).createCompletionCommand(loadAll),
  },
]

const loadAll = (): Promise<readonly Command[]> => Promise.all(COMMANDS.map(({ load }) => load()))
