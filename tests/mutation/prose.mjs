import { declareValuePlugin, PluginKind } from "@stryker-mutator/api/plugin"

/** Texts that are for people and change freely: what an error says beside its code, what a table says about its rows. */
export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, "prose", { shouldIgnore })]

/** @param {{ node: any, parentPath: any, key: any, listKey?: string, isStringLiteral(): boolean, isTemplateLiteral(): boolean }} path */
function shouldIgnore(path) {
  if (!path.isStringLiteral() && !path.isTemplateLiteral()) return undefined
  const { node: parent } = path.parentPath ?? {}
  const name = parent?.callee?.name ?? parent?.callee?.property?.name
  if (parent?.type === "NewExpression" && /Error$/.test(name) && path.key > 0) return "what an error says"
  if (parent?.type === "CallExpression" && /^(?:refuse|badField|unrecoverable)$/.test(name)) return "what an error says"
  if (parent?.type === "ObjectProperty" && path.key === "value" && parent.key?.name === "about") return "what a table says about its rows"
  return undefined
}
