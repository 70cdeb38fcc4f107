import { existsSync } from "node:fs"
import { isMagpieError, remedyOf } from "@magpie/protocol"
import { Command, InvalidArgumentError } from "commander"
import { banner } from "./banner.ts"
import { defaultConfig, type LoadedConfig, loadConfig } from "./config.ts"
import { serve } from "./serve.ts"
import { stopOnSignals } from "./signals.ts"
import { signToken } from "./token.ts"

const CONFIG_FILES = ["magpie.config.ts", "magpie.config.js", "magpie.config.mjs"]
/** Exit codes: 1 for what failed, 2 for what was asked wrongly. */
const EXIT = { failed: 1, usage: 2 }

const program = new Command("magpie")
  .description("Magpie (鵲橋): real-time communication over WebSocket")
  .version("0.1.0")
  .showHelpAfterError()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT.usage))

program
  .command("serve")
  .description("run a server from magpie.config.ts, or an open one on this machine without it")
  .option("-c, --config <file>", "the configuration")
  .option("-p, --port <port>", "port to listen on; PORT does the same", parsePort)
  .option("--host <host>", "address to listen on")
  .option("-d, --data <directory>", "where streams are kept; MAGPIE_DATA does the same")
  .action((options: { config?: string; port?: number; host?: string; data?: string }) =>
    run(async () => {
      const stopping = stopOnSignals(process, (code) => process.exit(code))
      const environmentPort = process.env.PORT === undefined ? undefined : parsePort(process.env.PORT)
      const serving = await serve(await findConfig(options.config), {
        port: options.port ?? environmentPort,
        host: options.host,
        data: options.data ?? process.env.MAGPIE_DATA,
      })
      if (!stopping.asked) process.stdout.write(`${banner(serving)}\n`)
      process.exit(await stopping.watch(serving.server))
    }),
  )

program
  .command("token")
  .description("sign a JWT for a user (HS256), for trying things out")
  .argument("<user>", "the user's id")
  .option("-e, --expires-in <duration>", "30s, 15m, 12h or 7d", "1h")
  .option("--claim <name=value>", "another claim; may be repeated", (value: string, all: string[]) => [...all, value], [])
  .option("--issuer <issuer>")
  .option("--audience <audience>")
  .addHelpText("after", "\nThe secret comes from the environment variable MAGPIE_SECRET, at least 32 characters.")
  .action((user: string, options: { expiresIn: string; claim: string[]; issuer?: string; audience?: string }) =>
    run(async () => {
      const token = await signToken({
        subject: user,
        secret: process.env.MAGPIE_SECRET ?? "",
        expiresIn: options.expiresIn,
        claims: options.claim,
        issuer: options.issuer,
        audience: options.audience,
        nowMs: Date.now(),
      })
      process.stdout.write(`${token}\n`)
    }),
  )

async function findConfig(given: string | undefined): Promise<LoadedConfig> {
  const file = given ?? CONFIG_FILES.find((name) => existsSync(name))
  return file === undefined ? { config: defaultConfig(), file: undefined } : loadConfig(file)
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError("a port is a number from 0 to 65535")
  return port
}

async function run(task: () => Promise<void>): Promise<void> {
  try {
    await task()
  } catch (failure) {
    process.stderr.write(isMagpieError(failure) ? `magpie: ${failure.message}\n  ${remedyOf(failure)}\n` : `magpie: ${String(failure)}\n`)
    process.exit(isMagpieError(failure) && failure.code === "INVALID_OPTIONS" ? EXIT.usage : EXIT.failed)
  }
}

await program.parseAsync()
