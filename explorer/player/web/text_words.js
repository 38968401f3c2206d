// What is said about one key of the sentence, and which keys are read most.

const LABELS = ["{query}", "{key}"] // stand for labels in a sentence

// The sentence `says` about this key, in parts. `row`: what the query reads; undefined until it is
// drawn.
/**
 * @param {TextSpec} spec
 * @param {{ row: Float32Array | undefined, query: number, key: number }} about
 * @returns {[text: string, isLabel: boolean][]}
 */
export function saying({ labels, says }, { row, query, key }) {
  const weight = row?.[key] ?? NaN
  const masked = key > query ? "nothing (masked)" : "no number"
  /** @type {Record<string, string>} */
  const values = {
    "{query}": labels[query],
    "{query_at}": String(query),
    "{weight}": Number.isNaN(weight) ? masked : `${Number((100 * weight).toPrecision(3))}%`,
    "{key}": labels[key],
    "{key_at}": String(key),
  }
  return says.split(/(\{\w+\})/).map((part) => [values[part] ?? part, LABELS.includes(part)])
}

// At most so many keys, the one with the largest weight first.
/** @param {Float32Array} row @param {number} count */
export function mostRead(row, count) {
  const keys = [...row.keys()].filter((key) => !Number.isNaN(row[key]))
  return keys.sort((a, b) => row[b] - row[a]).slice(0, count)
}
