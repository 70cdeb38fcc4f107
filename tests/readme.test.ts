import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, describe, expect, test } from "vitest"
import { closeAllWscats, startWscat } from "../examples/guide/src/fixtures/wscat.ts"
import { startServerProcess } from "./process/server-process.ts"
import { runSnippets } from "./running-snippets.ts"
import { ROOT, snippetsOf, temporaryDirectory } from "./snippets.ts"

const READMES = ["README.md", "README.zh-TW.md"]

afterEach(closeAllWscats)

describe.each(READMES)("%s", (readme) => {
  test("the first snippets run as they stand, but for the port and the directory", async () => {
    const files = new Map(snippetsOf(readme).map(({ name, text }) => [name, text]))
    expect([...files.keys()]).toEqual(["contract.ts", "server.ts", "client.ts"])
    const { printed, close } = await runSnippets(files)
    await printed.line("connecting -> online")
    await printed.line("你好")
    await close()
  })

  test("the lines for wscat work against what `npm start` serves", async () => {
    const directory = temporaryDirectory("start")
    const showcase = await startServerProcess({ data: directory.path, config: join(ROOT, "apps/showcase/magpie.config.ts") })
    try {
      const commands = wscatCommands(readFileSync(join(ROOT, readme), "utf8"))
      expect(commands).toHaveLength(3)
      const [plain, subscribe, publish] = commands.map(({ url, line }) => startWscat(url.replace(":8080", `:${showcase.port}`), line))
      await plain?.shows("伺服器已收到您的訊息")
      await subscribe?.shows('"type":"subscribed"')
      await publish?.shows('"type":"published"')
      await subscribe?.shows('"text":"hello"')
    } finally {
      await closeAllWscats()
      await showcase.kill()
      directory.remove()
    }
  })
})

test("both READMEs show the same code", () => {
  const [english, chinese] = READMES.map((readme) => snippetsOf(readme).map(({ text }) => withoutProse(text)))
  expect(chinese).toEqual(english)
})

function withoutProse(code: string): string {
  return code.replaceAll(/\/\/ .*$/gm, "").replaceAll(/`[^`]*\$\{url\}[^`]*`/g, "")
}

function wscatCommands(markdown: string): { readonly url: string; readonly line: string }[] {
  return [...markdown.matchAll(/^npx wscat -c (\S+) -x '([^']+)'/gm)].map(([, url = "", line = ""]) => ({ url, line }))
}
