import { chosenLanguage } from "../page/language.ts"
import { useWords } from "./desk-context.ts"

export function LanguageButton() {
  const words = useWords()
  const other = words.tag === "en" ? "zh-TW" : "en"
  return (
    <button type="button" className="button quiet" lang={other} onClick={() => chosenLanguage.set(other)}>
      {words.language}
    </button>
  )
}
