type PluralForms = { readonly other: (count: string) => string } & Partial<Record<Intl.LDMLPluralRule, (count: string) => string>>

/** Chooses the form of a language for a count, and writes the count in it. */
export function pluralOf(tag: string): (count: number, forms: PluralForms) => string {
  const rules = new Intl.PluralRules(tag)
  const numbers = new Intl.NumberFormat(tag)
  return (count, forms) => (forms[rules.select(count)] ?? forms.other)(numbers.format(count))
}
