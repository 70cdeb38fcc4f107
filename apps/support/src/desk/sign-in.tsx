import { DEMO_CARDS, signIn, signOut } from "./agent-session.ts"
import { useWords } from "./desk-context.ts"

export function SignIn({ wrong }: { readonly wrong: boolean }) {
  const words = useWords()
  return (
    <main className="sign-in">
      <h2>{words.signIn.title}</h2>
      <p className="quiet-text">{words.signIn.lead}</p>
      {wrong && (
        <p className="bad" role="alert">
          {words.signIn.wrong}
        </p>
      )}
      <ul className="cards">
        {DEMO_CARDS.map((card) => (
          <li key={card.id}>
            <button type="button" className="button card" onClick={() => void signIn(card)}>
              {card.name}
            </button>
          </li>
        ))}
      </ul>
      <form
        className="own-key"
        onSubmit={(event) => {
          event.preventDefault()
          const [name, key] = ["name", "key"].map((field) => String(new FormData(event.currentTarget).get(field)).trim())
          if (name && key) void signIn({ name, key }).catch(() => signOut(true))
        }}
      >
        <h2>{words.signIn.own}</h2>
        <label>
          {words.signIn.name}
          <input className="input" name="name" maxLength={80} required autoComplete="username" />
        </label>
        <label>
          {words.signIn.key}
          <input className="input" name="key" type="password" required autoComplete="current-password" />
        </label>
        <button type="submit" className="button primary">
          {words.signIn.enter}
        </button>
      </form>
    </main>
  )
}
