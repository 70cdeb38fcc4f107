import type { ReactNode } from "react"
import { chosenLanguage, LANGUAGE_TAGS, type LanguageTag } from "../language/chosen-language.ts"
import { useLanguage } from "../language/language.ts"
import { chosenTheme, THEMES, type Theme } from "../theme/theme.ts"
import { useStore } from "../use-store.ts"
import { Icon } from "./icon.tsx"
import { Mark } from "./mark.tsx"

interface PageHeaderProps {
  readonly tagline: string
  /** Beside the name: the way to other applications. */
  readonly menu?: ReactNode
  readonly codeOpen: boolean
  readonly onCode: () => void
  /** Links and controls of the page's own. */
  readonly children?: ReactNode
}

const LANGUAGE_NAMES: Readonly<Record<LanguageTag, string>> = { en: "English", "zh-TW": "繁體中文" }

export function PageHeader({ tagline, menu, codeOpen, onCode, children }: PageHeaderProps) {
  const { words } = useLanguage()
  const language = useStore(chosenLanguage)
  const theme = useStore(chosenTheme)
  return (
    <header className="page-header">
      <Mark />
      <h1 className="brand">
        Magpie <span lang="zh-TW">鵲橋</span>
      </h1>
      {menu}
      <p className="tagline">{tagline}</p>
      <div className="header-controls">
        {children}
        <button type="button" className="button quiet" onClick={onCode} aria-expanded={codeOpen} title={words.header.codeHint}>
          <Icon name="code" />
          <span>{words.header.code}</span>
        </button>
        <select
          className="select"
          aria-label={words.header.theme}
          title={words.header.theme}
          value={theme}
          onChange={(event) => chosenTheme.set(event.target.value as Theme)}
        >
          {THEMES.map((value) => (
            <option key={value} value={value}>
              {words.header.themes[value]}
            </option>
          ))}
        </select>
        <select
          className="select"
          aria-label={words.header.language}
          title={words.header.language}
          value={language}
          onChange={(event) => chosenLanguage.set(event.target.value as LanguageTag)}
        >
          {LANGUAGE_TAGS.map((tag) => (
            <option key={tag} value={tag} lang={tag}>
              {LANGUAGE_NAMES[tag]}
            </option>
          ))}
        </select>
      </div>
    </header>
  )
}
