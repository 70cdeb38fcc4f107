import { type Command, command, EXIT, type Option } from "../command.ts"
import { COMMON, kebab } from "../parse-call.ts"

const SHELLS = ["bash", "zsh", "fish"] as const

/** `all` gives every command that a shell shall know. */
export const createCompletionCommand = (all: () => Promise<readonly Command[]>): Command =>
  command({
    name: "completion",
    summary: "print what makes a shell complete this command",
    arguments: [{ name: "shell", about: "bash, zsh or fish", choices: SHELLS }],
    options: {},
    notes: [
      'bash: eval "$(magpie completion bash)" in ~/.bashrc',
      'zsh:  eval "$(magpie completion zsh)" in ~/.zshrc, after compinit',
      "fish: magpie completion fish > ~/.config/fish/completions/magpie.fish",
    ],
    async run({ arguments: [shell], at }) {
      at.print(WRITERS[shell as (typeof SHELLS)[number]](await all()))
      return EXIT.done
    },
  })

const WRITERS: Readonly<Record<(typeof SHELLS)[number], (commands: readonly Command[]) => string>> = { bash, zsh, fish }

const allOptions = ({ options }: Command): readonly (readonly [name: string, option: Option<unknown>])[] =>
  Object.entries({ ...options, ...COMMON })
const names = (commands: readonly Command[]): string => [...commands.map(({ name }) => name), "help"].join(" ")

/** What may follow an option of the command, by the option. */
function valuesOf(command: Command, kind: "file" | "directory"): string {
  const flags = allOptions(command).flatMap(([name, { completes, short }]) =>
    completes === kind ? [`--${kebab(name)}`, ...(short === undefined ? [] : [`-${short}`])] : [],
  )
  return flags.join("|")
}

function bash(commands: readonly Command[]): string {
  const cases = commands.map((one) => {
    const words = [...allOptions(one).map(([name]) => `--${kebab(name)}`), ...one.arguments.flatMap(({ choices = [] }) => choices)].join(
      " ",
    )
    const after = (["file", "directory"] as const).flatMap((kind) => {
      const flags = valuesOf(one, kind)
      return flags === "" ? [] : [`        ${flags}) COMPREPLY=($(compgen -${kind === "file" ? "f" : "d"} -- "$word")); return ;;`]
    })
    const before = after.length === 0 ? [] : [`      case "$previous" in`, ...after, "      esac"]
    return [`    ${one.name})`, ...before, `      words="${words}" ;;`].join("\n")
  })
  return `_magpie() {
  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names(commands)}" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
    help) words="${names(commands)}" ;;
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _magpie magpie`
}

function zsh(commands: readonly Command[]): string {
  const described = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`)
  const cases = commands.map((one) => {
    const rows = allOptions(one).map(([name, { about, value, completes }]) => {
      const action =
        value === undefined ? "" : `:${value}:${completes === "file" ? "_files" : completes === "directory" ? "_files -/" : ""}`
      return `        ${quoted(`--${kebab(name)}[${about.replaceAll(/[[\]]/g, "")}]${action}`)}`
    })
    const words = one.arguments.map(
      ({ name, choices }, index) => `        ${quoted(`${index + 1}:${name}:${choices === undefined ? "" : `(${choices.join(" ")})`}`)}`,
    )
    return `    ${one.name})\n      _arguments \\\n${[...rows, ...words].join(" \\\n")} ;;`
  })
  return `#compdef magpie
_magpie() {
  local -a commands
  commands=(
${described.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$command" in
    help) _describe command commands ;;
${cases.join("\n")}
  esac
}
compdef _magpie magpie`
}

function fish(commands: readonly Command[]): string {
  const lines = commands.flatMap((one) => [
    `complete -c magpie -n __fish_use_subcommand -f -a ${one.name} -d ${quoted(one.summary)}`,
    ...allOptions(one).map(([name, { short, value, about, completes }]) =>
      [
        `complete -c magpie -n '__fish_seen_subcommand_from ${one.name}' -l ${kebab(name)}`,
        ...(short === undefined ? [] : [`-s ${short}`]),
        ...(value === undefined ? [] : [completes === undefined ? "-x" : "-r"]),
        ...(completes === "file" ? ["-F"] : []),
        `-d ${quoted(about)}`,
      ].join(" "),
    ),
    ...one.arguments.flatMap(({ choices = [] }) =>
      choices.length === 0 ? [] : [`complete -c magpie -n '__fish_seen_subcommand_from ${one.name}' -f -a ${quoted(choices.join(" "))}`],
    ),
  ])
  return ["complete -c magpie -n __fish_use_subcommand -f -a help -d 'say what a command does'", ...lines].join("\n")
}

/** As one word of a shell. */
function quoted(words: string): string {
  return `'${words.replaceAll("'", "'\\''")}'`
}
