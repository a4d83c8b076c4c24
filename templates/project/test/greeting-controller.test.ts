import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertSecurityDocumented } from 'portico/testing';
import { app } from '../src/app.ts';

test('a name is greeted, in English unless another language is asked for', async () => {
  const english = await app.request('/greetings/Ada');
  assert.equal(english.status, 200);
  assert.deepEqual(await english.json(), { text: 'Hello, Ada!' });

  const french = await app.request('/greetings/Ada?language=fr');
  assert.deepEqual(await french.json(), { text: 'Bonjour, Ada!' });
});

test('a language that is not known is refused', async () => {
  const response = await app.request('/greetings/Ada?language=tlh');
  assert.equal(response.status, 422);
});

test('the document says what is protected', async () => {
  await assertSecurityDocumented(app);
});
