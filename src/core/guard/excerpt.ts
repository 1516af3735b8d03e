/** What a finding may say of the text that matched. */

/**
 * The length and 16 bits of a hash: enough to see that two findings are likely of the same text, too little to guess it (a card number
 * has about 10^15 possibilities, of which 10^10 share their 16 bits).
 */
export function excerptOf(text: string): string {
  return `${text.length} chars, #${(fnv1a(text) & 0xffff).toString(16).padStart(4, '0')}`
}

/** FNV-1a over UTF-16 code units, folded to 16 significant bits. Source: Fowler, Noll and Vo, draft-eastlake-fnv. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 16) ^ hash
}
