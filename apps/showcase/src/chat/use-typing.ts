import { useCallback, useEffect, useMemo, useRef, useState } from "react"
import { useConnection } from "../connection/connection-context.ts"

const REPEAT_MS = 2_000
const EXPIRE_MS = 4_000

interface Typing {
  /** Others who type in this room now. */
  readonly names: readonly string[]
  /** Tells the others, at most every two seconds; `false` at once. */
  readonly tell: (active: boolean) => void
}

/** Who types, over a broadcast: what is lost is not missed, because it is said again or expires. */
export function useTyping(room: string): Typing {
  const { client, me } = useConnection()
  const channel = useMemo(() => client.channel(`typing/${room}`), [client, room])
  const [names, setNames] = useState<readonly string[]>([])
  const toldAt = useRef(0)

  useEffect(() => {
    const expiries = new Map<string, ReturnType<typeof setTimeout>>()
    const forget = (author: string) => {
      clearTimeout(expiries.get(author))
      expiries.delete(author)
      setNames([...expiries.keys()])
    }
    const stop = channel.on("typing", ({ data: { author, active }, ref }) => {
      if (me.owns(ref)) return
      forget(author)
      if (!active) return
      expiries.set(
        author,
        setTimeout(() => forget(author), EXPIRE_MS),
      )
      setNames([...expiries.keys()])
    })
    return () => {
      stop()
      for (const author of [...expiries.keys()]) forget(author)
    }
  }, [channel, me])

  const tell = useCallback(
    (active: boolean) => {
      const now = Date.now()
      if (active ? now - toldAt.current < REPEAT_MS : toldAt.current === 0) return
      toldAt.current = active ? now : 0
      channel.send("typing", { author: me.name.get(), active }, { ref: me.newRef() })
    },
    [channel, me],
  )

  return { names, tell }
}
