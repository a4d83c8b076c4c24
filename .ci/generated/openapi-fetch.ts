// Types by openapi-typescript, called by openapi-fetch.
import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { components, paths } from './types/test-fixtures-library.ts';

type Book = components['schemas']['Book'];

const [baseUrl = ''] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl });
const emma: Book = { id: 1, title: 'Emma', genre: 'novel', note: null, tags: ['loved'] };

const listed = await client.GET('/books', {
  params: { query: { genre: ['novel', 'poem'], ids: [1, 2] }, header: { 'x-shelf': 'first' } },
  headers: { Cookie: 'sort=title' },
});
assert.deepEqual(listed.data, [emma]);
assert.equal(listed.response.headers.get('X-Total'), '1');

const headers = { Authorization: 'Bearer reader' };
const poems = { title: 'Poems', genre: 'poem', note: null } as const;
const added = await client.POST('/books', { body: poems, headers });
assert.deepEqual(added.data, { id: 3, tags: [], ...poems });

const refused = await client.POST('/books', { body: poems });
assert.equal(refused.response.status, 401);
assert.equal(refused.error?.detail, 'Not authenticated');
const invalid = await client.POST('/books', { body: { ...poems, title: '' }, headers });
assert.equal(invalid.response.status, 422);
const missing = await client.GET('/books/{id}', { params: { path: { id: 9 } } });
assert.ok(missing.error !== undefined && 'missing' in missing.error);
assert.equal(missing.error.missing, 9);

const removed = await client.DELETE('/books/{id}', { params: { path: { id: 1 } } });
assert.deepEqual([removed.response.status, removed.error], [204, undefined]);

const summary = await client.GET('/books/summary', { parseAs: 'text' });
assert.equal(summary.data?.toUpperCase(), '2 BOOKS');
const rows = await client.GET('/books/export', { parseAs: 'text' });
const books = (rows.data ?? '')
  .trim()
  .split('\n')
  .map((line): Book => JSON.parse(line));
assert.deepEqual(books[0], emma);
const stream = await client.GET('/books/events', { parseAs: 'stream' });
let text = '';
for await (const chunk of stream.data?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
assert.match(text, /^event: lent\nid: 1\ndata: \{"type":"lent","book":1,"to":"Ada"\}\n\n/);

const cover = await client.GET('/books/{id}/cover', { params: { path: { id: 1 } }, parseAs: 'blob' });
assert.equal(cover.data?.size, 5);
const uploaded = await client.POST('/books/{id}/cover', {
  params: { path: { id: 1 } },
  body: { picture: new File(['png'], 'a.png', { type: 'image/png' }), caption: 'Cover', frame: { width: 2 } },
  bodySerializer: ({ picture, caption, frame }) => {
    const form = new FormData();
    form.append('picture', picture);
    form.append('caption', caption);
    form.append('frame', JSON.stringify(frame));
    return form;
  },
});
assert.deepEqual(uploaded.data, { name: 'a.png', size: 3, caption: 'Cover', frame: 2 });

const searched = await client.POST('/books/search', {
  body: { words: ['a', 'b'], limit: 1 },
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  bodySerializer: ({ words, limit }) =>
    new URLSearchParams([...words.map((word) => ['words', word]), ['limit', String(limit)]]),
});
assert.deepEqual(searched.data, ['a']);

console.log('passed: each kind of input and answer, by openapi-fetch');
