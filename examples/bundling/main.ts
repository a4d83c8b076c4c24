import { app } from './app.ts';

// A build must not lose guards, inputs or names in the document.
const anonymous = await app.request('/items/7');
const invalid = await app.request('/items/seven', { headers: { Authorization: 'Bearer ada' } });
const answer = await app.request('/items/7', { headers: { Authorization: 'Bearer ada' } });
const { operationId, security } = app.openapi().paths?.['/items/{id}']?.get ?? {};

console.log(anonymous.status, invalid.status, await answer.text(), operationId, JSON.stringify(security));
