import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertSecurityDocumented } from 'portico/testing';
import { app } from '../src/app.ts';

test('greets in English by default, and in other languages on request', async () => {
  const english = await app.request('/greetings/Ada');
  assert.equal(english.status, 200);
  assert.deepEqual(await english.json(), { text: 'Hello, Ada!' });

  const french = await app.request('/greetings/Ada?language=fr');
  assert.deepEqual(await french.json(), { text: 'Bonjour, Ada!' });
});

test('refuses an unknown language', async () => {
  const response = await app.request('/greetings/Ada?language=tlh');
  assert.equal(response.status, 422);
});

test('operations are protected as documented', async () => {
  await assertSecurityDocumented(app);
});
