import { CodeDrawer, chosenLanguage, FrameContext, Icon, PageHeader, StatusBar, useStore } from "@magpie/frame"
import { useEffect, useState } from "react"
import { DESK_WORDS, type DeskWords } from "../language/desk-words.ts"
import { session } from "./agent-session.ts"
import { DeskContext, WordsContext } from "./desk-context.ts"
import { DeskPage } from "./desk-page.tsx"
import { SignIn } from "./sign-in.tsx"
import { sourceFiles } from "./source-files.ts"

export function App() {
  const language = useStore(chosenLanguage)
  const { work, wrong } = useStore(session)
  const [codeOpen, showCode] = useState(false)
  const words: DeskWords = DESK_WORDS[language]
  useEffect(() => {
    document.documentElement.lang = language
    document.title = `${words.title} · Magpie 鵲橋`
  }, [language, words])
  return (
    <WordsContext value={words}>
      <div className={codeOpen ? "shell with-code" : "shell"}>
        <div className="app">
          <PageHeader tagline={words.title} codeOpen={codeOpen} onCode={() => showCode(!codeOpen)}>
            <a className="button quiet wide-only" href="./" target="_blank" rel="noopener" title={words.visitorPageHint}>
              <Icon name="window" />
              <span>{words.visitorPage}</span>
            </a>
          </PageHeader>
          {work === undefined ? (
            <SignIn wrong={wrong} />
          ) : (
            <FrameContext value={work.frame}>
              <StatusBar />
              <DeskContext value={work.desk}>
                <DeskPage />
              </DeskContext>
            </FrameContext>
          )}
        </div>
      </div>
      <CodeDrawer open={codeOpen} onClose={() => showCode(false)} files={sourceFiles(words)} />
    </WordsContext>
  )
}
