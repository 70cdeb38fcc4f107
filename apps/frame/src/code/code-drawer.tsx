import { useMemo } from "react"
import { useLanguage } from "../language/language.ts"
import { Drawer } from "../layout/drawer.tsx"
import { highlight } from "./highlight.ts"

export interface SourceText {
  readonly path: string
  readonly about: string
  readonly source: string
}

interface CodeDrawerProps {
  readonly open: boolean
  readonly onClose: () => void
  /** The files that run, as they are. */
  readonly files: readonly SourceText[]
}

export function CodeDrawer({ open, onClose, files }: CodeDrawerProps) {
  const { words } = useLanguage()
  const { code, close } = words
  return (
    <Drawer open={open} onClose={onClose} title={code.title} closeLabel={close} className="code-drawer" besideFrom="(min-width: 1200px)">
      <p className="drawer-intro">{code.intro}</p>
      {files.map((file) => (
        <SourceFile key={file.path} {...file} />
      ))}
    </Drawer>
  )
}

function SourceFile({ path, about, source }: SourceText) {
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
