import type { RawConnection } from "@magpie/testing"
import { expect } from "vitest"
import type { AccessBed, Door, TokenOptions, Visit } from "./access-bed.ts"

/** What a door's suites share: a server of its own for each test, and somebody who comes in. */
export interface AccessSuite {
  readonly door: Door
  readonly bed: AccessBed
  enter(visit?: Visit): Promise<RawConnection>
  /** Comes in with a good token, which the options may change. */
  enterAs(options?: TokenOptions, visit?: Visit): Promise<RawConnection>
}

const UNAUTHORIZED = { error: "UNAUTHORIZED", code: 4502 }

/** Asserts that somebody was let in. */
export function expectWelcome(raw: RawConnection, user: string): void {
  expect(raw.closedWith).toBeUndefined()
  expect(raw.of("welcome")).toMatchObject([{ user }])
}

/** Asserts that somebody was turned down: told so once, closed, and nothing before. */
export function expectRefusal(raw: RawConnection, { error, code } = UNAUTHORIZED): void {
  expect(raw.replies).toMatchObject([{ type: "error", code: error }])
  expect(raw.closedWith).toMatchObject({ code })
}
