const HEAD =
  /^([A-Z]+) (\/[\x21-\x7e]*) HTTP\/1\.1\r\n((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*)\r\n/;
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'];
/** Headers that change what a request is, besides its framing. */
const OTHER = /^(?:expect|upgrade|te|trailer|keep-alive|proxy-connection)$/;

/** How many requests the bytes begin with that are whole and valid beyond doubt, each of which needs an answer. */
export function countRequests(bytes: string): number {
  let count = 0;
  for (let rest = bytes; rest !== '';) {
    const found = HEAD.exec(rest);
    const [whole = '', method = '', target = '', fields = ''] = found ?? [];
    if (
      whole === '' ||
      whole.length > 15_000 ||
      target.length > 8_000 ||
      target.includes('#') ||
      !METHODS.includes(method)
    )
      break;
    const lines = fields.split('\r\n').slice(0, -1);
    const length = lengthOf(lines, rest.slice(whole.length));
    if (length === undefined || lines.length > 500) break;
    count++;
    rest = rest.slice(whole.length + length);
    // Whoever goes on after a close may lose all answers to the reset that follows.
    if (lines.some((line) => /^connection: close/i.test(line))) return rest === '' ? count : 0;
  }
  return count;
}

/** The bytes of the body; undefined where it is incomplete or a reader may doubt it. */
function lengthOf(lines: readonly string[], after: string): number | undefined {
  let declared: number | undefined;
  let chunked = false;
  let hosts = 0;
  for (const line of lines) {
    const colon = line.indexOf(':');
    const [name, value] = [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    if (OTHER.test(name)) return undefined;
    if (name === 'connection' && !/^(?:close|keep-alive)$/i.test(value)) return undefined;
    if (name === 'host' && (++hosts > 1 || value !== 'a')) return undefined;
    if (name === 'content-length') {
      if (declared !== undefined || !/^\d{1,7}$/.test(value)) return undefined;
      declared = Number(value);
    }
    if (name === 'transfer-encoding') {
      if (chunked || value !== 'chunked') return undefined;
      chunked = true;
    }
  }
  if (hosts !== 1 || (chunked && declared !== undefined)) return undefined;
  if (!chunked) return after.length < (declared ?? 0) ? undefined : (declared ?? 0);
  for (let at = 0; ;) {
    const size = /^([\da-f]{1,6})\r\n/i.exec(after.slice(at, at + 10));
    if (size === null) return undefined;
    const end = at + size[0].length + Number.parseInt(size[1] ?? '', 16);
    if (after.slice(end, end + 2) !== '\r\n') return undefined;
    at = end + 2;
    if (/^0+$/.test(size[1] ?? '')) return at;
  }
}
