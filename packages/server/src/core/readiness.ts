/**
 * Whether a server would let somebody new in, and if not why: it opens its log or is behind it, sends everybody away, carries
 * too much, or can store nothing any more.
 */
export type Readiness = "ready" | "catching-up" | "draining" | "overloaded" | "fenced"
