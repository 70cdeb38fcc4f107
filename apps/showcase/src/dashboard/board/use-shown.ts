import { useStore } from "@magpie/frame"
import { useDesk } from "../desk-context.ts"
import type { Figures } from "../schemas.ts"
import type { Board } from "./open-board.ts"
import { pointAt } from "./points.ts"

const NONE: Figures = {}

/** A board's figures at the moment that is shown: the one under the pointer, the one where the view stopped, or now. */
export function useShown(board: Board): Figures {
  const desk = useDesk()
  const { stoppedAt } = useStore(desk.view)
  const pointed = useStore(desk.pointed)
  const now = useStore(board.now)
  const points = useStore(board.points)
  const at = pointed ?? stoppedAt
  return at === undefined ? now : (pointAt(points, at)?.figures ?? NONE)
}
