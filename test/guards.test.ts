import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { DeclarationError } from 'portico';

const root = join(import.meta.dirname, '..');
const original = join(root, 'examples', 'app');
// Below this folder, where the loader finds the tsconfig.json that has decorators.
const folder = mkdtempSync(join(import.meta.dirname, 'mutants-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A guard as the application writes it: at a parameter, with the parameter, or in a list. */
const PARAMETER = /@(?:Security|Depends)\(activeUser(?:, \{[^}]*\})?\) (\w+: \w+),?/g;
const LIST = /, dependencies: \[Security\(activeUser, \{[^}]*\}\)\]/g;

const CHANGES: readonly (readonly [string, RegExp, string])[] = [
  ['its decorator is dropped', PARAMETER, '$1,'],
  ['the parameter is dropped', PARAMETER, ''],
  ['it is swapped for something that guards nothing', PARAMETER, '@Depends(Object as never) $1,'],
  ['its list is dropped', LIST, ''],
];

interface Mutant {
  readonly what: string;
  readonly app: string;
}

/** The application with one guard at a time changed. */
function* mutants(): Generator<Mutant> {
  let count = 0;
  for (const file of readdirSync(original).filter((name) => name.endsWith('controller.ts'))) {
    const text = readFileSync(join(original, file), 'utf8');
    for (const [what, pattern, replacement] of CHANGES) {
      for (const match of text.matchAll(pattern)) {
        const copy = join(folder, String(++count));
        mkdirSync(copy);
        cpSync(original, copy, { recursive: true });
        const guard = match[0].replace(new RegExp(pattern.source), replacement);
        const { index } = match;
        writeFileSync(join(copy, file), text.slice(0, index) + guard + text.slice(index + match[0].length));
        const line = text.slice(0, index).split('\n').length;
        yield { what: `${file}:${line}, ${what}`, app: join(copy, 'app.ts') };
      }
    }
  }
}

describe('an application of several controllers never starts with a guard missing', () => {
  const all = [...mutants()];

  it('at least ten guards are changed', () => assert.ok(all.length >= 10, `only ${all.length} changes`));

  for (const { what, app } of all) {
    it(what, async () => {
      await assert.rejects(import(app), (error) => {
        assert.ok(error instanceof DeclarationError, String(error));
        const codes = new Set(error.mistakes.map(({ code }) => code));
        assert.ok(codes.has('PARAMETER_WITHOUT_INPUT') || codes.has('UNSECURED_OPERATION'), error.message);
        return true;
      });
    });
  }
});
