import { banner } from "../banner.ts"
import { command, EXIT, option, text, wholeNumber } from "../command.ts"
import { loadConfig } from "../config/load.ts"
import { serve } from "../serve.ts"
import { stopOnSignals } from "../signals.ts"

/** Which configuration a command is about. */
export const CONFIG_OPTION = option("file", "the configuration", { short: "c", completes: "file", parse: text })

export const serveCommand = command({
  name: "serve",
  summary: "run a server from magpie.config.ts, or an open one on this machine without it",
  options: {
    config: CONFIG_OPTION,
    port: option("port", "port to listen on", { short: "p", parse: wholeNumber(0, 65_535) }),
    host: option("address", "address to listen on", { parse: text }),
    data: option("directory", "where streams are kept", { short: "d", completes: "directory", parse: text }),
  },
  notes: [
    "Environment variables go before the configuration and options before both: MAGPIE_PORT, MAGPIE_DATA and the others of docs/config.md.",
    "The first SIGINT or SIGTERM drains the server, the second sends everybody away at once.",
  ],
  async run({ options, json, at }) {
    const stopping = stopOnSignals(process, (code) => process.exit(code))
    const serving = await serve(await loadConfig({ file: options.config, cwd: at.cwd, env: at.env }), options)
    const { server, ...told } = serving
    if (!stopping.asked) at.print(json ? JSON.stringify(told) : banner(serving))
    return (await stopping.watch(server)) === 0 ? EXIT.done : EXIT.failed
  },
})
