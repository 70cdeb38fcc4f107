/**
 * One value for each object and key, for as long as the object lives: what outlives a component that suspends, and is the same for
 * all that ask for it.
 */
export function createMemory<Value>(): (of: object, key: string, make: () => Value) => Value {
  const memory = new WeakMap<object, Map<string, Value>>()
  return (of, key, make) => {
    const values = memory.get(of) ?? new Map<string, Value>()
    memory.set(of, values)
    const value = values.get(key) ?? make()
    values.set(key, value)
    return value
  }
}
