import { useEffect } from "react"
import { DESK_WORDS } from "../language/desk-words.ts"
import { chosenLanguage } from "../page/language.ts"
import { session } from "./agent-session.ts"
import { DeskContext, useStore, WordsContext } from "./desk-context.ts"
import { DeskPage } from "./desk-page.tsx"
import { SignIn } from "./sign-in.tsx"

export function App() {
  const language = useStore(chosenLanguage)
  const { desk, wrong } = useStore(session)
  const words = DESK_WORDS[language]
  useEffect(() => {
    document.documentElement.lang = language
    document.title = `${words.title} · Magpie 鵲橋`
  }, [language, words])
  return (
    <WordsContext value={words}>
      {desk === undefined ? (
        <SignIn wrong={wrong} />
      ) : (
        <DeskContext value={desk}>
          <DeskPage />
        </DeskContext>
      )}
    </WordsContext>
  )
}
