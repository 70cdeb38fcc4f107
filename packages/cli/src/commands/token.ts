import { command, duration, EXIT, option, repeated, text } from "../command.ts"
import { signToken } from "../token.ts"

const HOUR_MS = 3_600_000

export const tokenCommand = command({
  name: "token",
  summary: "sign a JWT for a user (HS256), for trying things out",
  arguments: [{ name: "user", about: "the user's id" }],
  options: {
    expiresIn: option("duration", "30s, 15m, 12h or 7d; 1h unless told", { short: "e", parse: duration }),
    claim: repeated("name=value", "another claim; a value that is JSON is taken as such"),
    issuer: option("issuer", "who signs it", { parse: text }),
    audience: option("audience", "whom it is for", { parse: text }),
  },
  notes: ["The secret comes from the environment variable MAGPIE_SECRET, at least 32 characters."],
  async run({ options, arguments: [user = ""], json, at }) {
    const token = await signToken({
      subject: user,
      secret: at.env.MAGPIE_SECRET ?? "",
      expiresInMs: options.expiresIn ?? HOUR_MS,
      claims: options.claim,
      issuer: options.issuer,
      audience: options.audience,
      nowMs: Date.now(),
    })
    at.print(json ? JSON.stringify({ token }) : token)
    return EXIT.done
  },
})
