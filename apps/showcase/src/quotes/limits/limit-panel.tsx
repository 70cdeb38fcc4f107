import { useStore } from "@magpie/frame"
import { type ReactNode, useId } from "react"
import { useDesk } from "../desk-context.ts"
import { type QuoteLanguage, useQuoteLanguage } from "../language/quote-language.ts"
import { BYTES_PER_SECOND, MOST_RATE, RATES } from "./rates.ts"

/** How often this page wants to be told, and what that leaves out. */
export function LimitPanel() {
  const language = useQuoteLanguage()
  const { words, formats } = language
  const desk = useDesk()
  const { rate, maxBytesPerSecond } = useStore(desk.limits)
  const pace = useStore(desk.board.pace)
  const effect = useStore(desk.effect)
  const thread = useStore(desk.mainThread)
  const [rateId, bytesId] = [useId(), useId()]
  const { limits } = words
  const perSecond = (value: string) => limits.perSecondShort(value)
  return (
    <section className="panel" aria-label={limits.title}>
      <h3>
        {limits.title} <span>{limits.about}</span>
      </h3>
      <div className="field">
        <label htmlFor={rateId}>{limits.rate}</label>
        <Choice
          id={rateId}
          options={RATES}
          chosen={rate}
          nameOf={(each) => nameOfRate(each, language)}
          onChoose={(each) => desk.limit({ rate: each })}
        />
      </div>
      <div className="field">
        <label htmlFor={bytesId}>
          {limits.maxBytes}{" "}
          {pace.slowedBy !== undefined && <em className="slowed">{limits.slowed(nameOfRate(pace.rate, language), pace.slowedBy)}</em>}
        </label>
        <Choice
          id={bytesId}
          options={BYTES_PER_SECOND}
          chosen={maxBytesPerSecond}
          nameOf={(each) => (each === undefined ? limits.noBound : perSecond(formats.bytes(each)))}
          onChoose={(each) => desk.limit({ maxBytesPerSecond: each })}
        />
      </div>
      <dl className="effects">
        <Fact name={limits.updates} hint={limits.updatesHint} id="updates">
          {perSecond(formats.number(effect.updatesPerSecond))}
        </Fact>
        <Fact name={limits.skipped} hint={limits.skippedHint} id="skipped-per-second">
          {perSecond(formats.number(effect.skippedPerSecond))}
        </Fact>
        <Fact name={limits.skippedTotal} hint={limits.skippedTotalHint} id="skipped">
          {formats.number(effect.skipped)}
        </Fact>
        <Fact name={limits.bytes} hint={limits.bytesHint} id="bytes">
          {perSecond(formats.bytes(effect.bytesPerSecond))}
        </Fact>
        <Fact name={limits.saved} hint={limits.savedHint} id="saved">
          {formats.bytes(effect.savedBytes)}
        </Fact>
        <Fact name={limits.longTasks} hint={limits.longTasksHint} id="long-tasks">
          {thread.longTasks === undefined
            ? limits.notReported
            : thread.longTasks === 0
              ? formats.number(0)
              : limits.longest(formats.number(thread.longTasks), formats.milliseconds(Math.round(thread.longestMs)))}
        </Fact>
      </dl>
    </section>
  )
}

interface ChoiceProps {
  readonly id: string
  readonly options: readonly (number | undefined)[]
  readonly chosen: number | undefined
  readonly nameOf: (option: number | undefined) => string
  readonly onChoose: (option: number | undefined) => void
}

function Choice({ id, options, chosen, nameOf, onChoose }: ChoiceProps) {
  return (
    <select
      id={id}
      className="select boxed"
      value={options.indexOf(chosen)}
      onChange={(event) => onChoose(options[Number(event.target.value)])}
    >
      {options.map((each, index) => (
        <option key={String(each)} value={index}>
          {nameOf(each)}
        </option>
      ))}
    </select>
  )
}

interface FactProps {
  readonly name: string
  readonly hint: string
  readonly id: string
  readonly children: ReactNode
}

function Fact({ name, hint, id, children }: FactProps) {
  return (
    <div title={hint}>
      <dt>{name}</dt>
      <dd data-fact={id}>{children}</dd>
    </div>
  )
}

function nameOfRate(rate: number | undefined, { words, formats, quoteFormats }: QuoteLanguage): string {
  if (rate === undefined) return words.limits.asMany(quoteFormats.rate(MOST_RATE))
  return rate >= 1 ? words.limits.perSecond(quoteFormats.rate(rate)) : words.limits.everySeconds(formats.seconds(Math.round(1 / rate)))
}
