import { chosenLanguage, DICTIONARIES, type LanguageTag, useLanguage } from "../language/language.ts"
import { useStore } from "../store.ts"
import { chosenTheme, THEMES, type Theme } from "../theme/theme.ts"
import { Icon } from "./icon.tsx"
import { Mark } from "./mark.tsx"

interface PageHeaderProps {
  readonly codeOpen: boolean
  readonly onCode: () => void
}

const LANGUAGE_NAMES: Readonly<Record<LanguageTag, string>> = { en: "English", "zh-TW": "繁體中文" }
const LANGUAGES = Object.keys(DICTIONARIES) as LanguageTag[]

export function PageHeader({ codeOpen, onCode }: PageHeaderProps) {
  const { words } = useLanguage()
  const language = useStore(chosenLanguage)
  const theme = useStore(chosenTheme)
  return (
    <header className="page-header">
      <Mark />
      <h1 className="brand">
        Magpie <span lang="zh-TW">鵲橋</span>
      </h1>
      <p className="tagline">{words.tagline}</p>
      <div className="header-controls">
        <a className="button quiet wide-only" href="support/" title={words.header.supportHint}>
          <Icon name="rooms" />
          <span>{words.header.support}</span>
        </a>
        <a
          className="button quiet wide-only"
          href={`?guest${location.hash}`}
          target="_blank"
          rel="noopener"
          title={words.header.secondWindowHint}
        >
          <Icon name="window" />
          <span>{words.header.secondWindow}</span>
        </a>
        <button type="button" className="button quiet" onClick={onCode} aria-expanded={codeOpen} title={words.header.codeHint}>
          <Icon name="code" />
          <span>{words.header.code}</span>
        </button>
        <select
          className="select"
          aria-label={words.header.theme}
          title={words.header.theme}
          value={theme}
          onChange={(event) => chosenTheme.update(() => event.target.value as Theme)}
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
          onChange={(event) => chosenLanguage.update(() => event.target.value as LanguageTag)}
        >
          {LANGUAGES.map((tag) => (
            <option key={tag} value={tag} lang={tag}>
              {LANGUAGE_NAMES[tag]}
            </option>
          ))}
        </select>
      </div>
    </header>
  )
}
