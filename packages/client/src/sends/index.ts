export type { SendState } from "../persistent/kept-message.ts"
export { followSend, type SendProgress } from "./follow-send.ts"
