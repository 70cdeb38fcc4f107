import { generateKeyPairSync } from "node:crypto"
import { contract } from "@magpie/protocol"
import { type Authenticator, type AuthorizeRequest, anyOf, apiKeys, type ClaimedUser, capabilities, jwt } from "@magpie/server"
import { createTestBed, type RawConnection, type TestBed, type TestBedOptions } from "@magpie/testing"
import { SignJWT } from "jose"
import { z } from "zod"
import { app } from "../memory/chat-bed.ts"

/** The chat of the other tests, where one can be present as well. */
const accessApp = contract({
  ...app.channels,
  "chat/:room": { ...app.channels["chat/:room"], presence: z.object({ name: z.string() }) },
})
export type AccessApp = typeof accessApp

export interface AccessBed extends TestBed<AccessApp, ClaimedUser> {
  /** Settles when nobody's credentials are being looked at: signatures are checked outside the fake clock's world. */
  idle(): Promise<void>
  /** Lets time pass, with credentials looked at in between, as they would be. */
  pass(ms: number): Promise<void>
}

/** What somebody brings, and from where. */
export interface Visit {
  readonly token?: string
  readonly key?: string
  readonly ticket?: string
  readonly session?: string
  readonly address?: string
  readonly origin?: string
  readonly cookie?: string
}

/** A way in: how one transport carries credentials, and what a client of it sees. Each new transport brings one. */
export interface Door {
  readonly name: string
  /** Whether a client of it names the session that it had. */
  readonly resumes: boolean
  /** Whether it shows its credentials over and over, so that those that count once do not serve it. */
  readonly repeats?: boolean
  /** Whether anything can be said once one is in. Default: yes. */
  readonly speaks?: boolean
  /** Comes in as this transport does it; settles when the server has answered. */
  enter(bed: AccessBed, visit: Visit): Promise<RawConnection>
}

export const ISSUER = "https://issuer.example"
export const KEY = "key-of-the-weather-service"
export const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
export const PEM = publicKey.export({ type: "spki", format: "pem" }).toString()

/** What a channel's rules ask: the token's capabilities. */
export const can = capabilities<ClaimedUser>()

const everything = ["subscribe", "publish", "history"]

/** Rights as a token or key carries them. */
export const RIGHTS = { "chat/:room": everything, "cursor/:room": everything, "short/:room": everything }

type BedOptions = TestBedOptions<AccessApp, ClaimedUser>

export interface AccessBedOptions extends Partial<Omit<BedOptions, "rules">> {
  /** Of some patterns; the others ask the token's capabilities. */
  readonly rules?: Partial<BedOptions["rules"]>
}

export async function startAccessBed(options: AccessBedOptions = {}): Promise<AccessBed> {
  const rule = { authorize: (request: Pick<AuthorizeRequest<ClaimedUser, unknown>, "user" | "channel" | "action">) => can(request) }
  const own = anyOf<ClaimedUser>(
    jwt({ publicKey: PEM, issuer: ISSUER, audience: "magpie" }),
    apiKeys({
      keys: [
        {
          key: KEY,
          id: "weather-1",
          user: { id: "weather", claims: { magpie: RIGHTS } },
          can: { "cursor/*": ["publish"], "short/*": ["subscribe"] },
          messagesPerSecond: 2,
          connections: 2,
        },
      ],
    }),
  )
  let pending = 0
  const auth: Authenticator<ClaimedUser> = {
    async authenticate(...asked) {
      pending += 1
      try {
        return await (options.auth ?? own).authenticate(...asked)
      } finally {
        pending -= 1
      }
    },
  }
  const bed = await createTestBed(accessApp, {
    tokenGraceMs: 2_000,
    ...options,
    auth,
    rules: { "chat/:room": rule, "short/:room": rule, "opaque/:room": rule, "cursor/:room": rule, ...options.rules },
  })
  // The bed itself, because its server is another one after a restart.
  return Object.assign(bed, {
    async idle() {
      await bed.clock.settle()
      while (pending > 0) {
        await new Promise<void>((resolve) => setImmediate(resolve))
        await bed.clock.settle()
      }
    },
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= STEP_MS) {
        await bed.clock.advance(Math.min(STEP_MS, left))
        await this.idle()
      }
    },
  })
}

export interface TokenOptions {
  readonly sub?: string | undefined
  readonly lifeMs?: number
  readonly rights?: object
  readonly claims?: object
  readonly header?: object
}

const STEP_MS = 1_000

/** A good token, unless the options say otherwise. */
export function tokenFor(
  bed: AccessBed,
  { sub = "ann", lifeMs = 3_600_000, rights = RIGHTS, claims = {}, header = {} }: TokenOptions = {},
): Promise<string> {
  const now = bed.clock.now() / 1_000
  const content = {
    iss: ISSUER,
    aud: "magpie",
    sub,
    iat: Math.floor(now),
    exp: Math.floor(now + lifeMs / 1_000),
    magpie: rights,
    ...claims,
  }
  return new SignJWT(content as Record<string, unknown>).setProtectedHeader({ alg: "ES256", ...header }).sign(privateKey)
}

/** A token put together by hand, as an attacker does. */
export function forge(header: object, claims: object, signature = "AAAA"): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url")
  return `${part(header)}.${part(claims)}.${signature}`
}
