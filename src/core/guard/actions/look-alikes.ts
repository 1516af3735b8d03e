/** Letters of other scripts that look like Latin ones: those that a host's or a tool's name can be faked with. */

/** Cyrillic, then Greek, then Armenian and small odd ones; each pair is the letter and what it looks like. */
const PAIRS = ['аaеeоoрpсcуyхxіiѕsјjԁdһhӏlԛqԝwвbкkмmнhтtгrпnьb', 'αaοoνvρpτtυuιiκkηnχxγyωwεeσo', 'օoսuոnհhզqցgɡgıiʟlɑaℓl']
  .flatMap((pairs) => [...pairs])
  .reduce<[string, string][]>((pairs, c, i, all) => (i % 2 === 0 ? [...pairs, [c, all[i + 1] ?? '']] : pairs), [])
const LOOK: ReadonlyMap<string, string> = new Map(PAIRS)

/** Lower case, without what cannot be seen, look-alike letters as the Latin ones that they look like. */
export function latinLook(text: string): string {
  let out = ''
  for (const c of visible(text)) out += LOOK.get(c) ?? c
  return out
}

/** NFKC and lower case, without format characters and combining marks. */
export function visible(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\p{Cf}\p{Mn}\p{Cc}]/gu, '')
    .toLowerCase()
}
