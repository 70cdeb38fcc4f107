import { Icon } from "@magpie/frame"
import { type FormEvent, useId, useState } from "react"
import { useLanguage } from "../language/language.ts"
import { addressOfRoom } from "../route.ts"
import { roomNameOf } from "./rooms.ts"

/** Opens a room by its name; rooms are not made, they are spoken in. */
export function NewRoom({ onChoose }: { readonly onChoose: (() => void) | undefined }) {
  const { words } = useLanguage()
  const [input, setInput] = useState("")
  const [invalid, setInvalid] = useState(false)
  const errorId = useId()

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const name = roomNameOf(input)
    setInvalid(name === undefined)
    if (name === undefined) return
    setInput("")
    location.hash = addressOfRoom(name)
    onChoose?.()
  }

  return (
    <form className="new-room" onSubmit={submit}>
      <input
        className="input"
        value={input}
        maxLength={40}
        placeholder={words.rooms.add}
        aria-label={words.rooms.addLabel}
        aria-invalid={invalid}
        aria-describedby={invalid ? errorId : undefined}
        onChange={(event) => {
          setInput(event.target.value)
          setInvalid(false)
        }}
      />
      <button type="submit" className="button square" aria-label={words.rooms.addButton} disabled={input.trim() === ""}>
        <Icon name="plus" />
      </button>
      {invalid && (
        <p className="field-error" id={errorId} role="alert">
          {words.rooms.invalid}
        </p>
      )}
    </form>
  )
}
