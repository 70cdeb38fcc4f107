export type { Presence, PresenceEvents, PresenceOptions, PresenceState } from "./presence.ts"
export { presence } from "./presence.ts"
export type { PresenceChange, PresentMember } from "./room-view.ts"
