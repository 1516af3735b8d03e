/** How many tokens a call can take at most, before it is sent. */

export type TokenBound = {
  /** Of what the request carries. */
  readonly promptTokens: number
  /** The provider brings in text from elsewhere (an earlier answer, a file, a search), so a prompt may fill the model's context. */
  readonly fillsContext: boolean
  /** Images, audio or documents are in it, which some models bill at rates of their own. */
  readonly hasMedia: boolean
  /** All answers together, hidden reasoning included; null: as much as the model can give. */
  readonly completionTokens: number | null
  /** How many answers are asked for. */
  readonly choices: number
  /** What the prompt takes by the usual rule of thumb. */
  readonly likelyPromptTokens: number
}

/** English text has about four bytes a token in the common tokenizers; other scripts have more tokens a character, but also more bytes. */
export const BYTES_PER_TOKEN = 4
