import type { SourceText } from "@magpie/frame"
import roomSource from "../chat/chat-room.ts?raw"
import connectionSource from "../connection/open-connection.ts?raw"
import contractSource from "../contract.ts?raw"
import type { Dictionary } from "../language/english.ts"

/** What the drawer shows. */
export const sourceFiles = ({ code }: Dictionary): readonly SourceText[] => [
  { path: "src/contract.ts", about: code.contract, source: contractSource },
  { path: "src/connection/open-connection.ts", about: code.connection, source: connectionSource },
  { path: "src/chat/chat-room.ts", about: code.room, source: roomSource },
]
