import { useEffect, useState } from "react"
import { useLanguage } from "../language/language.ts"

/** Time left until the next attempt, ten times a second. */
export function Countdown({ until }: { readonly until: number }) {
  const { words, formats } = useLanguage()
  const [leftMs, setLeftMs] = useState(() => until - Date.now())
  useEffect(() => {
    const tick = () => setLeftMs(until - Date.now())
    tick()
    const timer = setInterval(tick, 100)
    return () => clearInterval(timer)
  }, [until])
  return <>{words.status.retryIn(formats.seconds(Math.max(0, leftMs) / 1_000, 1))}</>
}
