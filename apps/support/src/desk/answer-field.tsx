import { type KeyboardEvent, useEffect, useRef, useState } from "react"
import type { Line } from "../conversation/lines.ts"
import { MAX_ATTACHMENT_BYTES, MAX_TEXT_LENGTH } from "../limits.ts"
import { useDesk, useStore, useWords } from "./desk-context.ts"
import type { Talk } from "./use-talk.ts"

interface Props {
  readonly talk: Talk
  readonly editing: Line | undefined
  readonly onEdited: () => void
  readonly onNotice: (text: string) => void
}

/** Where an agent writes. What is not sent yet outlives a reload. */
export function AnswerField({ talk: { conversation, uploads }, editing, onEdited, onNotice }: Props) {
  const desk = useDesk()
  const words = useWords()
  const draftKey = `magpie.support.draft.${conversation.visitor}`
  const [text, setText] = useState(() => sessionStorage.getItem(draftKey) ?? "")
  const field = useRef<HTMLTextAreaElement>(null)
  const file = useRef<HTMLInputElement>(null)
  const sending = useStore(uploads.view)

  useEffect(() => {
    if (editing === undefined) return
    setText(editing.text)
    field.current?.focus()
  }, [editing])

  function write(value: string): void {
    setText(value)
    if (editing !== undefined) return
    sessionStorage.setItem(draftKey, value)
    if (value !== "") conversation.typing(true)
  }

  function submit(): void {
    const trimmed = text.trim()
    if (trimmed === "") return
    setText("")
    if (editing !== undefined) {
      if (trimmed !== editing.text) conversation.edit(editing, trimmed)
      onEdited()
      return
    }
    sessionStorage.removeItem(draftKey)
    conversation.send(trimmed)
    desk.answered(conversation.visitor, trimmed)
  }

  function onKey(event: KeyboardEvent): void {
    if (event.key === "Escape" && editing !== undefined) {
      setText("")
      onEdited()
    }
    // While an input method composes, Enter chooses a candidate.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    submit()
  }

  const megabytes = new Intl.NumberFormat(words.tag, { style: "unit", unit: "megabyte" }).format(MAX_ATTACHMENT_BYTES / 1024 / 1024)
  return (
    <form
      className="answer"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      {editing !== undefined && <p className="quiet-text">{words.editing}</p>}
      <ul className="uploads">
        {sending.map(({ upload, title, size, sent, failed }) => (
          <li key={upload}>
            <span>{failed ? `${title} ${words.uploadFailed}` : title}</span>
            {failed ? (
              <button type="button" className="button small" onClick={() => uploads.retry(upload)}>
                {words.again}
              </button>
            ) : (
              <progress max={size} value={sent} aria-label={title} />
            )}
            <button type="button" className="button small" onClick={() => uploads.cancel(upload)}>
              {words.cancel}
            </button>
          </li>
        ))}
      </ul>
      <textarea
        ref={field}
        className="input"
        rows={2}
        maxLength={MAX_TEXT_LENGTH}
        value={text}
        placeholder={words.placeholder}
        aria-label={words.placeholder}
        onChange={(event) => write(event.target.value)}
        onKeyDown={onKey}
      />
      <div className="answer-tools">
        <select
          className="input canned"
          value=""
          aria-label={words.canned}
          onChange={(event) => {
            write(words.cannedAnswers.find(({ short }) => short === event.target.value)?.text ?? text)
            field.current?.focus()
          }}
        >
          <option value="">{words.canned}</option>
          {words.cannedAnswers.map(({ short }) => (
            <option key={short} value={short}>
              {short}
            </option>
          ))}
        </select>
        <button type="button" className="button quiet" onClick={() => file.current?.click()}>
          {words.attach}
        </button>
        <input
          ref={file}
          type="file"
          hidden
          onChange={({ currentTarget }) => {
            const [chosen] = currentTarget.files ?? []
            if (chosen !== undefined) onNotice(uploads.add(chosen) ? "" : words.tooLarge(megabytes))
            currentTarget.value = ""
          }}
        />
        <button type="submit" className="button primary">
          {words.send}
        </button>
      </div>
    </form>
  )
}
