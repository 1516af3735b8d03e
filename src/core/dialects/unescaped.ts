/** One segment of a path without its escapes. A stray `%` is no escape: the text is then as it stands. */
export function unescaped(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
