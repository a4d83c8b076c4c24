import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { App } from 'portico';
import { exchange, servers } from './world.ts';

// Read by examples when they are loaded, which is why they are imported further down.
process.env['API_TOKEN'] = 's3cret';

const root = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const readme = read('README.md');

interface Block {
  readonly language: string;
  readonly code: string;
  /** Lines from the top of the page to the first of the block. */
  readonly line: number;
}

function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(({ index, 1: language = '', 2: code = '' }) => ({
    language,
    code,
    line: page.slice(0, index).split('\n').length,
  }));
}

const quoted = (file: string) => `// ${file}\n${read(file)}`;

describe('the README', () => {
  const blocks = blocksOf(readme);

  it('begins with how to install, start and test it', () => {
    const [{ language, code, line } = assert.fail('there is no block')] = blocks;
    assert.equal(language, 'sh');
    for (const command of ['npm install portico zod', 'npm ci && npm start', 'npm ci && npm test']) {
      assert.ok(code.includes(command), command);
    }
    assert.ok(line + code.split('\n').length < 15, `the commands are on line ${line}`);
  });

  it('shows a program of about a dozen lines first, then the login, both whole', () => {
    const programs = blocks.filter(({ language }) => language === 'ts').map(({ code }) => code);
    assert.deepEqual(programs, [quoted('examples/hello.ts'), quoted('examples/readme.ts')]);
    const lines = read('examples/hello.ts')
      .split('\n')
      .filter((line) => line !== '');
    assert.ok(lines.length <= 14, `${lines.length} lines`);
    assert.ok(lines.every((line) => line.length <= 120));
  });

  it('says what a request costs, as measured', () => {
    const percent = (row: string) => {
      const line = new RegExp(`^\\| ${row.replace(/[()]/g, '\\$&')} +\\|(.*)$`, 'm').exec(read('docs/benchmarks.md'));
      const ratios = [...(line?.[1] ?? '').matchAll(/(\d\.\d\d) ±/g)].map(([, ratio]) => 1 / Number(ratio) - 1);
      assert.equal(ratios.length, 5, `the row ${row}`);
      return [Math.min(...ratios), Math.max(...ratios)].map((ratio) => Math.round(ratio * 100)).join(' to ');
    };
    const said = readme.slice(readme.indexOf('**What it costs:**')).split('\n\n')[0]?.replaceAll('\n', ' ') ?? '';
    assert.ok(said.includes(`${percent('Portico')} % more CPU`), `${percent('Portico')}: ${said}`);
    assert.ok(
      said.includes(`Fastify takes ${percent('Fastify (ajv)')} % more`),
      `${percent('Fastify (ajv)')}: ${said}`,
    );
  });

  it('has no link that would lead nowhere on the page of the package, and names only files that exist', () => {
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);
    assert.ok(links.length > 0);
    assert.deepEqual(
      links.filter((link) => !/^(?:https:|#)/.test(link)),
      [],
    );
    const names = [...readme.matchAll(/`((?:docs|examples|decisions)(?:\/[\w./-]+)?|[A-Z]+(?:\.md)?)`/g)];
    const files = names.map(([, name = '']) => name).filter((name) => !['GET', 'POST'].includes(name));
    assert.ok(files.includes('docs/tutorial.md'));
    assert.deepEqual(
      files.filter((file) => !existsSync(join(root, file))),
      [],
    );
  });
});

interface Call {
  readonly command: string;
  /** The status line and headers that the page shows; none without `-i`. */
  readonly head: readonly string[];
  readonly body: string;
}

/** The calls of a page by curl with what they print, each with the program that the page showed last. */
function callsOf(page: string): { program: string; calls: Call[] }[] {
  const found: { program: string; calls: Call[] }[] = [];
  for (const { language, code } of blocksOf(page)) {
    const [, program] = /^\/\/ (examples\/[\w./-]+\.ts)\n/.exec(code) ?? [];
    if (language === 'ts' && program !== undefined) found.push({ program, calls: [] });
    if (language !== 'sh' || !code.startsWith('$ curl')) continue;
    for (const call of code.trimEnd().split(/\n\n(?=\$ )/)) {
      const [command = '', ...lines] = call.split('\n');
      const body = lines.pop() ?? '';
      found.at(-1)?.calls.push({ command, head: lines.filter((line) => line !== ''), body });
    }
  }
  return found.filter(({ calls }) => calls.length > 0);
}

/** What a shell would hand to the server. */
function requestOf(command: string, port: number): string {
  const words = [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, plain]) => single ?? double ?? plain ?? '',
  );
  const address = words.find((word) => word.startsWith('http://')) ?? assert.fail(command);
  const { pathname, search } = new URL(address);
  const headers = words.flatMap((word, at) => (word === '-H' ? [words[at + 1] ?? ''] : []));
  const lines = [`Host: 127.0.0.1:${port}`, 'Connection: close', ...headers];
  return `GET ${pathname}${search} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** A line of a head as it is compared: names of headers have no case (RFC 9110 §5.1), and versions of Node have phrases. */
const comparable = (line: string) =>
  line.replace(/^(HTTP\/1\.1 \d{3}) .*$/, '$1').replace(/^[^:]+:/, (name) => name.toLowerCase());

describe('what pages show of curl is what the program answers', () => {
  const served = servers();
  const pages: readonly (readonly [page: string, statuses: readonly number[]])[] = [
    ['README.md', [401, 422]],
    ['docs/tutorial.md', [401, 200, 200, 200, 401, 200, 401, 200]],
  ];
  for (const [page, statuses] of pages) {
    it(page, async () => {
      const seen: number[] = [];
      for (const { program, calls } of callsOf(read(page))) {
        const { app } = (await import(join(root, program))) as { app: App };
        const { port } = await served(app);
        for (const { command, head, body } of calls) {
          const { text, statuses: answered } = await exchange(port, requestOf(command, port), { untilClose: true });
          seen.push(...answered);
          const [answeredHead = '', answeredBody] = text.split('\r\n\r\n');
          assert.equal(answeredBody, body, command);
          const lines = new Set(answeredHead.split('\r\n').map(comparable));
          for (const line of head) assert.ok(lines.has(comparable(line)), `${command}: ${line} of ${answeredHead}`);
          assert.equal(head.length > 0, command.includes(' -i '), command);
        }
      }
      assert.deepEqual(seen, statuses);
    });
  }
});

/** The rows of the tables of a page: what is written elsewhere, and here. */
function rowsOf(page: string): [string, string][] {
  return [...page.matchAll(/^\| (.+?) \| (.+?) \|$/gm)]
    .map(([, there = '', here = '']): [string, string] => [there, here])
    .filter(([there]) => there !== '---' && there !== 'you write');
}

const codeOf = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replaceAll('\\|', '|'));
const squeeze = (code: string) => code.replaceAll(/\s+|,(?=\s*[)\]}])/g, '');

/** Whether an example has a piece of code, in which `…` stands for anything. */
function has(example: string, code: string): boolean {
  const parts = squeeze(code)
    .split('…')
    .map((part) => part.replace(/^,|,$/g, '').replaceAll(/[$()*+./?[\\\]^{|}]/g, '\\$&'));
  return new RegExp(parts.join('[^]*?')).test(example);
}

describe('the tables of what is written elsewhere and here', () => {
  for (const name of ['coming-from-fastapi', 'coming-from-nestjs']) {
    it(`${name}: all code on the right is in the example that is run`, () => {
      const rows = rowsOf(read(`docs/${name}.md`));
      const example = squeeze(read(`examples/guides/${name}.ts`));
      assert.ok(rows.length > 25, `${rows.length} rows`);
      const paths = ['/docs', '/openapi.json'];
      const missing = rows.flatMap(([, here]) =>
        codeOf(here).filter((code) => !paths.includes(code) && !has(example, code)),
      );
      assert.deepEqual(missing, []);
    });
  }

  it('tell code that is in an example from code that is not', () => {
    const example = squeeze("@Get('/:id', {\n  status: 204,\n})\nread(@Path('id', z.int()) id: number) {}");
    assert.ok(has(example, "@Get('/:id', { status: 204 })"));
    assert.ok(has(example, "@Get('/:id', { … })"));
    assert.ok(!has(example, "@Get('/:id', { status: 201 })"));
    assert.ok(!has(example, "@Path('id', z.string())"));
  });
});
