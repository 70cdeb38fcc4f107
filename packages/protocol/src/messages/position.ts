import { positionShape } from "../position.ts"
import { type Infer, object, oneOf, text } from "../shape.ts"

/** Server → client, a while after a stream's last message: this is the newest; ask for what you lack [G5]. */
export const newestPosition = object({ type: oneOf("position"), channel: text(1_024), position: positionShape })
export type NewestPosition = Infer<typeof newestPosition>
