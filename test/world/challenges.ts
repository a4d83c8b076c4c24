import assert from 'node:assert/strict';

export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The challenges of a response. */
export function challengesOf(response: Pick<Response, 'headers'>): Challenge[] {
  return parseChallenges(response.headers.get('www-authenticate') ?? '');
}

const TOKEN = String.raw`[!#$%&'*+.^_\x60|~0-9A-Za-z-]+`;
const SCHEME = new RegExp(String.raw`^(${TOKEN})(?: +|[\t ]*,[\t ]*|$)`);
const PARAMETER = new RegExp(
  String.raw`^(${TOKEN})[\t ]*=[\t ]*(?:(${TOKEN})|"((?:[\t !#-\[\]-~]|\\[\t -~])*)")(?:[\t ]*,[\t ]*|$)`,
);

/** Challenges by the whole grammar of RFC 9110 §11.6.1; anything outside of it fails the test. */
export function parseChallenges(field: string): Challenge[] {
  const found: Challenge[] = [];
  for (let rest = field; rest !== '';) {
    const scheme = SCHEME.exec(rest) ?? assert.fail(`no challenge at ${JSON.stringify(rest)} of ${field}`);
    rest = rest.slice(scheme[0].length);
    const parameters: Record<string, string> = {};
    for (let match = PARAMETER.exec(rest); match !== null; match = PARAMETER.exec(rest)) {
      const [whole, name = '', token, quoted = ''] = match;
      assert.ok(!Object.hasOwn(parameters, name.toLowerCase()), `${name} occurs twice in ${field}`);
      parameters[name.toLowerCase()] = token ?? quoted.replace(/\\(.)/g, '$1');
      rest = rest.slice(whole.length);
    }
    found.push({ scheme: scheme[1] ?? '', parameters });
  }
  return found;
}
