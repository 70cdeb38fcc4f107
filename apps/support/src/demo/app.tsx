import { CodeDrawer, chosenLanguage, type Frame, FrameContext, PageHeader, StatusBar, useStore } from "@magpie/frame"
import type { Store } from "@magpie/frame/store"
import { useEffect, useState } from "react"
import contractSource from "../contract.ts?raw"
import conversationSource from "../conversation/conversation.ts?raw"
import openSource from "../conversation/open-support.ts?raw"
import { TAG } from "./embed-widget.ts"
import { DEMO_WORDS, type DemoWords } from "./words.ts"

const sourceFiles = ({ code }: DemoWords) => [
  { path: "src/contract.ts", about: code.contract, source: contractSource },
  { path: "src/conversation/open-support.ts", about: code.open, source: openSource },
  { path: "src/conversation/conversation.ts", about: code.conversation, source: conversationSource },
]

export function App({ frame }: { readonly frame: Store<Frame | undefined> }) {
  const language = useStore(chosenLanguage)
  const shown = useStore(frame)
  const [codeOpen, showCode] = useState(false)
  const words: DemoWords = DEMO_WORDS[language]
  useEffect(() => {
    document.title = `${words.tagline} · Magpie 鵲橋`
  }, [words])
  return (
    <>
      <div className={codeOpen ? "shell with-code" : "shell"}>
        <div className="app">
          <PageHeader tagline={words.tagline} codeOpen={codeOpen} onCode={() => showCode(!codeOpen)} />
          {shown && (
            <FrameContext value={shown}>
              <StatusBar />
            </FrameContext>
          )}
          <Article words={words} />
        </div>
      </div>
      <CodeDrawer open={codeOpen} onClose={() => showCode(false)} files={sourceFiles(words)} />
    </>
  )
}

function Article({ words }: { readonly words: DemoWords }) {
  return (
    <main className="demo">
      <h2 className="demo-title">{words.title}</h2>
      <p className="lead">{words.lead}</p>
      <p>
        <a className="button primary" href="desk.html" target="_blank" rel="noopener">
          {words.desk}
        </a>
        <span className="note">{words.deskNote}</span>
      </p>
      <h3>{words.tag}</h3>
      <pre>
        <code>{TAG}</code>
      </pre>
      <h3>{words.tries}</h3>
      <ul>
        {words.list.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </main>
  )
}
