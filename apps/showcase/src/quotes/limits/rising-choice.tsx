import { useStore } from "@magpie/frame"
import { useId } from "react"
import { useQuoteLanguage } from "../language/quote-language.ts"
import { chooseRising, chosenRising, type RisingColour } from "../trend.ts"

export function RisingChoice() {
  const { words } = useQuoteLanguage()
  const rising = useStore(chosenRising)
  const id = useId()
  return (
    <p className="rising-choice">
      <label htmlFor={id}>{words.rising.label}</label>
      <select id={id} className="select" value={rising} onChange={(event) => chooseRising(event.target.value as RisingColour)}>
        <option value="red">{words.rising.red}</option>
        <option value="green">{words.rising.green}</option>
      </select>
    </p>
  )
}
