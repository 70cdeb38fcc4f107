import type { SnapshotStore } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"
import { bucketSnapshots } from "./bucket-snapshots.ts"
import { S3Client } from "./s3-client.ts"
import { signedFetch } from "./vendor/signed-fetch.ts"

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of credentials that last for a while. */
  readonly sessionToken?: string
}

export interface S3SnapshotsOptions {
  /** Where the bucket is: `https://snapshots.s3.eu-central-1.amazonaws.com`, or `https://minio.internal:9000/snapshots`. */
  readonly bucketUrl: string
  /** What the store signs with as its place. Default `us-east-1`, which most others than Amazon expect. */
  readonly region?: string
  /** The same for ever, or asked for before each request, as for credentials that a role is given for an hour. */
  readonly credentials: S3Credentials | (() => S3Credentials | Promise<S3Credentials>)
  /** What the names of objects begin with, and so keeps clusters in one bucket apart. Default `magpie/`. */
  readonly prefix?: string
  /** How long a request may take before it is tried again, in milliseconds: up to 9,000. Default 8,000. */
  readonly requestMs?: number
}

/** Three tries and the pauses between them stay below the time after which a log gives a store up. */
const MAX_REQUEST_MS = 9_000

/**
 * Snapshots as objects in a bucket that speaks S3's protocol, each whole or not there. What passes is tried three times; the
 * rest fails with UNAVAILABLE and the store's own code. Fails with INVALID_OPTIONS naming the option.
 */
export function s3Snapshots(options: S3SnapshotsOptions): SnapshotStore {
  const { region = "us-east-1", credentials, prefix = "magpie/", requestMs = 8_000 } = options
  const bucketUrl = checkedUrl(options.bucketUrl)
  if (typeof region !== "string" || !/^[\w-]{1,64}$/.test(region)) refuse("region", "must be a name as eu-central-1")
  if (typeof credentials !== "function" && !areCredentials(credentials)) refuse("credentials", "must be { accessKeyId, secretAccessKey }")
  if (typeof prefix !== "string" || !/^(?:[\w-][\w.-]*\/?)*$/.test(prefix) || prefix.length > 256) {
    refuse("prefix", "must be up to 256 letters, digits, hyphens, dots and single slashes, not one of the last two in front")
  }
  if (!(requestMs >= 1 && requestMs <= MAX_REQUEST_MS)) refuse("requestMs", "must be a number of milliseconds from 1 to 9,000")
  const surroundings = signedFetch({ region, credentials: () => current(credentials) })
  return bucketSnapshots(new S3Client({ surroundings, bucketUrl, requestMs }), prefix)
}

function checkedUrl(given: unknown): string {
  const url = typeof given === "string" && URL.canParse(given) ? new URL(given) : undefined
  const isHttp = url !== undefined && /^https?:$/.test(url.protocol)
  if (!isHttp || `${url.username}${url.password}${url.search}${url.hash}` !== "" || !/^[\w./-]*$/.test(url.pathname)) {
    refuse("bucketUrl", "must be as https://host/bucket, without a user, a query or a fragment")
  }
  return url.href.replace(/\/+$/, "")
}

/** What the function throws is not told: it may hold what it worked with. */
async function current(credentials: S3SnapshotsOptions["credentials"]): Promise<S3Credentials> {
  const found: unknown =
    typeof credentials === "function"
      ? await Promise.resolve()
          .then(credentials)
          .catch(() => undefined)
      : credentials
  if (areCredentials(found)) return found
  throw new MagpieError("UNAVAILABLE", "credentials() gave none")
}

function areCredentials(value: unknown): value is S3Credentials {
  const { accessKeyId, secretAccessKey, sessionToken = "" } = Object(value) as Readonly<Record<string, unknown>>
  return [accessKeyId, secretAccessKey].every((one) => typeof one === "string" && one !== "") && typeof sessionToken === "string"
}

function refuse(option: string, why: string): never {
  throw new MagpieError("INVALID_OPTIONS", `${option} ${why}`, { details: { option } })
}
