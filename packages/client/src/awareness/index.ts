export { type AwarenessOptions, type SharedAwareness, shareAwareness } from "./share-awareness.ts"
