import type { SourceText } from "@magpie/frame"
import contractSource from "../contract.ts?raw"
import type { DeskWords } from "../language/desk-words.ts"
import queueSource from "../queue.ts?raw"
import rulesSource from "../server/support-rules.ts?raw"

/** What the drawer shows. */
export const sourceFiles = ({ code }: DeskWords): readonly SourceText[] => [
  { path: "src/contract.ts", about: code.contract, source: contractSource },
  { path: "src/queue.ts", about: code.queue, source: queueSource },
  { path: "src/server/support-rules.ts", about: code.rules, source: rulesSource },
]
