/** Letters of other scripts that look like Latin ones: those that a host's or a tool's name can be faked with. */

// Cyrillic, then Greek, then Armenian and small odd ones; each pair is the letter and what it looks like.
const PAIRS = 'аaеeоoрpсcуyхxіiѕsјjԁdһhӏlԛqԝwвbкkмmнhтtгrпnьb' + 'αaοoνvρpτtυuιiκkηnχxγyωwεeσo' + "օoսuոnհhզqցgɡgıiʟlɑaꞌ'ⅼlℓl"
const LOOK: ReadonlyMap<string, string> = new Map(
  Array.from(
    { length: Math.floor([...PAIRS].length / 2) },
    (_, i) => [[...PAIRS][2 * i] ?? '', [...PAIRS][2 * i + 1] ?? ''] as const,
  ),
)

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
