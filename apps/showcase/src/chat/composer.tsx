import { Icon, useStatus } from "@magpie/frame"
import { type FormEvent, type KeyboardEvent, useLayoutEffect, useRef, useState } from "react"
import { useLanguage } from "../language/language.ts"

interface ComposerProps {
  readonly title: string
  readonly onSend: (text: string) => void
  readonly onTyping: (active: boolean) => void
}

const MAX_TEXT_LENGTH = 2_000
const TELL_LEFT_FROM = 200

export function Composer({ title, onSend, onTyping }: ComposerProps) {
  const { words } = useLanguage()
  const { composer } = words
  const online = useStatus().state === "online"
  const [text, setText] = useState("")
  const field = useRef<HTMLTextAreaElement>(null)
  const left = MAX_TEXT_LENGTH - text.trim().length
  const sendable = text.trim() !== "" && left >= 0

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useLayoutEffect(() => {
    const element = field.current
    if (element === null) return
    element.style.height = "auto"
    element.style.height = `${element.scrollHeight + 2}px`
  }, [text, online])

  const send = () => {
    if (!sendable) return
    onSend(text.trim())
    onTyping(false)
    setText("")
    field.current?.focus()
  }

  const onKeyDown = (event: KeyboardEvent) => {
    // An input method uses Enter to choose characters; Safari reports that one only as key code 229.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return
    if (event.key !== "Enter" || event.shiftKey) return
    event.preventDefault()
    send()
  }

  const submit = (event: FormEvent) => {
    event.preventDefault()
    send()
  }

  return (
    <form className="composer" onSubmit={submit}>
      <textarea
        ref={field}
        rows={1}
        value={text}
        aria-label={composer.label}
        aria-describedby="composer-hint"
        placeholder={online ? composer.placeholder(title) : composer.offlinePlaceholder}
        enterKeyHint="send"
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setText(event.target.value)
          onTyping(event.target.value.trim() !== "")
        }}
        onBlur={() => onTyping(false)}
      />
      <button type="submit" className="button primary square" aria-label={composer.send} disabled={!sendable}>
        <Icon name="send" />
      </button>
      <p className={left < 0 ? "composer-hint over" : "composer-hint"} id="composer-hint">
        {left >= TELL_LEFT_FROM ? composer.hint : left >= 0 ? composer.left(left) : composer.tooLong(-left)}
      </p>
    </form>
  )
}
