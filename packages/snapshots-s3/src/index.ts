export type { S3Credentials, S3SnapshotsOptions } from "./s3-snapshots.ts"
export { s3Snapshots } from "./s3-snapshots.ts"
