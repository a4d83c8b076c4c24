/** The pattern of a token, such as a method or the name of a header (RFC 9110 §5.6.2). */
export const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";

const WHOLE = new RegExp(`^${TOKEN}$`);

export function isToken(text: string): boolean {
  return WHOLE.test(text);
}
