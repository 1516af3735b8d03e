/** Nominal types: two ids made of strings cannot be swapped by mistake. */

declare const brand: unique symbol

/** `T` that only a parser or an `IdSource` can make. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }
