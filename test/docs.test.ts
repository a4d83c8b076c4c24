import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** Every Markdown file below a folder, as paths from the root. */
function markdownIn(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`);
}

const guides = markdownIn('docs');
const quoting = ['README.md', ...guides];
const linking = [...readdirSync(root).filter((file) => file.endsWith('.md')), ...guides, ...markdownIn('decisions')];

interface Block {
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

function fencedBlocks(text: string): Block[] {
  return [...text.matchAll(/^([ \t]*)(`{3,}|~{3,})([^\n]*)\n([\s\S]*?)^\1\2[ \t]*$/gm)].map(
    ({ index, 1: indent = '', 3: info = '', 4: body = '' }) => ({
      line: text.slice(0, index).split('\n').length,
      language: info.trim().split(/\s/)[0] ?? '',
      code: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  );
}

/** The lines without the indentation they share, and without blank lines around them. */
function dedent(lines: readonly string[]): string[] {
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length);
  const shared = indents.length === 0 ? 0 : Math.min(...indents);
  return lines
    .map((line) => line.slice(shared).trimEnd())
    .join('\n')
    .replace(/^\n+|\n+$/g, '')
    .split('\n');
}

/** The lines of an example, or of one of its regions, without the markers. */
function exampleLines(text: string, region: string | undefined): string[] | undefined {
  let lines = text.split('\n');
  if (region !== undefined) {
    const start = lines.findIndex((line) => line.trim() === `// #region ${region}`);
    const ends = ['// #endregion', `// #endregion ${region}`];
    const end = lines.findIndex((line, at) => at > start && ends.includes(line.trim()));
    if (start === -1 || end === -1) return undefined;
    lines = lines.slice(start + 1, end);
  }
  return lines.filter((line) => !/^\s*\/\/ #(?:end)?region\b/.test(line));
}

const contains = (lines: readonly string[], quoted: readonly string[]) =>
  lines.some((_, at) => {
    const run = lines.slice(at, at + quoted.length);
    return run.length === quoted.length && dedent(run).join('\n') === quoted.join('\n');
  });

/** What is wrong with a TypeScript block of a page, or nothing. */
function misquoted({ code }: Block, example: (file: string) => string | undefined): string | undefined {
  const [first = '', ...rest] = code.trimEnd().split('\n');
  const { file, region } = /^\/\/ (?<file>examples\/[\w./-]+\.ts)(?:#(?<region>[\w-]+))?$/.exec(first)?.groups ?? {};
  if (file === undefined) return 'does not begin with "// examples/<path>.ts" or "// examples/<path>.ts#region"';
  const text = example(file);
  if (text === undefined) return `quotes ${file}, which does not exist`;
  const lines = exampleLines(text, region);
  if (lines === undefined) return `quotes the region ${region} of ${file}, which has no such region`;
  const quoted = dedent(rest);
  if (quoted.join('').trim() === '') return `quotes nothing of ${file}`;
  return contains(lines, quoted) ? undefined : `differs from ${file}`;
}

/** The anchor that a heading gets on the usual hosts. */
const anchorOf = (heading: string) =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

const withoutCode = (text: string) =>
  text.replaceAll(/^[ \t]*(`{3,}|~{3,})[\s\S]*?^[ \t]*\1[ \t]*$/gm, '').replaceAll(/`[^`\n]*`/g, '');
const linksOf = (text: string) =>
  [...withoutCode(text).matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\[[^\]]+\]:\s*(\S+)/gm)].map(
    ([, inline, reference]) => inline ?? reference ?? '',
  );
const anchorsOf = (text: string) =>
  [...text.replaceAll(/^[ \t]*(`{3,}|~{3,})[\s\S]*?^[ \t]*\1[ \t]*$/gm, '').matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map(
    ([, heading = '']) => anchorOf(heading),
  );

/** Where a relative link of a page leads, from the root; the anchor apart. */
function destination(page: string, link: string): { file: string; anchor: string | undefined } {
  const [path = '', anchor] = link.split('#');
  return { file: path === '' ? page : relative(root, join(root, dirname(page), decodeURIComponent(path))), anchor };
}

const isExternal = (link: string) => /^[a-z][a-z\d+.-]*:/i.test(link);

function brokenLink(page: string, link: string): string | undefined {
  if (isExternal(link)) return undefined;
  const { file, anchor } = destination(page, link);
  if (!existsSync(join(root, file))) return `${page} links to ${link}, which does not exist`;
  if (anchor === undefined || statSync(join(root, file)).isDirectory() || !file.endsWith('.md')) return undefined;
  return anchorsOf(read(file)).includes(anchor) ? undefined : `${page} links to ${link}, which has no such heading`;
}

test('every TypeScript block of the README and the guides is found in the example it names', () => {
  const example = (file: string) => (existsSync(join(root, file)) ? read(file) : undefined);
  const blocks = quoting.flatMap((page) => fencedBlocks(read(page)).map((block) => ({ page, block })));
  const typescript = blocks.filter(({ block }) => /^(?:ts|tsx|typescript|mts)$/i.test(block.language));
  assert.ok(
    typescript.some(({ page }) => page === 'README.md'),
    'the README shows no TypeScript',
  );
  const wrong = typescript.map(({ page, block }) => [`${page}:${block.line}`, misquoted(block, example)] as const);
  assert.deepEqual(
    wrong.filter(([, mistake]) => mistake !== undefined).map(([place, mistake]) => `${place} ${mistake}`),
    [],
  );
});

test('a block that does not quote its example is told from one that does', () => {
  const file = 'class A {\n  // #region one\n  first() {\n    return 1;\n  }\n  // #endregion\n  second() {}\n}\n';
  const example = (name: string) => (name === 'examples/a.ts' ? file : undefined);
  const verdict = (code: string) => misquoted({ line: 1, language: 'ts', code }, example);
  assert.equal(verdict('// examples/a.ts\nfirst() {\n  return 1;\n}\n'), undefined);
  assert.equal(verdict('// examples/a.ts#one\nfirst() {\n  return 1;\n}\n'), undefined);
  assert.equal(verdict('// examples/a.ts\nfirst() {\n}\n'), 'differs from examples/a.ts');
  assert.equal(verdict('// examples/a.ts#one\nsecond() {}\n'), 'differs from examples/a.ts');
  assert.equal(verdict('// examples/a.ts\nfirst() {\n  return 2;\n}\n'), 'differs from examples/a.ts');
  assert.equal(verdict('// examples/a.ts\n'), 'quotes nothing of examples/a.ts');
  assert.match(verdict('// examples/a.ts#two\nfirst() {\n') ?? '', /no such region/);
  assert.match(verdict('// examples/b.ts\nfirst() {\n') ?? '', /does not exist/);
  assert.match(verdict('first() {\n') ?? '', /does not begin/);
});

test('every relative link leads to a file and a heading that exist', () => {
  assert.ok(linking.includes('README.md'));
  const broken = linking.flatMap((page) => linksOf(read(page)).map((link) => brokenLink(page, link)));
  assert.deepEqual(
    broken.filter((mistake) => mistake !== undefined),
    [],
  );
});

test('a broken link is found', () => {
  assert.match(brokenLink('README.md', 'docs/absent.md') ?? '', /does not exist/);
  assert.match(brokenLink('README.md', 'CONTRIBUTING.md#absent') ?? '', /no such heading/);
  assert.deepEqual(linksOf('[a](b.md "t") `[c](d)` ![e](f.png)\n\n[g]: h.md\n```\n[i](j)\n```\n'), [
    'b.md',
    'f.png',
    'h.md',
  ]);
});

test('every guide is linked from the README or the index of the guides', () => {
  const indexes = ['README.md', 'docs/README.md'].filter((page) => existsSync(join(root, page)));
  const linked = indexes.flatMap((page) =>
    linksOf(read(page))
      .filter((link) => !isExternal(link))
      .map((link) => destination(page, link).file),
  );
  assert.deepEqual(
    guides.filter((page) => page !== 'docs/README.md' && !linked.includes(page)),
    [],
  );
});
