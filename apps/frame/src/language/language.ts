import { useStore } from "../use-store.ts"
import { chosenLanguage, type LanguageTag } from "./chosen-language.ts"
import { english, type FrameWords } from "./english.ts"
import { type Formats, formatsOf } from "./formats.ts"
import { traditionalChinese } from "./traditional-chinese.ts"

interface FrameLanguage {
  readonly words: FrameWords
  readonly formats: Formats
}

const LANGUAGES: Readonly<Record<LanguageTag, FrameLanguage>> = {
  en: { words: english, formats: formatsOf("en") },
  "zh-TW": { words: traditionalChinese, formats: formatsOf("zh-TW") },
}

export function useLanguage(): FrameLanguage {
  return LANGUAGES[useStore(chosenLanguage)]
}
