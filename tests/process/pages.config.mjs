import config from "./chat.config.mjs"

/** A configuration whose pages were never built. */
export default { ...config, static: "nowhere" }
