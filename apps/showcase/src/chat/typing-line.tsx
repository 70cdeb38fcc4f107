import { useLanguage } from "../language/language.ts"

const MAX_NAMED = 3

export function TypingLine({ names }: { readonly names: readonly string[] }) {
  const { words, formats } = useLanguage()
  const many = names.length > MAX_NAMED
  return (
    <p className="typing-line" aria-live="polite">
      {names.length > 0 && (
        <>
          <span className="typing-dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {many ? words.chat.typingMany(formats.number(names.length)) : words.chat.typing(formats.names(names), names.length)}
        </>
      )}
    </p>
  )
}
