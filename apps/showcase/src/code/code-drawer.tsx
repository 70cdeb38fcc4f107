import { useMemo } from "react"
import roomSource from "../chat/chat-room.ts?raw"
import connectionSource from "../connection/open-connection.ts?raw"
import contractSource from "../contract.ts?raw"
import { useLanguage } from "../language/language.ts"
import { Drawer } from "../layout/drawer.tsx"
import { highlight } from "./highlight.ts"

interface CodeDrawerProps {
  readonly open: boolean
  readonly onClose: () => void
}

/** The files that run, as they are. */
export function CodeDrawer({ open, onClose }: CodeDrawerProps) {
  const { words } = useLanguage()
  const { code } = words
  return (
    <Drawer
      open={open}
      onClose={onClose}
      title={code.title}
      closeLabel={code.close}
      className="code-drawer"
      besideFrom="(min-width: 1200px)"
    >
      <p className="drawer-intro">{code.intro}</p>
      <SourceFile path="src/contract.ts" about={code.files.contract} source={contractSource} />
      <SourceFile path="src/connection/open-connection.ts" about={code.files.connection} source={connectionSource} />
      <SourceFile path="src/chat/chat-room.ts" about={code.files.room} source={roomSource} />
    </Drawer>
  )
}

function SourceFile({ path, about, source }: { readonly path: string; readonly about: string; readonly source: string }) {
  const tokens = useMemo(() => highlight(source.trimEnd()), [source])
  return (
    <section className="source-file">
      <h3>{about}</h3>
      <p className="source-path">{path}</p>
      <pre lang="en">
        <code>
          {tokens.map((token, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the text never changes
            <span key={index} className={`token ${token.kind}`}>
              {token.text}
            </span>
          ))}
        </code>
      </pre>
    </section>
  )
}
