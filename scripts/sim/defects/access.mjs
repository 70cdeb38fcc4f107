const SERVER = "packages/server/src"
const JOURNAL = "packages/journal/src"

/** @type {readonly import("../defects.mjs").Defect[]} */
export const ACCESS_DEFECTS = [
  {
    name: "revoked-user-comes-in-again",
    breaks: "G10",
    file: `${SERVER}/access/revocations.ts`,
    find: '      if (control.isRevoked(proofOf(identity))) throw new MagpieError("UNAUTHORIZED", "revoked")\n',
    replace: "",
  },
  {
    name: "revoked-token-stays-connected",
    breaks: "G10",
    file: `${SERVER}/access/revocations.ts`,
    find: "[...(user === undefined ? registry.all() : registry.ofUser(user))]",
    replace: 'registry.ofUser(user ?? "")',
  },
  {
    name: "revoked-said-before-all-have-heard",
    breaks: "G10",
    file: `${JOURNAL}/log-control.ts`,
    find: "    if (this.#context.shared) await this.#spread()\n",
    replace: "",
  },
  {
    name: "revocation-takes-what-is-issued-later",
    breaks: "G10",
    file: `${JOURNAL}/log-control.ts`,
    find: "row !== undefined && (proof.issuedAt ?? 0) <= decodeRevocation(row).issuedUntil",
    replace: "row !== undefined",
  },
  {
    name: "revocation-skips-http-links",
    breaks: "G10",
    file: `${SERVER}/access/revocations.ts`,
    find: "function leave(connection: Connection): void {\n",
    replace: "function leave(connection: Connection): void {\n  if (connection.request.subprotocol === undefined) return\n",
    transports: true,
  },
  {
    name: "fresh-token-swaps-the-user",
    breaks: "G10",
    file: `${SERVER}/session/dispatch.ts`,
    find: '    if (identity.user?.id !== open.identity.user?.id) return connection.close("UNAUTHORIZED", "the token belongs to another user")\n',
    replace: "",
  },
]
